"""Accuracy over labels per class, of tiny models on the features of a tiny frozen backbone."""

import math

import numpy as np
import pandas as pd
import pytest

import kdxf.analysis.label_curve as module
from kdxf.analysis.label_curve import LabelCurve, label_curve, verdicts
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations


def rows(method, top1):
    """Make a table of two seeds from {labels per class: (top-1 of seed 0, of seed 1)}."""
    return [
        {"method": method, "per class": count, "seed": seed, "images": 3 * count, "top-1": value}
        for count, values in top1.items()
        for seed, value in enumerate(values)
    ]


@pytest.fixture
def table():
    return pd.DataFrame(
        [
            *rows("prototypes", {1: (50, 54), 2: (60, 60), 4: (61, 63)}),
            *rows("logistic regression", {1: (40, 40), 2: (64, 66), 4: (70, 80)}),
            *rows("trained model", {1: (51, 55), 2: (62, 64), 4: (69, 71)}),
        ]
    )


def test_from_where_on_the_trained_model_is_ahead(table):
    assert verdicts(table) == [
        # Differences with 1 label: 1 and 1, without an error; with 2: 2 and 4, mean 3, deviations 1, sqrt(2 / 1) = 1.4,
        # so the standard error is 1.
        "The trained model is ahead of prototypes from 1 label per class on (1.0 ± 0.0 points there).",
        # Ahead with 1 label, but not with more; with 4 the differences are -1 and -9.
        "The trained model does not overtake logistic regression with up to 4 labels per class (-5.0 ± 5.7 points).",
    ]


def test_what_may_be_chance_is_not_ahead(table):
    table.loc[(table.method == "trained model") & (table["per class"] == 1), "top-1"] = [50, 60]  # 0 and 6: 3 ± 4.2
    expected = "The trained model is ahead of prototypes from 2 labels per class on (3.0 ± 1.4 points there)."
    assert verdicts(table)[0] == expected
    single = table[(table.seed == 0) & (table["per class"] == 1)]
    assert (
        verdicts(single)[0]
        == "The trained model does not overtake prototypes with up to 1 label per class (0.0 points)."
    )


def test_files(table, tmp_path):
    curve = LabelCurve(table, verdicts(table))
    curve.write(tmp_path)
    lines = (tmp_path / "curve.md").read_text().splitlines()
    assert lines[0] == "| labels per class | 1 | 2 | 4 |"
    assert lines[2] == f"| prototypes | 52.0 ± {math.sqrt(8):.1f} | 60.0 ± 0.0 | 62.0 ± 1.4 |"
    assert pd.read_csv(tmp_path / "curve.csv").equals(table)
    page = (tmp_path / "curve.html").read_text()
    assert "<svg" in page and "is ahead of prototypes from 1 label" in page and page.count("<polygon") == 3
    single = LabelCurve(table[table.seed == 0], [])
    assert "| 50.0 | 60.0 | 61.0 |" in single.markdown() and "nan" not in single.chart()


def test_measures(frozen_lab, tmp_path, monkeypatch, capsys):
    found = label_curve(frozen_lab.config, [2, 1, 2], [0], tmp_path, {"train_dataloader.batch_size": 4})
    assert found.table.groupby("method")["per class"].apply(list).to_dict() == {
        method: [1, 2] for method in ("prototypes", "logistic regression", "trained model")
    }
    assert found.table["images"].tolist() == [3, 3, 3, 6, 6, 6]
    assert found.table["top-1"].between(0, 100).all() and "1 per class, seed 0: prototypes " in capsys.readouterr().out
    # Trained on as many rows as the whole list has, 24, but on a single image of each class; nested in the larger draw.
    small, large = (read_annotations(tmp_path / f"{count}_0" / "train.csv") for count in (1, 2))
    assert len(small) == len(large) == 24 and small["image"].nunique() == 3
    assert set(small["image"]) < set(large["image"])
    monkeypatch.setattr("kdxf.analysis.compare_seeds.train", lambda *_, **__: pytest.fail("trained again"))
    again = label_curve(frozen_lab.config, [1, 2], [0], tmp_path, {"train_dataloader.batch_size": 4})
    assert again.table.equals(found.table)


def test_prototypes_and_names_are_the_nearest(monkeypatch):
    axes = np.eye(2, dtype=np.float32)
    train = module._Part(["a", "b"], np.array([0, 1]), ["", ""], axes, ["x", "y"])
    val = module._Part(["c", "d"], np.array([0, 1]), ["", ""], axes, ["x", "y"])
    found = module._without_training(train, val, np.arange(2), axes[::-1], takes_text=False)
    # The names say the opposite of the examples, so both together say nothing: the first class.
    assert found == {
        "prototypes": 100.0,
        "class names": 0.0,
        "names and prototypes": 50.0,
        "logistic regression": 100.0,
    }


def test_needs_stored_features(lab):
    with pytest.raises(UserError, match="loads no stored image features in validation; the methods are compared on"):
        label_curve(lab.image, [1], [0], lab.root)
