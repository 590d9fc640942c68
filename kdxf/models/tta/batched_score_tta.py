"""Test-time augmentation with the views in one batch. Shapes: N batch, V views, K classes."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from mmpretrain.models import AverageClsScoreTTA
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.models.heads.hierarchical_cls_head import HierarchicalClsHead
from kdxf.models.heads.predicted_classes import predicted_classes
from kdxf.registry import MODELS


@MODELS.register_module()
class BatchedClsScoreTTA(AverageClsScoreTTA):
    """Average the scores of several views; views of equal shape go through the model as one batch.

    The views come from ``TestTimeAug`` in the pipeline and have the same text. The scores equal those of MMPretrain's
    ``AverageClsScoreTTA``, which runs the model once per view and keeps the label of the first view in the merged
    sample; here the label follows from the mean scores, by the rule of the module's head. A batch grows V-fold: reduce
    the test loader's ``batch_size`` if memory is short.

    Args:
        module: The classifier, or its config.
        data_preprocessor: Data preprocessor for a ``module`` config.
    """

    def test_step(self, data: dict) -> list[DataSample]:
        """Predict a batch.

        Args:
            data: ``inputs``, V batches of N inputs (mappings, tensors or lists), and ``data_samples``, V lists of N.

        Returns:
            N samples with the mean ``pred_score`` (K,) and its ``pred_label``.
        """
        groups: dict[Hashable, list[int]] = {}
        for view, inputs in enumerate(data["inputs"]):
            groups.setdefault(_shapes(inputs), []).append(view)
        predictions: list[DataSample] = []
        for views in groups.values():
            batch = {key: _join([values[view] for view in views]) for key, values in data.items()}
            predictions.extend(self.module.test_step(batch))
        num_samples = len(data["data_samples"][0])
        return self.merge_preds([predictions[index::num_samples] for index in range(num_samples)])

    def _merge_single_sample(self, data_samples: list[DataSample]) -> DataSample:
        merged = super()._merge_single_sample(data_samples)
        head = getattr(self.module, "head", None)
        merged.set_pred_label(predicted_classes(head, merged.pred_score))
        if isinstance(head, HierarchicalClsHead):
            head.merge_views(merged, data_samples)
        return merged


def _shapes(inputs: Any) -> Hashable:
    """Return the shapes of a view's inputs, which are equal for views that can be joined."""
    if isinstance(inputs, Tensor):
        return tuple(inputs.shape)
    if isinstance(inputs, Mapping):
        return tuple((key, _shapes(value)) for key, value in sorted(inputs.items()))
    return tuple(_shapes(item) for item in inputs)


def _join(views: list[Any]) -> Any:
    """Concatenate the batches of several views, in order."""
    if isinstance(views[0], Tensor):
        return torch.cat(views)
    if isinstance(views[0], Mapping):
        return {key: _join([view[key] for view in views]) for key in views[0]}
    return [item for view in views for item in view]
