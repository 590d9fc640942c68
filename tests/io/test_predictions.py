import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.io.predictions import (
    MANY_CLASSES,
    Predictions,
    check_alike,
    check_each_once,
    concatenate,
    in_order,
    label_array,
    margins,
    multi_hot,
    read_predictions,
    read_source,
    write_predictions,
)
from kdxf.io.provenance import Provenance

SINGLE = Predictions(
    images=["a, 1.jpg", "b/奶.png", "c.jpg"],
    scores=np.array([[0.75, 0.25], [0.125, 0.875], [0.5, 0.5]], np.float32),
    classes=("奶粉", "x"),
    labels=np.array([1, 0, -1]),
    seen=np.array([True, False, False]),
    errors={1: "empty file"},
    fold=np.array([1, -1, 0], np.int16),
    source=Provenance(config="moe.py", checkpoint_digest="ab"),
)
SEVERAL = Predictions(
    images=["a", "b"],
    scores=np.array([[0.75, 0.625], [0.25, 0.125]], np.float32),
    classes=("x", "y"),
    labels=np.array([[True, True], [False, False]]),
    predicted=np.array([[True, True], [False, False]]),
)


def same(one, other):
    for name in ("scores", "labels", "predicted", "seen", "fold"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.images, one.classes, one.errors, one.source) == (
        other.images,
        other.classes,
        other.errors,
        other.source,
    )


@pytest.mark.parametrize("predictions", [SINGLE, SEVERAL])
def test_read_what_was_written(tmp_path, predictions):
    path = tmp_path / "new" / "p.parquet"
    write_predictions(predictions, path)
    found = read_predictions(path)
    same(found, predictions)
    assert found.multi_label == (predictions is SEVERAL) and len(found) == len(predictions.images)
    assert [item.name for item in path.parent.iterdir()] == ["p.parquet"]


def test_pandas_reads_the_file(tmp_path):
    write_predictions(SINGLE, tmp_path / "p.parquet")
    frame = pd.read_parquet(tmp_path / "p.parquet")
    assert frame.pred_label.tolist() == [0, 1, 0] and frame.pred_class.tolist() == ["奶粉", "x", "奶粉"]
    assert frame.score.tolist() == [0.75, 0.875, 0.5] and frame.label.isna().tolist() == [False, False, True]
    assert frame.scores[1].tolist() == [0.125, 0.875] and frame.error[1] == "empty file"
    assert frame.fold.isna().tolist() == [False, True, False] and frame.fold[[0, 2]].tolist() == [1, 0]
    write_predictions(SEVERAL, tmp_path / "p.parquet")
    frame = pd.read_parquet(tmp_path / "p.parquet")
    assert [list(row) for row in frame.pred_label] == [[0, 1], []] and frame.pred_class.tolist() == ["x|y", ""]
    assert "fold" not in frame


def test_the_type_of_the_fold(tmp_path):
    write_predictions(SINGLE, tmp_path / "p.parquet")
    assert pq.read_schema(tmp_path / "p.parquet").field("fold").type == pa.int16()
    assert read_predictions(tmp_path / "p.parquet").fold.dtype == np.int16


def test_many_classes_take_half_the_space(tmp_path):
    scores = np.full((2, MANY_CLASSES), 1 / MANY_CLASSES, np.float32)
    write_predictions(Predictions(["a", "b"], scores, tuple(map(str, range(MANY_CLASSES)))), tmp_path / "p.parquet")
    assert pq.read_schema(tmp_path / "p.parquet").field("scores").type.value_type == pa.float16()
    found = read_predictions(tmp_path / "p.parquet")
    assert found.scores.dtype == np.float32 and found.labels is None and found.seen is None
    np.testing.assert_allclose(found.scores, scores, rtol=1e-3)


