"""Mean of the per-class accuracies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from kdxf.evaluation.metrics.true_classes import only_class
from kdxf.registry import METRICS


@METRICS.register_module()
class MeanClassAccuracy(BaseMetric):
    """Mean over classes of their accuracy; some call it MAP, and its complement ME.

    The accuracy of a class is its recall: the share of its images that are recognized. Classes without images are left
    out of the mean, so the result does not depend on how many other classes the model knows. (It has
    nothing to do with the mean *average precision*, see ``MeanAveragePrecision``.)

    Reports ``per-class/mean_accuracy`` and ``per-class/mean_error``, its difference to 100, in percent. It keeps two
    numbers per image, whatever the number of classes.

    Args:
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.
    """

    default_prefix = "per-class"

    def __init__(self, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the true and the predicted class of each sample.

        Raises:
            UserError: A sample does not have exactly one class.
        """
        name = type(self).__name__
        self.results += [(only_class(sample, name), int(sample["pred_score"].argmax())) for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the mean over the classes that occur."""
        from sklearn.metrics import recall_score

        true, predicted = np.asarray(results).reshape(-1, 2).T
        accuracy = 100 * float(recall_score(true, predicted, labels=np.unique(true), average="macro"))
        return {"mean_accuracy": accuracy, "mean_error": 100 - accuracy}
