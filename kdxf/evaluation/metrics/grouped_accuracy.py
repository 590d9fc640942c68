"""Accuracy over groups of classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError
from kdxf.registry import METRICS


@METRICS.register_module()
class GroupedAccuracy(BaseMetric):
    """Top-1 accuracy over the samples whose true class belongs to a group, for each group.

    The model still chooses among all classes. Reports ``grouped/<group>`` and its standard error
    ``grouped/<group>_stderr``, sqrt(p (1 - p) / n), in percent; groups without samples are left out.

    Args:
        groups: Mapping from group name to class indices, for example the classes whose packages carry text.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.

    Raises:
        UserError: ``groups`` is empty, or a group is.
    """

    default_prefix = "grouped"

    def __init__(
        self, groups: Mapping[str, Sequence[int]], collect_device: str = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not groups or not all(len(members) for members in groups.values()):
            raise UserError("GroupedAccuracy: groups must name at least one group, each with at least one class index")
        self.groups = {name: np.asarray(members) for name, members in groups.items()}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the true and the predicted class of each sample."""
        self.results += [(int(sample["gt_label"]), int(sample["pred_score"].argmax())) for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the accuracy of each group."""
        true, predicted = np.asarray(results).reshape(-1, 2).T
        metrics = {}
        for name, members in self.groups.items():
            inside = np.isin(true, members)
            if count := int(inside.sum()):
                accuracy = float((true == predicted)[inside].mean())
                metrics[name] = 100 * accuracy
                metrics[f"{name}_stderr"] = 100 * float(np.sqrt(accuracy * (1 - accuracy) / count))
        return metrics