def test_names_that_are_not_utf8(tmp_path):
    name = os.fsdecode(b"\xb9\xe3")
    scores, source = np.array([[0.25, 0.75]], np.float32), Provenance(checkpoint=name)
    found = Predictions([f"{name}.jpg"], scores, ("图", name), errors={0: f"no {name}"}, source=source)
    write_predictions(found, tmp_path / "p.parquet")
    frame = pd.read_parquet(tmp_path / "p.parquet")
    text = "\\udcb9\\udce3"
    assert frame[["image", "pred_class", "error"]].values.tolist() == [[f"{text}.jpg", text, f"no {text}"]]
    again = read_predictions(tmp_path / "p.parquet")
    check_each_once([name, f"{name}.jpg"], "p")
    assert again.images == [f"{text}.jpg"] and again.classes == ("图", name) and again.source == source


def test_no_such_file(tmp_path):
    with pytest.raises(UserError, match=r"p.parquet: no such file of predictions; give a file that tools/test.py"):
        read_predictions(tmp_path / "p.parquet")


def test_other_files(tmp_path):
    path = tmp_path / "p.parquet"
    path.write_text("image,label\n")
    with pytest.raises(UserError, match=r"p.parquet: not readable as Parquet \(.*\); give a file that"):
        read_predictions(path)
    pd.DataFrame({"image": ["a"], "scores": [[1.0]]}).to_parquet(path)
    with pytest.raises(UserError, match=r"p.parquet: not a file of predictions with the scores of all classes; give"):
        read_predictions(path)


def test_an_image_twice(tmp_path):
    write_predictions(Predictions(["a", "b", "b"], np.ones((3, 1), np.float32), ("x",)), tmp_path / "p.parquet")
    with pytest.raises(UserError, match=r"p.parquet: b stands there twice; each image has one prediction, so remove"):
        read_predictions(tmp_path / "p.parquet")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("type_", [np.float32, np.float16])
def test_scores_that_are_not_finite(tmp_path, monkeypatch, wrong, type_):
    monkeypatch.setattr("kdxf.io.predictions._CHECKED", 4)  # two images at a time
    path, width = tmp_path / "p.parquet", 2 if type_ == np.float32 else MANY_CLASSES
    images, classes = [f"{index}.jpg" for index in range(5)], tuple(map(str, range(width)))
    good = Predictions(images, np.ones((5, width), np.float32), classes, errors={2: "empty file"})
    write_predictions(good, path)
    scores = np.ones((5, width), type_)
    scores[3, 1] = scores[4, 0] = wrong
    message = r"p.parquet: the scores of 3.jpg are NaN or infinite, as of a model whose training diverged or whose half"
    with pytest.raises(UserError, match=message):
        write_predictions(replace(good, scores=scores), path)
    assert read_predictions(path).errors == {2: "empty file"}
    table = pq.read_table(path)
    column = pa.FixedSizeListArray.from_arrays(pa.array(scores.reshape(-1)), width)
    pq.write_table(table.set_column(table.column_names.index("scores"), "scores", column), path)
    with pytest.raises(UserError, match=message):
        read_predictions(path)


def predictions(images=("a", "b"), classes=("x", "y"), several=False):
    shape = (len(images), len(classes))
    return Predictions(
        list(images), np.ones(shape, np.float32), tuple(classes), predicted=np.ones(shape, bool) if several else None
    )


def test_alike():
    check_alike([("one", predictions()), ("two", predictions(("b", "a")))])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (predictions(classes=("x", "z")), "two and one have different classes: class 1 is 'z' in the one and 'y' in"),
        (predictions(classes=("x",)), "two and one have different classes: 1 and 2 of them"),
        (predictions(several=True), "two predicts several labels per image, one one label per image; give files of"),
        (predictions(("a",)), "two lacks 1 images that the other of two and one has, such as b; predict the same list"),
        (predictions(("a", "b", "d", "c")), "one lacks 2 images that the other of two and one has, such as c; predict"),
    ],
)
def test_not_alike(other, message):
    with pytest.raises(UserError, match=message):
        check_alike([("one", predictions()), ("two", other)])


