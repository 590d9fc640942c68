import numpy as np
import pandas as pd
import pytest
import torch

from kdxf.data.prediction_files import read_prediction_file, read_predictions
from kdxf.errors import UserError
from kdxf.io.prediction_table import PredictionTable


def test_names_of_classes_stay_as_they_are(tmp_path):
    (tmp_path / "p.csv").write_text("image,pred_label,pred_class,score\n007,1,None,0.5\n")
    assert read_prediction_file(tmp_path / "p.csv").to_pylist() == [
        {"image": "007", "pred_label": 1, "pred_class": "None", "score": 0.5}
    ]
    table = pd.DataFrame({"image": ["a"], "pred_label": [2], "score": [0.5], "scores": [[0.25, 0.25, 0.5]]})
    table.to_parquet(tmp_path / "p.parquet", index=False)
    assert read_prediction_file(tmp_path / "p.parquet").to_pylist() == table.to_dict("records")


def test_what_is_no_table_of_predictions_is_said(tmp_path):
    path = tmp_path / "p.csv"
    with pytest.raises(UserError, match=r"p.csv: no such table of predictions; give a table that tools/test.py --out"):
        read_prediction_file(path)
    cases = {
        "": r"p.csv: not readable as CSV or Parquet \(No columns .+\); give a table",
        "image,pred_label,score\n": r"p.csv: has no rows; give a table",
        "image,label\na,1\n": r"p.csv: not a table of predictions, it lacks pred_label, score; give a table",
        "image,pred_label,score\na,0 1,0.5\n": r"p.csv: the column pred_label is not one class index per image; give",
    }
    for text, message in cases.items():
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            read_prediction_file(path)
    (tmp_path / "p.parquet").write_text("no Parquet")
    with pytest.raises(UserError, match=r"p.parquet: not readable as CSV or Parquet"):
        read_prediction_file(tmp_path / "p.parquet")


CLASSES = ["milk", "oat", "soy"]
IMAGES = pd.Series(["a/1.jpg", "a/2.jpg", "b/1.jpg"])


def write(path, rows, **changes):
    """Rows of (image, predicted class, its score); the rest of the score belongs to the class after it."""
    scores = np.zeros((len(rows), 3))
    for number, (_, code, score) in enumerate(rows):
        scores[number, code % 3], scores[number, (code + 1) % 3] = score, 1 - score
    columns = {
        "image": [image for image, _, _ in rows],
        "pred_label": [code for _, code, _ in rows],
        "pred_class": [CLASSES[code % 3] for _, code, _ in rows],
        "score": [score for _, _, score in rows],
        "scores": scores.tolist(),
    }
    table = pd.DataFrame({name: column for name, column in (columns | changes).items() if column is not None})
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path, index=False)
    return path


def test_folds_are_joined_in_the_order_of_the_list(tmp_path):
    first = write(tmp_path / "0.parquet", [("/data/img/b/1.jpg", 2, 0.5), ("/data/img/c/9.jpg", 0, 0.9)])
    second = write(tmp_path / "1.csv", [("../img/a/2.jpg", 1, 0.75)])
    found = read_predictions("text", [first, second], IMAGES, CLASSES)
    assert found.name == "text" and found.scores is None
    assert found.predicted.tolist() == [-1, 1, 2] and found.score.tolist() == [0, 0.75, 0.5]
    found = read_predictions("text", [first], IMAGES, CLASSES, all_scores=True)
    assert found.scores.tolist() == [[0, 0, 0], [0, 0, 0], [0.5, 0, 0.5]]


def test_as_many_folders_come_off_as_bring_most_images_into_the_list(tmp_path):
    """``1.jpg`` is in the list as well; the table has it as ``img/1.jpg``, and no other image may take its place."""
    images = pd.Series(["1.jpg", "a/1.jpg", "a/2.jpg"])
    table = write(tmp_path / "p.csv", [("img/a/1.jpg", 0, 0.9), ("img/a/2.jpg", 1, 0.8), ("img/1.jpg", 2, 0.7)])
    assert read_predictions("x", [table], images, CLASSES).predicted.tolist() == [2, 0, 1]


@pytest.mark.parametrize("name", ["007", "None"])
def test_a_class_may_have_an_odd_name(tmp_path, name):
    table = write(tmp_path / "p.csv", [("a/1.jpg", 0, 0.9)], pred_class=[name])
    assert read_predictions("x", [table], IMAGES, [name, "b", "c"]).predicted.tolist() == [0, -1, -1]


def test_an_image_that_the_list_repeats_has_one_prediction(tmp_path):
    table = write(tmp_path / "p.csv", [("a/1.jpg", 1, 0.9)])
    images = pd.Series(["a/1.jpg", "a/1.jpg"])
    assert read_predictions("x", [table], images, CLASSES).predicted.tolist() == [1, 1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_reads_what_a_test_run_writes(tmp_path, suffix):
    path = tmp_path / f"val{suffix}"
    table = PredictionTable(path)
    table.dataset_meta = {"classes": CLASSES}
    sample = {"img_path": "images/b/1.jpg", "gt_label": torch.tensor([0]), "pred_label": torch.tensor([1])}
    table.process(None, [{**sample, "pred_score": torch.tensor([0.25, 0.5, 0.25])}])
    table.compute_metrics(table.results)
    found = read_predictions("x", [path], IMAGES, CLASSES, all_scores=suffix == ".parquet")
    assert found.predicted.tolist() == [-1, -1, 1] and found.score.tolist() == [0, 0, 0.5]
    assert found.scores is None or found.scores[2].tolist() == [0.25, 0.5, 0.25]


ONE = [("a/1.jpg", 1, 0.9)]


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (ONE, {"scores": None}, r"has no column 'scores', which this rule needs; write it with --out NAME.parquet$"),
        (
            [("c/1.jpg", 1, 0.9)],
            {},
            r"predicts none of the images of the list \(first: c/1.jpg there, a/1.jpg in the l",
        ),
        (ONE * 2, {}, r"p.parquet: a/1.jpg is predicted twice; each image has one fold$"),
        (
            [("a/1.jpg", 3, 0.9)],
            {},
            r"predicts class 3, but there are 3 classes; give the classes.txt of the model with",
        ),
        (ONE, {"pred_class": ["soy"]}, r"class 1 is 'soy' there and 'oat' in classes.txt; give the classes.txt of the"),
        (ONE, {"scores": [[0.1, 0.9]]}, r"has 2 scores per image, but there are 3 classes; change --classes$"),
        (ONE, {"scores": [[0.1, 7.0, 0.0]]}, r"scores that are not between 0 and 1; the rule needs probabilities$"),
        (ONE, {"scores": [[0.1, float("nan"), 0.0]]}, r"scores that are not between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, rows, changes, message):
    table = write(tmp_path / "p.parquet", rows, **changes)
    with pytest.raises(UserError, match=message):
        read_predictions("x", [table], IMAGES, CLASSES, all_scores=True)


def test_an_image_in_two_tables_is_an_error(tmp_path):
    tables = [write(tmp_path / f"{fold}.csv", [("a/1.jpg", fold, 0.9)]) for fold in range(2)]
    with pytest.raises(UserError, match=r"1.csv: a/1.jpg is predicted twice; each image has one fold$"):
        read_predictions("x", tables, IMAGES, CLASSES)
