"""A classifier for each modality, whose logits are added. Shapes: N batch, C channels, K classes."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import ModuleDict
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.errors import UserError
from kdxf.registry import MODELS


@MODELS.register_module()
class LateFusionClsHead(ClsHead):
    r"""Add the logits of one head per modality, and train each of them by a loss of its own as well.

    .. math::
        z = \sum_m z_m, \qquad L = \text{CE}(z) + w \sum_m L_m

    where :math:`z_m` are the logits of the head for modality m and :math:`L_m` is that head's own loss. The sum of
    logits is the product of the modalities' probabilities. The own losses keep the weaker modality learning: under the
    loss of the sum alone it stops as soon as the stronger one explains the training images, however well it would do
    on new ones (https://arxiv.org/abs/1905.12681, whose blend of losses this is, with fixed weights). They are logged
    as ``<modality>_loss``.

    It splits a joined feature, so its fusion is ``ConcatFusion``::

        head=dict(
            type="LateFusionClsHead",
            num_classes=81,
            heads=dict(
                image=dict(type="LinearClsHead", in_channels=1280),
                text=dict(type="LinearClsHead", in_channels=512),
            ),
        )

    Args:
        num_classes: K.
        heads: Mapping from the name of each modality to the config of its head, in the order of the feature's parts;
            ``num_classes`` is filled in. Their ``in_channels`` say how the feature is split.
        own_loss_weight: w.
        init_cfg: Initialization, as everywhere in MMEngine.
        **kwargs: ``loss``, ``topk`` and ``cal_acc`` of MMPretrain's ``ClsHead``, for the sum.

    Raises:
        ValueError: There are fewer than two heads, or ``own_loss_weight`` is negative.
        UserError: A head has no softmax, or another number of classes.
    """

    def __init__(
        self,
        num_classes: int,
        heads: Mapping[str, dict[str, Any]],
        own_loss_weight: float = 1.0,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        if len(heads) < 2:
            raise ValueError(f"heads must name two modalities or more, got {list(heads)}")
        if not own_loss_weight >= 0:
            raise ValueError(f"own_loss_weight must be 0 or more, got {own_loss_weight}")
        self.num_classes = num_classes
        self.own_loss_weight = own_loss_weight
        built = {name: _build(name, config, num_classes) for name, config in heads.items()}
        self.widths: list[int] = [head.in_channels for head in built.values()]
        self.heads: Any = ModuleDict(built)
        self.cal_acc: bool = kwargs.get("cal_acc", False) or any(head.cal_acc for head in built.values())

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the last item (N, C) of ``feats``, which is split between the heads."""
        return feats[-1]

    def modality_logits(self, feats: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return the logits (N, K) of each modality.

        Args:
            feats: Only the last item (N, C) is used; C is the sum of the heads' ``in_channels``.

        Raises:
            UserError: The feature has another width.
        """
        return {name: head(part) for (name, head), part in zip(self.heads.items(), self._split(feats), strict=True)}

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the sum of the modalities' logits: the last item (N, C) of ``feats`` -> (N, K), float32."""
        return torch.stack([logits.float() for logits in self.modality_logits(feats).values()]).sum(dim=0)

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Compute the loss of the sum and of each head.

        Args:
            feats: Only the last item (N, C) is used.
            data_samples: N samples with ``gt_label`` or ``gt_score``.
            **kwargs: Passed to every loss module, such as ``weight`` (N,).
        """
        losses = self._get_loss(self(feats), data_samples, **kwargs)
        for (name, head), part in zip(self.heads.items(), self._split(feats), strict=True):
            for key, value in head.loss(part, data_samples, **kwargs).items():
                losses[f"{name}_{key}"] = self.own_loss_weight * value if "loss" in key else value
        return losses

    def class_counts(self, counts: Tensor) -> list[tuple[ClsHead, Tensor]]:
        """Return each head whose loss may have class weights with the sample counts (K,): this one and those in it."""
        return [(self, counts), *((head, counts) for head in self.heads.values())]

    def _split(self, feats: tuple[Tensor, ...]) -> list[tuple[Tensor]]:
        feature = feats[-1]
        if feature.shape[1] != sum(self.widths):
            raise UserError(
                f"LateFusionClsHead: the feature has {feature.shape[1]} channels, but in_channels of its heads are "
                f"{' + '.join(map(str, self.widths))}; it takes the parts joined by ConcatFusion"
            )
        return [(part,) for part in feature.split(self.widths, dim=1)]


def _build(name: str, config: dict[str, Any], num_classes: int) -> Any:
    head = MODELS.build({"num_classes": num_classes, **config})
    if not isinstance(head, ClsHead) or type(head)._get_predictions is not ClsHead._get_predictions:
        raise UserError(f"LateFusionClsHead: heads.{name} is {type(head).__name__}; take a head with a softmax")
    if head.num_classes != num_classes:
        raise UserError(
            f"LateFusionClsHead: heads.{name} has num_classes={head.num_classes} and this head {num_classes}; leave it "
            "out there"
        )
    return head
