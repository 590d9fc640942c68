"""Column-wise mean of the area under the ROC curve."""

import numpy as np
from sklearn.metrics import roc_auc_score

from kdxf.evaluation.metrics.column_metric import ColumnMetric
from kdxf.registry import METRICS


@METRICS.register_module()
class MeanROCAUC(ColumnMetric):
    """Mean over classes of the area under the ROC curve, each class against all others.

    The area is the chance that an image of the class has a higher score than one of the others (equal scores count
    half). For images of one class or of several. Classes without a positive or without a negative image are left out.

    Reports ``roc-auc/mean`` in percent: guessing gives 50. For memory see
    :class:`~kdxf.evaluation.metrics.column_metric.ColumnMetric`.

    Args:
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Stands before the metric's name.
    """

    default_prefix = "roc-auc"
    needs = "positive or no negative image"

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Computes the mean over classes."""
        return {"mean": self.mean_score(results)}

    def column_score(self, belongs: np.ndarray, scores: np.ndarray) -> float | None:
        """Computes the area of one class, if there are images on both sides."""
        return None if belongs.all() or not belongs.any() else float(roc_auc_score(belongs, scores))
