import json
import os
from pathlib import Path

import pandas as pd
import pytest
import torch

from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError


class RunsCode:
    """Its pickle makes a file when it is read."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.fixture
def cfg(tiny_config):
    return load_config(tiny_config)


def test_table_and_scores(cfg, tiny_trained, tiny_images, tmp_path):
    out = tmp_path / "new" / "predictions.csv"
    metrics = run_test(cfg, tiny_trained.checkpoint, out=out)
    assert metrics["accuracy/top1"] == tiny_trained.metrics["accuracy/top1"]
    assert json.loads((tmp_path / "new" / "predictions.metrics.json").read_text()) == metrics

    table = pd.read_csv(out)
    root = tiny_images / "val"
    assert sorted(table.image) == sorted(str(path.relative_to(root)) for path in root.glob("*/*.png"))
    assert 100 * (table.label == table.pred_label).mean() == pytest.approx(metrics["accuracy/top1"])
    assert set(table.pred_class) <= {"blue", "green 绿", "red"} and table.score.between(0, 1).all()
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    assert "ms per image" in log.read_text() and "peak memory" in log.read_text()


def test_bfloat16(cfg, tiny_trained, tmp_path):
    scores = []
    for amp in (False, True):
        run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.parquet", amp=amp)
        scores.append(torch.tensor([list(scores) for scores in pd.read_parquet(tmp_path / "p.parquet").scores]))
    assert not torch.equal(*scores)  # the eight bits show
    assert torch.allclose(*scores, atol=0.05)


def test_views_are_averaged(cfg, tiny_trained, tmp_path):
    plain, flip = [{"type": "RandomFlip", "prob": 0.0}], [{"type": "RandomFlip", "prob": 1.0}]
    load, pack = cfg.pipeline
    cfg.tta_model = {"type": "AverageClsScoreTTA"}

    def scores(tta, *pipeline):
        cfg.tta_pipeline = cfg.test_dataloader.dataset.pipeline = [load, *pipeline]
        run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.parquet", tta=tta)
        return torch.tensor([list(scores) for scores in pd.read_parquet(tmp_path / "p.parquet").scores])

    both = scores(True, {"type": "TestTimeAug", "transforms": [plain + flip, [pack]]})
    assert torch.allclose(both, (scores(False, *plain, pack) + scores(False, *flip, pack)) / 2, atol=1e-6)


def test_drawings(cfg, tiny_trained, tmp_path):
    run_test(cfg, tiny_trained.checkpoint, show_dir=tmp_path / "show", show_interval=4)
    names = sorted(path.name for path in (tmp_path / "show").iterdir())
    assert names == [f"{first:06d}_0_0.jpg" for first in (0, 4, 8)]  # the first of each class, all called 0.png


def test_scores_that_are_lists(cfg, tiny_trained, tmp_path):
    cfg.test_evaluator = {"type": "SingleLabelMetric", "average": None, "items": ("recall",)}
    metrics = run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.csv")
    (recalls,) = metrics.values()
    assert len(recalls) == 3
    assert json.loads((tmp_path / "p.metrics.json").read_text()) == metrics


def test_checkpoint_that_runs_code_is_refused(cfg, tmp_path):
    marker, evil = tmp_path / "ran", tmp_path / "evil.pth"
    torch.save({"meta": {}, "state_dict": {"weight": RunsCode(marker)}}, evil)
    with pytest.raises(UserError, match=r"evil.pth is refused: its pickle wants \w+.system.*--trust-checkpoint"):
        run_test(cfg, evil)
    assert not marker.exists()


def test_an_image_twice_is_found_before_the_test(cfg, tiny_trained, tmp_path, monkeypatch):
    (tmp_path / "list.txt").write_text("blue/0.png 0\nred/0.png 2\nblue/0.png 0\n")
    cfg.test_dataloader.dataset.ann_file = str(tmp_path / "list.txt")
    run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.csv")
    assert len(pd.read_csv(tmp_path / "p.csv")) == 3
    monkeypatch.setattr("mmengine.runner.Runner.test", None)
    with pytest.raises(UserError, match=r"list.txt: blue/0.png stands there twice; each image has one prediction, so"):
        run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"out": "p.pkl"}, "--out p.pkl: the name must end with .csv or .parquet"),
        ({}, {"tta": True}, "--tta needs tta_model in the config"),
        ({"tta_model": {}}, {"tta": True}, "--tta needs tta_pipeline in the config"),
        ({"test_dataloader": None}, {}, "has no test set: it needs test_dataloader, test_cfg and test_evaluator"),
        ({"default_hooks": {}}, {"show_dir": "d"}, "--show-dir needs default_hooks.visualization = "),
    ],
)
def test_what_is_missing(cfg, tmp_path, change, arguments, message):
    for name, value in change.items():
        cfg[name] = value
    with pytest.raises(UserError, match=message):
        run_test(cfg, tmp_path / "none.pth", **arguments)
