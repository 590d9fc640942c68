import copy
import importlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from kdxf.apis.calibrate import calibrate
from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.drift.stored import read_fingerprint, write_fingerprint
from kdxf.io.predictions import read_predictions
from kdxf_runtime.drift.fingerprint import Fingerprint

module = importlib.import_module("kdxf.apis.test")  # the package has the function by that name


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


@pytest.fixture
def fingerprinted(tiny_trained, tmp_path):
    """The checkpoint, with the fingerprint of 40 pictures larger than any."""
    checkpoint = tmp_path / "model.pth"
    checkpoint.write_bytes(Path(tiny_trained.checkpoint).read_bytes())
    write_fingerprint(Fingerprint(40, {}, {"longer side in pixels": np.arange(2000.0, 2040)}), checkpoint)
    return checkpoint


@pytest.fixture
def many(cfg, tiny_images, tmp_path):
    """The config, testing on 36 copies of the validation images."""
    for number in range(3):
        for path in (tiny_images / "val").glob("*/*.png"):
            target = tmp_path / "many" / path.parent.name / f"{number} {path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    cfg.test_dataloader.dataset.update(data_root=str(tmp_path), data_prefix="many")
    return cfg


LARGE = "this data differs from that of the model's validation: longer side in pixels 16.0 instead of 2020; predictions"


def test_it_says_what_differs_after_the_scores(many, fingerprinted, tiny_trained):
    metrics = run_test(many, fingerprinted)
    assert metrics["accuracy/top1"] == tiny_trained.metrics["accuracy/top1"]
    (log,) = Path(many.work_dir).glob("*/*.log")
    lines = log.read_text().splitlines()
    (place,) = [number for number, line in enumerate(lines) if LARGE in line]
    assert "WARNING" in lines[place]
    assert place > max(number for number, line in enumerate(lines) if "accuracy/top1" in line)


@pytest.mark.parametrize("options", [{"without": "image"}, {"shuffle": "text"}, {"calibrated": False}])
def test_nothing_is_compared(many, fingerprinted, options, monkeypatch):
    monkeypatch.setattr(module, "remove_modality", lambda cfg, modality: None)  # the model has one
    monkeypatch.setattr(module, "shuffle_text", lambda cfg: None)
    run_test(many, fingerprinted, **options)
    (log,) = Path(many.work_dir).glob("*/*.log")
    assert "this data differs" not in log.read_text()


def test_the_images_that_it_was_calibrated_on_are_not_compared(many, fingerprinted, tmp_path):
    other = copy.deepcopy(many)
    other.val_dataloader = other.test_dataloader
    calibrate(other, fingerprinted)
    found = read_fingerprint(fingerprinted)
    assert found.images == 36
    write_fingerprint(replace(found, values={"longer side in pixels": np.arange(2000.0, 2040)}), fingerprinted)
    many.work_dir = str(tmp_path / "same")
    run_test(many, fingerprinted)
    (log,) = Path(many.work_dir).glob("*/*.log")
    assert "36 of 36 images were used to calibrate" in log.read_text()
    assert "this data differs" not in log.read_text()


def test_responses_by_path(many, fingerprinted, tmp_path):
    responses = {}
    run_test(many, fingerprinted, out=tmp_path / "p.parquet", responses=responses)
    table = pd.read_parquet(tmp_path / "p.parquet")
    assert sorted(responses) == sorted(str(tmp_path / "many" / image) for image in table.image)
    for image, scores in zip(table.image, table.scores, strict=True):
        response = responses[str(tmp_path / "many" / image)]
        np.testing.assert_allclose(response.scores, scores, atol=1e-6)
        assert response.features[""].shape == (64,)


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


def test_the_best_scores_alone(tiny_config, tiny_trained, tmp_path):
    cfg = load_config(tiny_config)
    with pytest.raises(
        UserError, match="--topk: says what a table of predictions has; name one with --out NAME.parquet"
    ):
        run_test(cfg, tiny_trained.checkpoint, topk=2)
    run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "all.parquet")
    run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "best.parquet", topk=2)
    every, best = read_predictions(tmp_path / "all.parquet"), read_predictions(tmp_path / "best.parquet", best=True)
    order = np.argsort(-every.scores, axis=1)[:, :2]
    assert best.top.tolist() == order.tolist() and best.images == every.images
    assert best.scores.tolist() == np.take_along_axis(every.scores, order, axis=1).tolist()
