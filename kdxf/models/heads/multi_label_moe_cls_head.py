"""Mixture of experts for images of several classes. Shapes: N batch, K classes."""

from typing import Any

from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.errors import UserError
from kdxf.models.heads.moe_cls_head import MoEClsHead
from kdxf.models.losses.label_smooth_focal_loss import LabelSmoothFocalLoss
from kdxf.registry import MODELS

_BINARY = {"type": "CrossEntropyLoss", "use_sigmoid": True}


@MODELS.register_module()
class MultiLabelMoEClsHead(MoEClsHead):
    """:class:`MoEClsHead` with a sigmoid for each class, so that an image may have any number of classes.

    Targets and predictions are those of MMPretrain's ``MultiLabelClsHead``. Its losses sum over the classes and divide
    by the number of samples: ``CrossEntropyLoss(use_sigmoid=True)``, ``FocalLoss``, ``AsymmetricLoss``, and
    ``LabelSmoothLoss(mode='multi_label')``, which takes every target above 0 as 1 and so is not for soft labels.

    Args:
        *args: As of :class:`MoEClsHead`.
        loss: The loss of N x K yes-or-no questions.
        thr: Classes with at least this score are predicted; 0.5 if neither ``thr`` nor ``topk`` is given.
        topk: Without ``thr``, this many best classes are predicted.
        **kwargs: As of :class:`MoEClsHead`, without ``cal_acc``.

    Raises:
        UserError: The loss shares one probability among the classes (softmax), such as ``LabelSmoothFocalLoss``.
    """

    def __init__(
        self,
        *args: Any,
        loss: dict[str, Any] | None = None,
        thr: float | None = None,
        topk: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, loss=loss or _BINARY, cal_acc=False, **kwargs)
        self.thr = 0.5 if thr is None and topk is None else thr
        self.topk = topk
        loss_module = getattr(self.loss_module, "ce", self.loss_module)  # LabelSmoothLoss wraps another
        if isinstance(loss_module, LabelSmoothFocalLoss) or not getattr(loss_module, "use_sigmoid", True):
            raise UserError(
                f"MultiLabelMoEClsHead: {type(self.loss_module).__name__} as it is set shares one probability among "
                "the classes; set loss=dict(_delete_=True, type='CrossEntropyLoss', use_sigmoid=True)"
            )

    def _get_loss(self, cls_score: Tensor, data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        return MultiLabelClsHead._get_loss(self, cls_score, data_samples, **kwargs)

    def _get_predictions(self, cls_score: Tensor, data_samples: list[DataSample] | None) -> list[DataSample]:
        return MultiLabelClsHead._get_predictions(self, cls_score, data_samples)
