"""The one-cycle schedule for models whose parts have learning rates of their own."""

from typing import Any

from mmengine.optim import OneCycleLR as HostOneCycleLR

from kdxf.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class OneCycleLR(HostOneCycleLR):
    """MMEngine's schedule (https://arxiv.org/abs/1708.07120), in which the parts keep the ratio of their rates.

    MMEngine gives every parameter the same ``eta_max``, whatever ``lr_mult``, layer-wise decay or ``--auto-scale-lr``
    made of its rate. Here ``eta_max`` belongs to the optimizer's ``lr``, and a part that starts at a tenth of that has
    its peak at a tenth of ``eta_max``.
    """

    def _format_param(self, name: str, optimizer: Any, param: Any) -> list[float]:
        if isinstance(param, (list, tuple)):
            return super()._format_param(name, optimizer, param)
        rate = optimizer.defaults["lr"]
        return [param * (group["lr"] / rate if rate else 1.0) for group in optimizer.param_groups]
