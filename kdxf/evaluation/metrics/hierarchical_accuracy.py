"""Accuracy on the coarser levels of a class tree."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from kdxf.errors import UserError
from kdxf.evaluation.metrics.true_classes import only_class
from kdxf.io.class_tree import read_class_tree
from kdxf.registry import METRICS


@METRICS.register_module()
class HierarchicalAccuracy(BaseMetric):
    """Top-1 accuracy on each level of a class tree, in percent.

    ``hierarchy/<level>`` compares the parents of the predicted and of the true class, which works for any classifier.
    If the head has its own branch for the level, like ``HierarchicalClsHead``, ``hierarchy/<level>_branch`` is the
    accuracy of that branch, and ``hierarchy/<level>_disagreement`` how often it contradicts the predicted class.

    Args:
        class_tree: CSV as of :mod:`kdxf.io.class_tree`; every level in it is reported.
        classes: The class names in index order, or the file that lists them; by default ``classes.txt`` in the folder
            of ``class_tree``.
        collect_device: Where results of several processes are gathered, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names.

    Raises:
        UserError: The tree cannot be read.
    """

    default_prefix = "hierarchy"

    def __init__(
        self,
        class_tree: str | Path,
        classes: str | Path | Sequence[str] | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.tree = read_class_tree(class_tree, classes)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the true and the predicted class of each sample, and its label on each level (-1 without a branch).

        Raises:
            UserError: The model has another number of classes than the tree, or a sample not exactly one class.
        """
        for sample in data_samples:
            scores, known = sample["pred_score"], len(self.tree.classes)
            if len(scores) != known:
                raise UserError(
                    f"HierarchicalAccuracy: the model has {len(scores)} classes, but the tree {self.tree.source} is "
                    f"read for {known}; give the model's class list as classes"
                )
            labels = [int(sample.get(f"pred_label_{name}", -1)) for name in self.tree.levels]
            self.results.append((only_class(sample, "HierarchicalAccuracy"), int(scores.argmax()), *labels))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the accuracies and disagreements of all levels.

        Raises:
            UserError: The dataset has other classes than the tree.
        """
        names = list((self.dataset_meta or {}).get("classes") or self.tree.classes)
        if names != self.tree.classes:
            place = next(index for index, name in enumerate(names) if name != self.tree.classes[index])
            raise UserError(
                f"HierarchicalAccuracy: class {place} is {names[place]!r} in the dataset and "
                f"{self.tree.classes[place]!r} in the class list of {self.tree.source}; give the dataset's as classes"
            )
        true, predicted, *labels = np.asarray(results, np.int64).reshape(-1, 2 + len(self.tree.levels)).T
        metrics = {}
        for (name, level), branch in zip(self.tree.levels.items(), labels, strict=True):
            implied = level.parents[predicted]
            metrics[name] = 100 * float((level.parents[true] == implied).mean())
            if (branch >= 0).all():
                metrics[f"{name}_branch"] = 100 * float((level.parents[true] == branch).mean())
                metrics[f"{name}_disagreement"] = 100 * float((branch != implied).mean())
        return metrics
