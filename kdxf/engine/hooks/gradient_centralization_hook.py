"""Subtracts the mean from gradients before each step."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.optim import Optimizer

from kdxf.registry import HOOKS


@HOOKS.register_module()
class GradientCentralizationHook(Hook):
    """Gradient centralization (https://arxiv.org/abs/2004.01461) for any optimizer.

    From the gradient of each output channel of a convolution, or of each output of a fully connected layer, its mean
    is subtracted; gradients of one dimension (biases, norms) stay as they are. That happens right before the
    optimizer's step: after the gradients of all accumulated batches are summed (``accumulative_counts``), un-scaled
    (``AmpOptimWrapper``) and clipped (``clip_grad``), and before the optimizer adds its weight decay. Subtracting a
    mean never makes a gradient longer, so what clipping by norm promises still holds.

    ``Ranger`` does this by itself (``use_gc=False`` turns it off there).

    Args:
        conv_only: Leave everything but convolutions (gradients of four and more dimensions) alone.
    """

    def __init__(self, conv_only: bool = False) -> None:
        self.conv_only = conv_only

    def before_train(self, runner: Runner) -> None:
        """Register the subtraction with the optimizer."""
        wrapper: Any = runner.optim_wrapper
        wrapper.optimizer.register_step_pre_hook(self._centralize)

    def _centralize(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        from pytorch_optimizer.optimizer.gradient_centralization import centralize_gradient

        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    centralize_gradient(weight.grad, gc_conv_only=self.conv_only)
