"""Samples as an evaluator hands them to metrics, and small sets of scores."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch


def samples(scores: Sequence, labels: Sequence) -> list[dict]:
    """Labels are class indices, or lists of them."""
    return [
        {"pred_score": torch.as_tensor(score, dtype=torch.float32), "gt_label": torch.tensor(label).reshape(-1).long()}
        for score, label in zip(scores, labels, strict=True)
    ]


@pytest.fixture
def score():
    """Feeds a metric in batches of three and gives what it reports."""

    def score(metric, scores, labels) -> dict[str, float]:
        fed = samples(scores, labels)
        for start in range(0, len(fed), 3):
            metric.process(None, fed[start : start + 3])
        return metric.evaluate(len(fed))

    return score


@pytest.fixture
def single_label():
    """Softmax scores (40, 6) with ties and a class that no image belongs to, and labels (40,)."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 40)
    logits = random.normal(size=(40, 6)) + 1.5 * np.eye(6)[labels]
    return torch.softmax(torch.from_numpy(np.round(logits)), dim=1).numpy(), labels


@pytest.fixture
def multi_label():
    """Sigmoid scores (40, 6) with ties, and for each image its classes, often several, sometimes none."""
    random = np.random.default_rng(1)
    targets = random.random((40, 6)) < [0.1, 0.3, 0.5, 0.7, 0.0, 1.0]
    scores = np.round(torch.sigmoid(torch.from_numpy(random.normal(size=(40, 6)) + targets)).numpy(), 1)
    return scores, [np.flatnonzero(row).tolist() for row in targets]
