import numpy as np
import pytest
from mmengine.config import Config

from kdxf.errors import UserError
from kdxf.predictions import Predictions, write_predictions
from kdxf.recipes.kfold_metrics import scores_markdown
from kdxf.recipes.score import score

CFG = Config({"val_evaluator": [{"type": "Accuracy", "topk": (1,)}, {"type": "CalibrationError", "num_bins": 1}]})


def test_side_by_side(tmp_path):
    scores = np.array([[0.75, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.25]], np.float32)
    write_predictions(Predictions(list("abcd"), scores, ("x", "y"), np.array([0, 1, 0, 0])), tmp_path / "a.parquet")
    write_predictions(Predictions(list("abcd"), scores, ("x", "y"), np.array([0, 1, 1, 1])), tmp_path / "b.parquet")
    table = score(CFG, {"one": tmp_path / "a.parquet", "two": tmp_path / "b.parquet"})
    assert table["name"].tolist() == ["one", "two"] and table["images"].tolist() == [4, 4]
    assert table["accuracy/top1"].tolist() == [100, 50]
    assert table["calibration/ece"].tolist() == pytest.approx([25, 25])
    lines = scores_markdown(table).splitlines()
    assert lines[0].startswith("| name | images | accuracy/top1 |") and lines[3].startswith("| two | 4 | 50.00 |")


def test_without_labels(tmp_path):
    write_predictions(Predictions(["a"], np.ones((1, 2), np.float32) / 2, ("x", "y")), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"a.parquet: has no labels to score by; predict a labelled list"):
        score(CFG, {"a": tmp_path / "a.parquet"})
    scores = np.ones((2, 2), np.float32) / 2
    write_predictions(Predictions(["a", "b"], scores, ("x", "y"), np.array([1, -1])), tmp_path / "b.parquet")
    with pytest.raises(UserError, match="b.parquet: 1 of its 2 images have no label, such as b; predict a labelled"):
        score(CFG, {"b": tmp_path / "b.parquet"})
