"""Calibration: does a confidence of 0.8 mean right in 80 % of the cases?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError
from kdxf.evaluation.calibration.reliability import bin_edges, expected_error
from kdxf.evaluation.metrics.true_classes import only_class
from kdxf.registry import METRICS

_SMALLEST = float(np.finfo(np.float32).eps)


@METRICS.register_module()
class CalibrationError(BaseMetric):
    """Distance of the scores from true probabilities. Lower is better for all four results.

    Images are put into bins by their confidence, the score of the best class. The expected calibration error is the
    mean over images of the distance, in their bin, between mean confidence and accuracy::

        ECE = sum_b n_b / n * |accuracy_b - confidence_b|

    Reports

    - ``calibration/ece``: bins of equal width, ((b - 1) / B, b / B], in percent (https://arxiv.org/abs/1706.04599);
    - ``calibration/adaptive_ece``: bins of equally many images, in percent: with a confident model most bins of
      equal width are almost empty (https://ojs.aaai.org/index.php/AAAI/article/view/9602);
    - ``calibration/nll``: mean negative log-likelihood of the true class in nats; as in scikit-learn's ``log_loss``, a
      score below float32's epsilon is raised to it;
    - ``calibration/brier``: mean over images of the squared distance of the scores to the one-hot target, between 0
      and 2.

    It keeps four numbers per image, whatever the number of classes.

    Args:
        num_bins: B.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.

    Raises:
        ValueError: ``num_bins`` is not positive.
    """

    default_prefix = "calibration"

    def __init__(self, num_bins: int = 15, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if num_bins < 1:
            raise ValueError(f"num_bins must be 1 or more, got {num_bins}")
        self.num_bins = num_bins

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep four numbers per sample: confidence, whether it is right, negative log-likelihood and Brier score.

        Raises:
            UserError: The scores are no distribution over the classes, or a sample does not have exactly one class.
        """
        for sample in data_samples:
            scores = sample["pred_score"].double().cpu().numpy()
            if abs(scores.sum() - 1) > 0.01 or scores.min() < 0:
                raise UserError(
                    f"CalibrationError: the scores of image {sample.get('img_path')} sum to {scores.sum():.3f}, not to "
                    "1: it needs a head that gives probabilities (softmax)"
                )
            true = only_class(sample, "CalibrationError")
            guess = int(scores.argmax())
            brier = np.square(scores).sum() - 2 * scores[true] + 1
            self.results.append((scores[guess], guess == true, -np.log(max(scores[true], _SMALLEST)), brier))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the four results from what :meth:`process` kept of n images."""
        confidence, right, surprise, brier = np.asarray(results, np.float64).reshape(-1, 4).T
        widths, masses = (bin_edges(confidence, self.num_bins, equal_mass) for equal_mass in (False, True))
        return {
            "ece": 100 * expected_error(confidence, right, widths),
            "adaptive_ece": 100 * expected_error(confidence, right, masses),
            "nll": float(surprise.mean()),
            "brier": float(brier.mean()),
        }
