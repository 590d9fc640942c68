"""Mean average precision over classes."""

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from kdxf.evaluation.metrics.column_metric import ColumnMetric
from kdxf.registry import METRICS


@METRICS.register_module()
class MeanAveragePrecision(ColumnMetric):
    """mAP: for each class, all images are ranked by its score; the mean over classes of the average precision.

    With P_n and R_n the precision and the recall among the images that reach the n-th highest score,
    ``AP = sum_n (R_n - R_{n-1}) P_n`` as scikit-learn defines it: images of equal score enter together, so that the
    order of the files does not matter. VOC's is the same under the envelope of the curve: P_n becomes the highest
    precision at any recall from R_n on (the rule since 2010, over all points:
    http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html), which is never lower.

    For images of one class or of several. Classes without a positive image are left out of the mean (MMPretrain's
    ``AveragePrecision`` counts them as 0, and ranks images of equal score in no particular order).

    Reports ``average-precision/mAP`` in percent. For memory see
    :class:`~kdxf.evaluation.metrics.column_metric.ColumnMetric`.

    Args:
        voc: Take VOC's definition.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Stands before the metric's name.
    """

    default_prefix = "average-precision"
    needs = "positive image"

    def __init__(self, voc: bool = False, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.voc = voc

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Computes the mean over classes."""
        return {"mAP": self.mean_score(results)}

    def column_score(self, belongs: np.ndarray, scores: np.ndarray) -> float | None:
        """Computes the average precision of one class, if an image belongs to it."""
        if not belongs.any():
            return None
        if not self.voc:
            return float(average_precision_score(belongs, scores))
        # From the lowest threshold to the highest: recall falls from 1 to 0.
        precision, recall, _ = precision_recall_curve(belongs, scores)
        envelope = np.maximum.accumulate(precision[:-1])
        return float(np.sum(-np.diff(recall) * envelope))
