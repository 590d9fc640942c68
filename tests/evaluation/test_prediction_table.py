import os

import numpy as np
import pytest
import torch

from kdxf.errors import UserError
from kdxf.evaluation.prediction_table import PredictionTable, check_name
from kdxf.io.predictions import read_predictions
from kdxf.io.provenance import Provenance

SAMPLES = [
    {
        "img_path": "a, b/奶.jpg",
        "gt_label": torch.tensor([1]),
        "pred_label": torch.tensor([0]),
        "pred_score": torch.tensor([0.75, 0.25]),
        "error": None,
    },
    {
        "img_path": "c.jpg",
        "pred_label": torch.tensor([0, 1]),  # a model that gives several labels; no truth
        "pred_score": torch.tensor([0.5, 0.875]),
        "error": "empty file",
    },
]


def table(path, classes=("奶粉", "b")):
    writer = PredictionTable(path)
    writer.dataset_meta = {"classes": classes} if classes else {}
    writer.process(None, SAMPLES[:1])
    writer.process(None, SAMPLES[1:])
    assert writer.evaluate(2) == {}
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_csv(tmp_path):
    path = tmp_path / "new" / "p.csv"
    table(path)
    assert path.read_text(encoding="utf-8").splitlines() == [
        "image,label,pred_label,pred_class,score,error",
        '"a, b/奶.jpg",1,0,奶粉,0.75,',
        "c.jpg,,0|1,奶粉|b,0.875,empty file",
    ]


def test_parquet_has_all_scores(tmp_path):
    path = tmp_path / "new" / "p.parquet"
    table(path)
    found = read_predictions(path)
    assert found.images == ["a, b/奶.jpg", "c.jpg"] and found.classes == ("奶粉", "b")
    assert found.scores.tolist() == [[0.75, 0.25], [0.5, 0.875]] and found.errors == {1: "empty file"}
    assert found.multi_label and found.labels.tolist() == [[False, True], [False, False]]
    assert found.predicted.tolist() == [[True, False], [True, True]]


def test_parquet_of_one_label_per_image(tmp_path):
    one = {"pred_label": torch.tensor([1]), "pred_score": torch.tensor([0.25, 0.75], dtype=torch.bfloat16)}
    writer = PredictionTable(
        tmp_path / "p.parquet",
        "data/img/",
        lambda paths: np.array([p.endswith("b.jpg") for p in paths]),
        lambda: Provenance(tta=True),
    )
    writer.process(None, [{"img_path": "data/img/a.jpg", "gt_label": torch.tensor([0]), **one}])
    writer.process(None, [{"img_path": "data/img/b.jpg", **one}])
    writer.evaluate(2)
    found = read_predictions(tmp_path / "p.parquet")
    assert found.images == ["a.jpg", "b.jpg"] and found.labels.tolist() == [0, -1] and not found.multi_label
    assert found.classes == ("0", "1") and found.seen.tolist() == [False, True] and found.source == Provenance(tta=True)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_no_label_at_all(tmp_path, suffix):
    path = tmp_path / f"p{suffix}"
    writer = PredictionTable(path)
    writer.dataset_meta = {"classes": ("a", "b")}
    none, one = torch.tensor([], dtype=torch.int64), torch.tensor([1])
    score = torch.tensor([0.25, 0.5])
    truths, predictions = [none, one, one], [one, none, one]
    for i, (truth, predicted) in enumerate(zip(truths, predictions, strict=True)):
        sample = {"img_path": f"{i}.jpg", "gt_label": truth, "pred_label": predicted, "pred_score": score}
        writer.process(None, [sample])
    writer.evaluate(3)
    if suffix == ".csv":
        assert path.read_text().splitlines()[1:] == ["0.jpg,,1,b,0.5,", "1.jpg,1,,,0.5,", "2.jpg,1,1,b,0.5,"]
    else:
        found = read_predictions(path)
        assert found.labels.tolist() == [[False, False], [False, True], [False, True]]
        assert found.predicted.tolist() == [[False, True], [False, False], [False, True]]


