import numpy as np
import pandas as pd
import pytest
import torch

from kdxf.data.cleaning.tables import read_tables
from kdxf.errors import UserError
from kdxf.evaluation.prediction_table import PredictionTable
from kdxf.io.predictions import in_order

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


def classes_of(predictions):
    return dict(zip(predictions.images, predictions.best()[0].tolist(), strict=True))


def test_folds_are_joined(tmp_path):
    first = write(tmp_path / "0.parquet", [("/data/img/b/1.jpg", 2, 0.5), ("/data/img/c/9.jpg", 0, 0.9)])
    second = write(tmp_path / "1.csv", [("../img/a/2.jpg", 1, 0.75)])
    found = read_tables([first, second], IMAGES, CLASSES)
    assert found.images == ["b/1.jpg", "a/2.jpg"] and found.scores.shape == (2, 0)
    assert [values.tolist() for values in found.best()] == [[2, 1], [0.5, 0.75]]
    found = read_tables([first], IMAGES, CLASSES, all_scores=True)
    assert found.images == ["b/1.jpg"] and found.scores.tolist() == [[0.5, 0, 0.5]]


def test_as_many_folders_come_off_as_bring_most_images_into_the_list(tmp_path):
    """``1.jpg`` is in the list as well; the table has it as ``img/1.jpg``, and no other image may take its place."""
    images = pd.Series(["1.jpg", "a/1.jpg", "a/2.jpg"])
    table = write(tmp_path / "p.csv", [("img/a/1.jpg", 0, 0.9), ("img/a/2.jpg", 1, 0.8), ("img/1.jpg", 2, 0.7)])
    assert classes_of(read_tables([table], images, CLASSES)) == {"1.jpg": 2, "a/1.jpg": 0, "a/2.jpg": 1}


@pytest.mark.parametrize("name", ["007", "None"])
def test_a_class_may_have_an_odd_name(tmp_path, name):
    table = write(tmp_path / "p.csv", [("a/1.jpg", 0, 0.9)], pred_class=[name])
    assert classes_of(read_tables([table], IMAGES, [name, "b", "c"])) == {"a/1.jpg": 0}


def test_an_image_that_the_list_repeats_has_one_prediction(tmp_path):
    table = write(tmp_path / "p.csv", [("a/1.jpg", 1, 0.9)])
    images = pd.Series(["a/1.jpg", "a/1.jpg"])
    assert in_order(read_tables([table], images, CLASSES), images.tolist()).best()[0].tolist() == [1, 1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_reads_what_a_test_run_writes(tmp_path, suffix):
    path = tmp_path / f"val{suffix}"
    table = PredictionTable(path)
    table.dataset_meta = {"classes": CLASSES}
    sample = {"img_path": "images/b/1.jpg", "gt_label": torch.tensor([0]), "pred_label": torch.tensor([1])}
    table.process(None, [{**sample, "pred_score": torch.tensor([0.25, 0.5, 0.25])}])
    table.compute_metrics(table.results)
    found = read_tables([path], IMAGES, CLASSES, all_scores=suffix == ".parquet")
    assert classes_of(found) == {"b/1.jpg": 1} and found.best()[1].tolist() == [0.5]
    assert found.scores.tolist() == [[0.25, 0.5, 0.25] if suffix == ".parquet" else []]


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
        (ONE, {"scores": [[0.1, 0.9]]}, r"has rows of 2 scores, but there are 3 classes; change --classes$"),
        (ONE, {"scores": [[0.1, 7.0, 0.0]]}, r"scores that are not between 0 and 1; the rule needs probabilities$"),
        (ONE, {"scores": [[0.1, float("nan"), 0.0]]}, r"scores (that are not between 0 and 1|has a list with a gap)"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, rows, changes, message):
    table = write(tmp_path / "p.parquet", rows, **changes)
    with pytest.raises(UserError, match=message):
        read_tables([table], IMAGES, CLASSES, all_scores=True)


def test_an_image_in_two_tables_is_an_error(tmp_path):
    tables = [write(tmp_path / f"{fold}.csv", [("a/1.jpg", fold, 0.9)]) for fold in range(2)]
    with pytest.raises(UserError, match=r"1.csv: a/1.jpg is predicted twice; each image has one fold$"):
        read_tables(tables, IMAGES, CLASSES)
