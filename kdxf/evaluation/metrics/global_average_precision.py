"""Average precision of the top predictions of all images together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from kdxf.evaluation.metrics.true_classes import true_classes
from kdxf.registry import METRICS


@METRICS.register_module()
class GlobalAveragePrecision(BaseMetric):
    """GAP, also called micro-AP: are the confident predictions the right ones?

    Each image has one prediction, its best class, with that class's score as confidence. All n predictions of the
    dataset, not of a batch, are sorted by falling confidence. With P(i) the share of right ones among the first i, and
    rel(i) = 1 if prediction i is right, else 0::

        GAP = 1 / M * sum_i P(i) rel(i)

    M counts the images that have a label: one without any class (multi-label mode) can only lower the score. With
    several classes a prediction is right if it is one of them. Predictions of equal confidence share one precision, so
    that the order of the files does not matter. Source: the retrieval benchmark of Perronnin, Liu and Renders, CVPR
    2009, as the landmark recognition challenges use it (https://arxiv.org/abs/2004.01804).

    Reports ``average-precision/GAP`` in percent. It keeps two numbers per image, whatever the number of classes.

    Args:
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.
    """

    default_prefix = "average-precision"

    def __init__(self, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep three values per sample: the confidence, whether the prediction is right, whether there is a label.

        Raises:
            UserError: A sample has no label field.
        """
        for sample in data_samples:
            score, guess = sample["pred_score"].max(dim=0)
            classes = true_classes(sample, type(self).__name__)
            self.results.append((float(score), int(guess) in classes, len(classes) > 0))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute GAP from scikit-learn's average precision, which divides by the right predictions, not by M."""
        from sklearn.metrics import average_precision_score

        confidence, right, labelled = np.asarray(results, np.float64).reshape(-1, 3).T
        if not right.any():
            return {"GAP": 0.0}
        average = average_precision_score(right, confidence)
        return {"GAP": 100 * float(average * right.sum() / labelled.sum())}