def test_another_order():
    found = in_order(SINGLE, ["c.jpg", "b/奶.png"])
    assert found.images == ["c.jpg", "b/奶.png"] and found.labels.tolist() == [-1, 0]
    assert found.scores.tolist() == [[0.5, 0.5], [0.125, 0.875]] and found.errors == {1: "empty file"}
    assert found.seen.tolist() == [False, False] and found.predicted is None
    assert found.fold.tolist() == [0, -1]
    assert in_order(SINGLE, ["b/奶.png", "c.jpg", "a, 1.jpg"]).errors == {0: "empty file"}
    assert in_order(SINGLE, ["c.jpg"]).errors == {}
    assert in_order(SEVERAL, ["b"]).fold is None
    with pytest.raises(UserError, match="1 images have no prediction, such as d"):
        in_order(SINGLE, ["c.jpg", "d"])


def test_source_alone(tmp_path):
    write_predictions(SINGLE, tmp_path / "p.parquet")
    assert read_source(tmp_path / "p.parquet") == SINGLE.source
    with pytest.raises(UserError, match=r"q.parquet: no such file of predictions; give a file that tools/test.py"):
        read_source(tmp_path / "q.parquet")


def test_multi_hot():
    expected = [[False, True, True], [False, False, False], [False, False, False]]
    assert multi_hot(([2, 1], [], None), 3).tolist() == expected


def test_label_array():
    assert label_array([[2], None, [0]], 3).tolist() == [2, -1, 0]
    assert label_array([[2], None, [0]], 3).dtype == np.int64
    assert label_array([[1], None, [], [0, 1]], 2, multi_label=True).tolist() == [
        [False, True],
        [False, False],
        [False, False],
        [True, True],
    ]
    assert label_array([None, None], 3) is label_array([None], 3, multi_label=True) is None


def test_tables_of_the_best_class(tmp_path):
    """An image and a class may be called like a number or like nothing; other tools note no classes."""
    (tmp_path / "p.csv").write_text("image,pred_label,pred_class,score\n007,1,None,0.5\n")
    for classes in (None, ("x", "None")):
        found = read_predictions(tmp_path / "p.csv", classes=classes, scores=False)
        assert found.images == ["007"] and found.classes == (classes or ()) and found.scores.shape == (1, 0)
        assert [values.tolist() for values in found.best()] == [[1], [0.5]]
    table = pd.DataFrame({"image": ["a"], "pred_label": [2], "score": [0.5], "scores": [[0.25, 0.25, 0.5]]})
    table.to_parquet(tmp_path / "p.parquet", index=False)
    found = read_predictions(tmp_path / "p.parquet", classes=("x", "y", "z"))
    assert found.images == ["a"] and found.scores.tolist() == [[0.25, 0.25, 0.5]] and found.best()[0].tolist() == [2]
    assert read_predictions(tmp_path / "p.parquet", scores=False).best()[1].tolist() == [0.5]


def test_the_best_class(tmp_path):
    assert [values.tolist() for values in SINGLE.best()] == [[0, 1, 0], [0.75, 0.875, 0.5]]
    assert [len(values) for values in SINGLE.take(np.empty(0, np.int64)).best()] == [0, 0]


def test_what_is_no_table_of_predictions_is_said(tmp_path):
    path = tmp_path / "p.csv"
    with pytest.raises(UserError, match=r"p.csv: no such file of predictions; give a table that tools/test.py --out"):
        read_predictions(path, scores=False)
    cases = {
        "": r"p.csv: not a CSV with a header: No columns",
        "image,pred_label,score\n": r"p.csv: has no rows; give a table",
        "image,label\na,1\n": r"p.csv: not a file of predictions, it lacks pred_label, score; give a table",
        "image,pred_label,score\na,0 1,0.5\n": r"p.csv: the column pred_label is not one class index per image, but",
    }
    for text, message in cases.items():
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            read_predictions(path, scores=False)
    (tmp_path / "p.parquet").write_text("no Parquet")
    with pytest.raises(UserError, match=r"p.parquet: not readable as Parquet \(.*\); give a table"):
        read_predictions(tmp_path / "p.parquet", scores=False)


