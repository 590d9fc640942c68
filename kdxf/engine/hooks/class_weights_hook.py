"""Weights of the classes in the loss, by how often each occurs in training."""

from typing import Any

import numpy as np
import torch
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.models.losses import CrossEntropyLoss, LabelSmoothLoss
from torch import Tensor, nn

from kdxf.engine.dist import unwrapped
from kdxf.errors import UserError
from kdxf.models.losses.label_smooth_focal_loss import LabelSmoothFocalLoss
from kdxf.registry import HOOKS


def class_counts(dataset: Any, num_classes: int) -> np.ndarray:
    """Count the labels of a dataset, as often as its wrappers repeat them.

    Args:
        dataset: A dataset with ``get_gt_labels``, or ``ClassBalancedDataset``, ``ConcatDataset`` and ``RepeatDataset``
            around some.
        num_classes: K.

    Returns:
        int64 (K,). In multi-label data a sample counts for each of its classes.

    Raises:
        UserError: The labels cannot be read, or there are more classes than K.
    """
    labels = _labels(dataset)
    counts = labels.sum(axis=0, dtype=np.int64) if labels.ndim == 2 else np.bincount(labels, minlength=num_classes)
    if len(counts) > num_classes:
        raise UserError(
            f"the training data have labels up to {len(counts) - 1}, but the head has num_classes={num_classes}"
        )
    return counts


def _labels(dataset: Any) -> np.ndarray:
    if isinstance(dataset, ClassBalancedDataset):
        return _labels(dataset.dataset)[np.asarray(dataset.repeat_indices, dtype=np.int64)]
    if isinstance(dataset, RepeatDataset):
        return np.concatenate([_labels(dataset.dataset)] * dataset.times)
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([_labels(part) for part in dataset.datasets])
    if not hasattr(dataset, "get_gt_labels"):
        raise UserError(
            f"the labels of {type(dataset).__name__} cannot be counted, it has no get_gt_labels: "
            "give the weights of the classes in the loss's config"
        )
    return np.asarray(dataset.get_gt_labels())


SCHEMES = ("inverse", "inverse_sqrt", "effective_number")


@HOOKS.register_module()
class ClassWeightsHook(Hook):
    r"""Weighs the classes in the head's loss by their number of samples n, so that rare ones count more.

    =====================  ==========================================
    ``by``                 weight
    =====================  ==========================================
    ``inverse``            :math:`1 / n`
    ``inverse_sqrt``       :math:`1 / \sqrt n`
    ``effective_number``   :math:`(1 - \beta) / (1 - \beta^n)`, https://arxiv.org/abs/1901.05555
    =====================  ==========================================

    scaled to a mean of 1 over the classes that have samples. A class without samples gets 1: it is never a target, and
    smoothing treats it like the average class. Samples that a wrapper such as ``ClassBalancedDataset`` repeats count as
    often as it does; both together are rarely wanted.

    It sets ``alpha`` of ``LabelSmoothFocalLoss`` and ``class_weight`` of MMPretrain's ``CrossEntropyLoss`` and
    ``LabelSmoothLoss``, for each level of a ``HierarchicalClsHead`` by the counts of that level. A run that is resumed
    computes the same weights again. A loss that ``SwitchRecipeHook`` puts in later has its own.

    Args:
        by: One of the above.
        beta: :math:`\beta` of ``effective_number``, in [0, 1): near 1 is near ``inverse``, 0 weighs all classes alike.

    Raises:
        UserError: ``by`` or ``beta`` is none of these.
    """

    def __init__(self, by: str = "inverse_sqrt", beta: float = 0.999) -> None:
        if by not in SCHEMES:
            raise UserError(f"ClassWeightsHook: by must be one of {', '.join(SCHEMES)}, got {by!r}")
        if not 0 <= beta < 1:
            raise UserError(f"ClassWeightsHook: beta must be in [0, 1), got {beta}")
        self.by = by
        self.beta = beta

    def before_train(self, runner: Runner) -> None:
        """Count the labels and set the weights.

        Raises:
            UserError: The model has no head, its loss has no class weights or has some already, or the labels cannot
                be read.
        """
        head: Any = getattr(unwrapped(runner.model), "head", None)
        if getattr(head, "num_classes", None) is None:
            raise UserError("ClassWeightsHook: the model has no head with num_classes; drop the hook from custom_hooks")
        counts = torch.from_numpy(class_counts(runner.train_dataloader.dataset, head.num_classes))
        parts = head.class_counts(counts) if hasattr(head, "class_counts") else [(head, counts)]
        for part, part_counts in parts:
            weights = class_weights(part_counts.numpy(), self.by, self.beta)
            _set_weights(part.loss_module, torch.from_numpy(weights).float())
            runner.logger.info(f"class weights ({self.by}): {_describe(weights, part_counts.numpy())}")


def class_weights(counts: np.ndarray, by: str, beta: float = 0.999) -> np.ndarray:
    """Compute class weights from the numbers of samples; see :class:`ClassWeightsHook`.

    Args:
        counts: (K,), samples of each class.
        by: One of ``SCHEMES``.
        beta: Of ``effective_number``.

    Returns:
        float64 (K,), with a mean of 1 over the classes that have samples.
    """
    present = counts > 0
    n = counts[present].astype(np.float64)
    raw = {"inverse": 1 / n, "inverse_sqrt": n**-0.5, "effective_number": (1 - beta) / (1 - beta**n)}[by]
    weights = np.ones(len(counts))
    weights[present] = raw / raw.mean()
    return weights


def _set_weights(loss: nn.Module, weights: Tensor) -> None:
    if isinstance(loss, LabelSmoothLoss):
        loss = loss.ce
    attribute = "alpha" if isinstance(loss, LabelSmoothFocalLoss) else "class_weight"
    if not isinstance(loss, (LabelSmoothFocalLoss, CrossEntropyLoss)):
        raise UserError(
            f"ClassWeightsHook: the head's loss {type(loss).__name__} has no class weights; "
            "take CrossEntropyLoss, LabelSmoothLoss or LabelSmoothFocalLoss"
        )
    if getattr(loss, attribute) is not None:
        raise UserError(f"ClassWeightsHook: the head's loss has {attribute} already; drop that, or the hook")
    setattr(loss, attribute, weights if attribute == "alpha" else weights.tolist())


def _describe(weights: np.ndarray, counts: np.ndarray) -> str:
    present = np.flatnonzero(counts)
    rare, frequent = present[counts[present].argmin()], present[counts[present].argmax()]
    text = (
        f"{weights[frequent]:.3g} for the most frequent of {len(counts)} classes ({counts[frequent]} samples) "
        f"to {weights[rare]:.3g} for the rarest ({counts[rare]})"
    )
    absent = len(counts) - len(present)
    return f"{text}; 1 for {absent} without samples" if absent else text
