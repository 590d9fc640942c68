"""Focal loss on smoothed or soft targets. Shapes: N batch, K classes."""

from collections.abc import Sequence

import torch
from mmpretrain.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

from kdxf.registry import MODELS

REDUCTIONS = ("none", "mean", "sum")


@MODELS.register_module()
class LabelSmoothFocalLoss(nn.Module):
    r"""Softmax focal loss with label smoothing.

    With target distribution :math:`t`, smoothed target :math:`q_k = (1 - \epsilon) t_k + \epsilon / K` and probability
    :math:`p = \mathrm{softmax}(\text{logits})`:

    .. math:: L = - \sum_k \alpha_k \, q_k \, (1 - p_k)^\gamma \, \log p_k

    Focal loss: https://arxiv.org/abs/1708.02002. Label smoothing: https://arxiv.org/abs/1512.00567.

    Special cases: ``gamma=0, label_smooth_val=0`` is cross-entropy, ``label_smooth_val=0`` is the softmax focal loss,
    ``gamma=0`` is label smoothing. The loss is computed in float32 whatever the precision of the logits, and its
    gradient is finite at probabilities of exactly 0 and 1.

    Class indices never become distributions over K classes: without smoothing only :math:`\log p` of the true class is
    used, which saves most of the loss's memory and time with tens of thousands of classes.

    Args:
        label_smooth_val: Smoothing :math:`\epsilon`, from 0 up to but not including 1.
        gamma: Focusing exponent, >= 0.
        alpha: Weight of each class (K numbers), one weight for all classes, or None for 1. ``ClassWeightsHook`` sets
            it from the class frequencies.
        reduction: ``'none'`` (one loss per sample), ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.

    Raises:
        ValueError: An argument is out of range.
    """

    alpha: Tensor | None

    def __init__(
        self,
        label_smooth_val: float = 0.1,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | None = None,
        reduction: str = "mean",
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 <= label_smooth_val < 1:
            raise ValueError(f"label_smooth_val must be in [0, 1), got {label_smooth_val}")
        if not 0 <= gamma < float("inf"):
            raise ValueError(f"gamma must be a finite number >= 0, got {gamma}")
        _check_reduction("reduction", reduction)
        self.label_smooth_val = label_smooth_val
        self.gamma = gamma
        self.reduction = reduction
        self.loss_weight = loss_weight
        weights = None if alpha is None else torch.as_tensor(alpha, dtype=torch.float32)
        if weights is not None and (weights.dim() > 1 or not weights.numel() or bool((weights < 0).any())):
            raise ValueError(f"alpha must be one number >= 0 or a list with one per class, got {alpha}")
        # No buffer: averaged copies of a model pair buffers by their order, and ClassWeightsHook sets this one after
        # they are made.
        self.alpha = weights

    def forward(
        self,
        cls_score: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss.

        Args:
            cls_score: Logits (N, K).
            target: Class indices (N,), or distributions over the classes (N, K): soft labels, mixed labels.
            weight: Weight of each sample (N,).
            avg_factor: What ``'mean'`` divides by, instead of N.
            reduction_override: Used instead of ``reduction``.

        Returns:
            A float32 scalar, or (N,) with ``'none'``.

        Raises:
            ValueError: Shapes disagree or an index is not a class.
        """
        reduction = self.reduction
        if reduction_override is not None:
            reduction = _check_reduction("reduction_override", reduction_override)
        num_classes = cls_score.size(-1)
        if self.alpha is not None and self.alpha.dim() and self.alpha.numel() != num_classes:
            raise ValueError(f"alpha has {self.alpha.numel()} weights, but there are {num_classes} classes")

        if self.alpha is not None:
            self.alpha = self.alpha.to(cls_score.device)

        log_p = torch.log_softmax(cls_score.float(), dim=-1)
        if target.shape == cls_score.shape:
            per_sample = self._of_distributions(log_p, target.to(log_p.dtype))
        else:
            _check_indices(target, log_p)
            per_sample = self._of_indices(log_p, target.long())
        if weight is not None:
            weight = weight.float()
        return self.loss_weight * weight_reduce_loss(per_sample, weight, reduction, avg_factor)

    def extra_repr(self) -> str:
        """Return the settings for ``repr``."""
        return f"label_smooth_val={self.label_smooth_val}, gamma={self.gamma}, reduction={self.reduction!r}"

    def _of_distributions(self, log_p: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each sample (N,) for log p (N, K) and distributions (N, K)."""
        q = torch.lerp(target, torch.full_like(target, 1 / target.size(-1)), self.label_smooth_val)
        terms = q * self._focal(log_p)
        return (terms if self.alpha is None else terms * self.alpha).sum(dim=-1)

    def _of_indices(self, log_p: Tensor, target: Tensor) -> Tensor:
        """Return it for class indices (N,): (1 - eps) times the true class's term plus eps times the mean of all."""
        true = self._focal(log_p.gather(1, target.unsqueeze(1)).squeeze(1))
        if self.alpha is not None:
            true = true * (self.alpha[target] if self.alpha.dim() else self.alpha)
        if not self.label_smooth_val:
            return true
        every = self._focal(log_p)
        mean = every.mean(dim=-1) if self.alpha is None else (every * self.alpha).mean(dim=-1)
        return torch.lerp(true, mean, self.label_smooth_val)

    def _focal(self, log_p: Tensor) -> Tensor:
        """Return -(1 - p)^gamma log p element-wise."""
        if not self.gamma:
            return -log_p
        # 1 - p without cancellation; the clamp keeps the slope of the power finite at p = 1 (any gamma > 0).
        return -log_p * (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny) ** self.gamma


def _check_indices(target: Tensor, like: Tensor) -> None:
    """Check that the target holds class indices (N,) for log p (N, K)."""
    num_samples, num_classes = like.shape
    if target.shape != (num_samples,) or target.is_floating_point():
        raise ValueError(
            f"target must be class indices ({num_samples},) or distributions ({num_samples}, {num_classes}), "
            f"got {tuple(target.shape)} {target.dtype}"
        )
    # On a GPU reading the values would wait for the device; gather checks them there anyway.
    if target.device.type == "cpu" and ((target < 0) | (target >= num_classes)).any():
        raise ValueError(
            f"target holds the class index {int(target[(target < 0) | (target >= num_classes)][0])}, "
            f"but num_classes is {num_classes}"
        )


def _check_reduction(argument: str, value: str) -> str:
    if value not in REDUCTIONS:
        raise ValueError(f"{argument} must be one of {', '.join(REDUCTIONS)}, got {value!r}")
    return value
