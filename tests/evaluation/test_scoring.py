from dataclasses import replace

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError
from kdxf.evaluation.scoring import evaluate, fold_table, markdown
from kdxf.io.predictions import Predictions, read_predictions
from kdxf.registry import METRICS

SCORES = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.4, 0.35, 0.25], [0.1, 0.2, 0.7]], np.float32)
IMAGES = ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


def config(*metrics):
    return Config({"val_evaluator": list(metrics)})


def test_the_evaluators_of_a_config():
    found = Predictions(IMAGES, SCORES, ("a", "b", "c"), labels=np.array([0, 1, 1, 2]))
    metrics = {"type": "Accuracy", "topk": (1, 2)}, {"type": "SingleLabelMetric", "average": None, "items": ("recall",)}
    scores = evaluate(config(*metrics, {"type": "MeanClassAccuracy"}), found)
    # Three of four at once, all within two; class b has one of its two. Lists of scores are no numbers.
    assert scores["accuracy/top1"] == pytest.approx(75) and scores["accuracy/top2"] == pytest.approx(100)
    assert sum(scores[name] for name in scores if name.endswith("mean_accuracy")) == pytest.approx(100 * 2.5 / 3)
    assert not any("recall" in name for name in scores)


def test_several_labels():
    truth = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]], bool)
    found = Predictions(IMAGES, SCORES, ("a", "b", "c"), labels=truth, predicted=SCORES >= 0.5)
    scores = evaluate(config({"type": "MultiLabelMetric", "thr": 0.5}), found)
    # Given: a, b, none, c, all of them right; class b has one of its two.
    assert scores["multi-label/precision"] == pytest.approx(100)
    assert scores["multi-label/recall"] == pytest.approx(100 * 2.5 / 3)


def test_labels_are_needed():
    found = Predictions(IMAGES, SCORES, ("a", "b", "c"), labels=np.array([0, 1, -1, 2]))
    with pytest.raises(
        UserError, match="^MeanClassAccuracy: image 2.jpg has no label; score a list that has the column"
    ):
        evaluate(config({"type": "MeanClassAccuracy"}), found)


def test_unknown_metric():
    with pytest.raises(UserError, match="^the config names 'NoMetric', which is not in the kdxf::metric registry"):
        evaluate(config({"type": "NoMetric"}), Predictions(IMAGES, SCORES, ("a", "b", "c")))


@pytest.mark.parametrize("evaluator", [{}, {"val_evaluator": None}, {"val_evaluator": []}])
def test_no_metric(tmp_path, evaluator):
    (tmp_path / "c.py").write_text("".join(f"{name} = {value}\n" for name, value in evaluator.items()))
    cfg = Config.fromfile(tmp_path / "c.py")
    message = f"config {tmp_path}/c.py has no val_evaluator to score by; give a config that validates"
    with pytest.raises(UserError, match=f"^{message}$"):
        evaluate(cfg, Predictions(IMAGES, SCORES, ("a", "b", "c")))


@METRICS.register_module()
class ReadsBoxes(BaseMetric):
    """Reads what no classifier gives, as metrics from outside may."""

    def process(self, data_batch, data_samples):
        self.results += [sample["pred_boxes"] for sample in data_samples]

    def compute_metrics(self, results):
        return {}


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            {"type": "Accuracy", "topk": (1, 5)},
            "^Accuracy cannot score these predictions: Top-5 accuracy is unavailable since the number of categories "
            "is 3. Please check the `val_evaluator`",
        ),
        (
            {"type": "ReadsBoxes"},
            "^ReadsBoxes needs 'pred_boxes' of each image, which is not in files of predictions; leave it out of "
            "val_evaluator$",
        ),
        (
            {"type": "MeanClassAccuracy"},
            "^val_evaluator: two metrics give the score per-class/mean_accuracy; give one of them another prefix$",
        ),
    ],
)
def test_metrics_that_cannot_score_a_file(metric, message):
    found = Predictions(IMAGES, SCORES, ("a", "b", "c"), labels=np.array([0, 1, 1, 2]))
    with pytest.raises(UserError, match=message):
        evaluate(config({"type": "MeanClassAccuracy"}, metric), found)


def test_many_images_come_in_parts(monkeypatch):
    monkeypatch.setattr("kdxf.evaluation.scoring._CHUNK", 3)
    found = Predictions(IMAGES, SCORES, ("a", "b", "c"), labels=np.array([0, 1, 1, 2]))
    assert evaluate(config({"type": "Accuracy", "topk": (1,)}), found) == {"accuracy/top1": pytest.approx(75)}


def test_the_table():
    table = fold_table({0: (2, {"top1": 50.0}), 1: (3, {"top1": 80.0})}, (5, {"top1": 68.0}))
    assert table["top1"].tolist() == pytest.approx([50, 80, 65, 15 * 2**0.5, 15, 68])
    text = markdown(table, "last")
    assert text.splitlines() == [
        "| fold | images | top1 |",
        "| --- | --- | --- |",
        "| fold_0 | 2 | 50.00 |",
        "| fold_1 | 3 | 80.00 |",
        "| mean |  | 65.00 |",
        "| std |  | 21.21 |",
        "| std error |  | 15.00 |",
        "| out-of-fold | 5 | 68.00 |",
    ]
    note = markdown(table, "best").removeprefix(text)
    assert note.startswith(
        "\nThe checkpoint of each fold is the best one on the fold that it is scored on, so these scores"
    )
    assert markdown(table, "best", "They learnt") == f"{text}{note}\nThey learnt.\n"
    assert markdown(table, "last", "They learnt") == f"{text}\nThey learnt.\n"
    # The spread of one fold is not known.
    one = fold_table({0: (2, {"top1": 50.0})}, (2, {"top1": 50.0}))
    assert "| std |  |  |" in markdown(one, "last") and "| std error |  |  |" in markdown(one, "last")


def test_files_of_the_best_scores(write):
    scores = np.random.default_rng(0).dirichlet(np.ones(5), 30)
    labels = np.random.default_rng(1).integers(5, size=30)
    every = read_predictions(write("all", scores, labels))
    top = np.argsort(-every.scores, axis=1)[:, :3].astype(np.int32)
    best = replace(every, scores=np.take_along_axis(every.scores, top, axis=1), top=top)
    metrics = [dict(type="Accuracy", topk=(1, 3)), dict(type="GlobalAveragePrecision")]
    assert evaluate(Config(dict(val_evaluator=metrics)), best) == evaluate(Config(dict(val_evaluator=metrics)), every)
    with pytest.raises(
        UserError, match="Accuracy needs the 4 best scores of each image, and the file holds 3; write it"
    ):
        evaluate(Config(dict(val_evaluator=dict(type="Accuracy", topk=(1, 4)))), best)