def test_concatenate():
    parts = [SINGLE, replace(SINGLE, images=["d", "e", "f"], seen=None)]
    found = concatenate(parts)
    assert found.images == [*SINGLE.images, "d", "e", "f"] and found.classes == SINGLE.classes
    assert found.scores.tolist() == 2 * SINGLE.scores.tolist() and found.labels.tolist() == [1, 0, -1, 1, 0, -1]
    assert found.errors == {1: "empty file", 4: "empty file"} and found.seen is None and found.predicted is None
    assert found.fold.tolist() == [1, -1, 0, 1, -1, 0] and found.source == Provenance()


def test_labels_of_unsigned_numbers(tmp_path):
    """As another program may write them; the second is not known."""
    write_predictions(
        Predictions(["a", "b"], np.eye(2, dtype=np.float32), ("x", "y"), np.array([1, -1])), tmp_path / "p.parquet"
    )
    table = pq.read_table(tmp_path / "p.parquet")
    place = table.column_names.index("label")
    pq.write_table(table.set_column(place, "label", table["label"].cast("uint64")), tmp_path / "u.parquet")
    assert read_predictions(tmp_path / "u.parquet").labels.tolist() == [1, -1]


def test_margins():
    scores = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    assert margins(scores).tolist() == pytest.approx([0.2, 1.0])
    assert margins(np.ones((2, 1))).tolist() == [1.0, 1.0]


BEST = Predictions(
    ["a.jpg", "b.jpg"],
    np.array([[0.5, 0.25], [0.75, 0.125]], np.float32),
    ("u", "v", "w", "x"),
    labels=np.array([3, 0]),
    top=np.array([[3, 1], [2, 0]], np.int32),
)


def test_only_the_best_scores(tmp_path):
    path = tmp_path / "best.parquet"
    write_predictions(BEST, path)
    found = read_predictions(path, best=True)
    assert found.top.tolist() == [[3, 1], [2, 0]] and found.scores.tolist() == BEST.scores.tolist()
    assert [values.tolist() for values in found.best()] == [[3, 2], [0.5, 0.75]]
    turned = found.take(np.array([1]))
    assert turned.top.tolist() == [[2, 0]] and turned.best()[0].tolist() == [2]
    assert read_predictions(path, scores=False).best()[0].tolist() == [3, 2]
    assert pq.read_table(path)["pred_class"].to_pylist() == ["x", "w"]
    assert read_source(path) == BEST.source
    message = (
        r"best.parquet: holds only the best scores of each image, and this needs those of all 4 classes; write it "
        r"again without --topk"
    )
    with pytest.raises(UserError, match=message):
        read_predictions(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top": [[3, 1], [4, 0]]}, "the column top_classes has an index that is no class, of 4"),
        ({"top": [[3, 1], [-1, 0]]}, "the column top_classes has an index that is no class, of 4"),
        ({"top": [[3, 3], [2, 0]]}, "the best classes of an image are not in falling order, each once"),
        ({"scores": [[0.25, 0.5], [0.5, 0.25]]}, "the best classes of an image are not in falling order, each once"),
        ({"scores": [[0.5], [0.5]]}, "has rows of 1 scores, but there are 2 classes"),
        ({"top": [[3, 1, 0, 2, 2]] * 2, "scores": [[0.5] * 5] * 2}, "has 5 classes of each image, but there are 4"),
    ],
)
def test_wrong_best_scores(tmp_path, change, message):
    arrays = {"top": np.int32, "scores": np.float32}
    wrong = replace(BEST, **{name: np.array(values, arrays[name]) for name, values in change.items()})
    wrong = replace(wrong, best_class=np.array([0, 0]), best_score=np.zeros(2, np.float32))
    write_predictions(wrong, tmp_path / "best.parquet")
    with pytest.raises(UserError, match=message):
        read_predictions(tmp_path / "best.parquet", best=True)
