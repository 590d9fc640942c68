"""All metrics in a run: from a config, as the criterion of the best checkpoint, and gathered from two processes."""

import os
import subprocess
import sys

import numpy as np
import pytest
from mmpretrain.evaluation import MultiLabelMetric, SingleLabelMetric
from sklearn.metrics import precision_recall_fscore_support

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.registry import METRICS

EVALUATOR = """
val_evaluator = test_evaluator = [
    dict(type="Accuracy", topk=(1,)),
    dict(type="GlobalAveragePrecision"),
    dict(type="MeanClassAccuracy"),
    dict(type="MeanAveragePrecision"),
    dict(type="MeanAveragePrecision", voc=True, prefix="voc"),
    dict(type="MeanROCAUC"),
    dict(type="CalibrationError"),
    dict(type="SingleLabelMetric"),
    dict(type="SingleLabelMetric", average="micro"),
]
"""


@pytest.fixture
def config(tiny_config):
    tiny_config.write_text(tiny_config.read_text() + EVALUATOR, encoding="utf-8")
    return tiny_config


@pytest.mark.parametrize(
    ("metric", "rule"),
    [
        ("average-precision/GAP", None),
        ("average-precision/mAP", None),
        ("per-class/mean_accuracy", None),
        ("roc-auc/mean", None),
        ("per-class/mean_error", "less"),
        ("calibration/ece", "less"),
        ("single-label/f1-score", "greater"),
    ],
)
def test_best_checkpoint_by_any_of_them(config, metric, rule):
    hook = {"save_best": metric} | ({"rule": rule} if rule else {})
    options = {f"default_hooks.checkpoint.{name}": value for name, value in hook.items()}
    result = train(load_config(config, {**options, "train_cfg.max_epochs": 1}))
    assert result.best_checkpoint.name == f"best_{metric.replace('/', '_')}_epoch_1.pth"


GATHER = """
import sys

import numpy as np
import torch
from torch import distributed

import kdxf.evaluation
from kdxf.cli.command import run
from kdxf.registry import METRICS


def main():
    data = np.load(sys.argv[1])
    scores, labels = torch.from_numpy(data["scores"]), torch.from_numpy(data["labels"])
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    rows = [rank, rank + 2, rank + 4, rank + 6, (rank + 8) % 9]  # what the sampler deals; the last one fills up
    with open(f"{sys.argv[1]}.{rank}", "w") as file:
        for name in sys.argv[2:]:
            metric = METRICS.build({"type": name})
            metric.process(None, [{"pred_score": scores[row], "gt_label": labels[row : row + 1]} for row in rows])
            print(*(f"{key}={value:.6f}" for key, value in metric.evaluate(9).items()), file=file)


run(main)
"""


@pytest.mark.slow
def test_two_processes_give_what_one_gives(score, single_label, tmp_path):
    scores, labels = single_label[0][:9].astype(np.float32), single_label[1][:9]
    np.savez(tmp_path / "data.npz", scores=scores, labels=labels)
    (tmp_path / "gather.py").write_text(GATHER)
    names = ["GlobalAveragePrecision", "MeanClassAccuracy", "MeanAveragePrecision", "MeanROCAUC", "CalibrationError"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [*launcher, "gather.py", "data.npz", *names]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = ""
    for name in names:
        result = score(METRICS.build({"type": name}), scores, labels)
        expected += " ".join(f"{key}={value:.6f}" for key, value in result.items()) + "\n"
    assert (tmp_path / "data.npz.0").read_text() == (tmp_path / "data.npz.1").read_text() == expected


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_mmpretrain_has_precision_recall_and_f1(score, single_label, multi_label, average):
    end = "" if average == "macro" else "_micro"
    scores, labels = single_label[0] + 1e-4 * np.arange(6), single_label[1]  # no two best classes
    expected = precision_recall_fscore_support(
        labels, scores.argmax(1), labels=range(6), average=average, zero_division=0
    )
    found = score(SingleLabelMetric(average=average), scores, labels)
    for name, value in zip(("precision", "recall", "f1-score"), expected[:3], strict=True):
        assert found[f"single-label/{name}{end}"] == pytest.approx(100 * value, abs=1e-3)

    scores, labels = multi_label
    truth = np.stack([np.isin(range(6), classes) for classes in labels])
    predicted = scores.astype(np.float32) >= 0.55
    expected = precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
    found = score(MultiLabelMetric(thr=0.55, average=average), scores, labels)
    for name, value in zip(("precision", "recall", "f1-score"), expected[:3], strict=True):
        assert found[f"multi-label/{name}_thr-0.55{end}"] == pytest.approx(100 * value, abs=1e-3)