def test_a_multi_label_list_stays_one_where_every_image_has_one_label(tmp_path):
    writer = PredictionTable(tmp_path / "p.parquet")
    writer.dataset_meta = {"classes": ("a", "b"), "multi_label": True}
    one = torch.tensor([1])
    score = torch.tensor([0.25, 0.5])
    writer.process(None, [{"img_path": "a.jpg", "gt_label": one, "pred_label": one, "pred_score": score}])
    writer.evaluate(1)
    assert read_predictions(tmp_path / "p.parquet").multi_label


def test_names_that_are_not_utf8(tmp_path):
    writer = PredictionTable(tmp_path / "p.csv")
    one = {"pred_label": torch.tensor([0]), "pred_score": torch.tensor([1.0])}
    writer.process(None, [{"img_path": os.fsdecode(b"\xb9.jpg"), **one}])
    writer.evaluate(1)
    assert (tmp_path / "p.csv").read_text().splitlines()[1:] == ["\\udcb9.jpg,,0,,1.0,"]


def test_scores_that_are_nan_are_empty(tmp_path):
    writer = PredictionTable(tmp_path / "p.csv")
    one = {"pred_label": torch.tensor([0]), "pred_score": torch.tensor([float("nan"), 1.0])}
    writer.process(None, [{"img_path": "a.jpg", **one}])
    writer.evaluate(1)
    assert (tmp_path / "p.csv").read_text().splitlines()[1:] == ["a.jpg,,0,,,"]


def test_other_endings():
    with pytest.raises(UserError, match=r"--out p.pkl: the name must end with .csv or .parquet"):
        check_name("p.pkl")


def test_labels_are_whole_numbers(tmp_path):
    """Also where some images have none."""
    writer = PredictionTable(tmp_path / "p.csv")
    one = {"pred_label": torch.tensor([2]), "pred_score": torch.tensor([1.0])}
    writer.process(None, [{"img_path": "a.jpg", "gt_label": torch.tensor([1]), **one}, {"img_path": "b.jpg", **one}])
    writer.evaluate(2)
    assert (tmp_path / "p.csv").read_text().splitlines()[1:] == ["a.jpg,1,2,,1.0,", "b.jpg,,2,,1.0,"]


def test_a_table_for_excel_is_read_alike(tmp_path):
    for excel in (False, True):
        writer = PredictionTable(tmp_path / f"{excel}.csv", excel=excel)
        writer.dataset_meta = {"classes": ("=奶粉", "b")}
        one = {"pred_label": torch.tensor([0]), "pred_score": torch.tensor([0.75, 0.25])}
        writer.process(None, [{"img_path": "-1.jpg", **one}])
        writer.evaluate(1)
    assert (tmp_path / "True.csv").read_bytes().decode().splitlines()[1] == "'-1.jpg,,0,'=奶粉,0.75,"
    for excel in (False, True):
        found = read_predictions(tmp_path / f"{excel}.csv", classes=("=奶粉", "b"), scores=False)
        assert found.images == ["-1.jpg"] and found.best()[0].tolist() == [0]


def test_only_the_best_scores(tmp_path):
    table = PredictionTable(tmp_path / "t.parquet", topk=2)
    scores = [[0.125, 0.5, 0.375], [0.25, 0.25, 0.5]]
    samples = [
        {"img_path": f"{i}.jpg", "pred_label": torch.tensor([int(np.argmax(row))]), "pred_score": torch.tensor(row)}
        for i, row in enumerate(scores)
    ]
    table.process(None, samples)
    table.evaluate(2)
    found = read_predictions(tmp_path / "t.parquet", best=True)
    assert found.top.tolist() == [[1, 2], [2, 0]] and found.scores.tolist() == [[0.5, 0.375], [0.5, 0.25]]
    assert found.classes == ("0", "1", "2")


@pytest.mark.parametrize(("name", "topk"), [("t.csv", 3), ("t.parquet", 0)])
def test_names_and_numbers_that_do_not_fit(name, topk):
    with pytest.raises(UserError, match=f"--topk {topk}: give at least 1, and a file whose name ends with .parquet"):
        check_name(name, topk)
