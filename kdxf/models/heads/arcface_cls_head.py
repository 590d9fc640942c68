"""Classification by angles, with a margin in training. Shapes: N batch, C channels, W width, K classes."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmengine.fileio import list_from_file
from mmengine.utils import is_seq_of
from mmpretrain.models.heads import ArcFaceClsHead as HostArcFaceClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.registry import MODELS


class Embedding(nn.Module):
    """Project a feature and center each of its channels: linear layer, batch norm without a bias.

    The BNNeck of https://arxiv.org/abs/1903.07071. Parts of a fused feature have different scales, and after a ReLU
    all of them point into one corner, where every cosine is close to 1. Batch norm moves that corner to the origin; a
    bias could move it away again, so there is none.

    Args:
        in_channels: C.
        out_channels: W; None keeps the feature's width and leaves the linear layer out.
        batch_norm: False leaves the batch norm out.
    """

    norm: nn.Module

    def __init__(self, in_channels: int, out_channels: int | None = None, batch_norm: bool = True) -> None:
        super().__init__()
        self.out_channels = in_channels if out_channels is None else out_channels
        self.fc = nn.Identity() if out_channels is None else nn.Linear(in_channels, out_channels, bias=False)
        if batch_norm:
            self.norm = nn.BatchNorm1d(self.out_channels)
            self.norm.register_parameter("bias", None)
        else:
            self.norm = nn.Identity()

    def forward(self, feature: Tensor) -> Tensor:
        """Embed: (N, C) -> (N, W).

        Raises:
            UserError: A training batch holds a single sample, which has no variance to normalise by.
        """
        if self.training and len(feature) == 1 and isinstance(self.norm, nn.BatchNorm1d):
            raise UserError(
                "the head's batch norm cannot train on a batch of one: raise train_dataloader.batch_size, "
                "or set train_dataloader.drop_last=True"
            )
        return self.norm(self.fc(feature))


# Below this sin^2 the sine is constant: its slope at an angle of exactly 0 would be infinite.
_LEAST_SQUARED_SINE = 1e-6


@MODELS.register_module()
class ArcFaceClsHead(HostArcFaceClsHead):
    r"""ArcFace (https://arxiv.org/abs/1801.07698) that trains from scratch on a fused feature.

    ``feature -> linear -> batch norm without bias -> angle`` :math:`\theta_k` ``to each class``, and

    .. math:: \text{logit}_k = s \cos(\theta_k + m f q_k)

    in training, where q is the target (1 for the true class, 0 for the others), s the scale, m the margin and f the
    margin factor; in prediction there is no margin. With a soft or mixed target every class has its part of the margin,
    so that a mixture of nine parts to one stays close to the pure label. With ``margins=0.0`` the head is the
    normalised softmax: embedding, unit length, scale.

    ``margin_type='cosine'`` is CosFace (https://arxiv.org/abs/1801.09414), which takes the margin off the cosine:

    .. math:: \text{logit}_k = s \, (\cos \theta_k - m f q_k)

    Its margins are smaller numbers; the paper's is 0.35. The plain inner product, without any normalization, is
    MMPretrain's ``LinearClsHead``.

    A margin from the first step on can prevent learning. The angles of a random classifier are all close to 90 degrees,
    and a margin of 0.5 (29 degrees) puts the logit of the true class below every other by s sin(m): 15 for s = 32, 31
    for s = 64. The softmax saturates at the wrong end, every class is pulled alike, and an encoder that is still random
    may stay at chance level. Let ``MarginScheduleHook`` raise f from 0 to 1 after the classes have begun to separate::

        custom_hooks = [dict(type="MarginScheduleHook", begin=5, end=20)]

    Angles are computed in float32 even under autocast, without an arc cosine, with finite gradients at 0 and 180
    degrees (those of MMPretrain's head, the base class, are NaN there). Its ``SetAdaptiveMarginsHook`` works here too.

    Args:
        num_classes: K.
        in_channels: Width C of the incoming feature.
        embedding_channels: Width W of the embedding; None normalises the feature as it comes.
        num_subcenters: Number of centres per class; the nearest one counts.
        scale: s.
        margins: m, in radians or, of CosFace, in cosines: one for all classes or one for each; or a ``.txt`` file with
            one per line.
        easy_margin: Where the margin moves the angle past 180 degrees, the logit would rise again. False replaces it
            there by :math:`\cos \theta - m \sin m`; True adds the margin only to angles below 90 degrees.
        loss: Any loss of logits: cross-entropy, focal, label smoothing.
        batch_norm: Whether the embedding ends in batch normalization. Without both, the channels of the feature keep
            their scales, which suits frozen features and TF-IDF on few images.
        margin_type: ``'angle'`` (ArcFace) or ``'cosine'`` (CosFace), which has no ``easy_margin``.
        init_cfg: Initialization, as everywhere in MMEngine.

    Raises:
        ValueError: A count or the scale is not positive, the margins are neither one nor one per class, all in
            [0, pi), or ``margin_type`` is another word or has no ``easy_margin``.
    """

    margin_factor: Tensor

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embedding_channels: int | None = 512,
        num_subcenters: int = 1,
        scale: float = 32.0,
        margins: float | Sequence[float] | str = 0.5,
        easy_margin: bool = False,
        loss: dict | torch.nn.Module | None = None,
        batch_norm: bool = True,
        margin_type: str = "angle",
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if margin_type not in ("angle", "cosine"):
            raise ValueError(f"margin_type must be 'angle' or 'cosine', got {margin_type!r}")
        if easy_margin and margin_type == "cosine":
            raise ValueError("easy_margin is for margin_type='angle': a cosine minus a margin never rises again")
        width = in_channels if embedding_channels is None else embedding_channels
        counts = {
            "num_classes": num_classes,
            "in_channels": in_channels,
            "embedding_channels": width,
            "num_subcenters": num_subcenters,
        }
        for name, count in counts.items():
            if count < 1:
                raise ValueError(f"{name} must be at least 1, got {count}")
        if not scale > 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        super().__init__(
            num_classes,
            width,
            num_subcenters=num_subcenters,
            scale=scale,
            margins=_one_per_class(margins, num_classes),
            easy_margin=easy_margin,
            loss=loss or {"type": "CrossEntropyLoss"},
            init_cfg=init_cfg,
        )
        if not ((self.margins >= 0) & (self.margins < math.pi)).all():
            raise ValueError(f"margins must be in [0, pi), got {margins}")
        self.in_channels = in_channels
        self.margin_type = margin_type
        self.embedding = Embedding(in_channels, embedding_channels, batch_norm)
        # A tensor, so that a compiled head is not compiled again whenever the factor changes.
        self.register_buffer("margin_factor", torch.tensor(1.0), persistent=False)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Return the embedding (N, W), not yet of unit length, of the last item (N, C) of ``feats``."""
        return self.embedding(feats[-1])

    def forward(self, feats: tuple[Tensor, ...], target: Tensor | None = None) -> Tensor:
        """Return the logits in float32.

        Args:
            feats: Only the last item (N, C) is used.
            target: Class indices (N,) or distributions (N, K) that get margins; None: no margins.

        Returns:
            (N, K).

        Raises:
            ValueError: The target has another shape.
        """
        embedding = self.pre_logits(feats)
        with torch.autocast(embedding.device.type, enabled=False):
            cosine = self.norm_product(embedding.float())
            return self.scale * (cosine if target is None else self._get_logit_with_margin(cosine, target))

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Compute the loss of the logits with margins.

        Args:
            feats: Only the last item (N, C) is used.
            data_samples: N samples with ``gt_label`` or ``gt_score``.
            **kwargs: Passed to the loss module.
        """
        if "gt_score" in data_samples[0]:
            target = torch.stack([sample.gt_score for sample in data_samples])
        else:
            target = torch.cat([sample.gt_label for sample in data_samples])
        logits = self(feats, target)
        return {"loss": self.loss_module(logits, target, avg_factor=len(logits), **kwargs)}

    def _get_logit_with_margin(self, cosine: Tensor, target: Tensor) -> Tensor:
        """Return the cosines (N, K) with margins, for cosines (N, K) without."""
        margins = self.margin_factor * self.margins
        if target.shape == cosine.shape:
            return self._add_margin(cosine, margins * target)
        if target.shape != cosine.shape[:1]:
            raise ValueError(f"target must have the shape (N,) or {tuple(cosine.shape)}, got {tuple(target.shape)}")
        place = target.unsqueeze(1)  # (N, 1)
        return cosine.scatter(1, place, self._add_margin(cosine.gather(1, place), margins[place]))

    def _add_margin(self, cosine: Tensor, margin: Tensor) -> Tensor:
        """Return cos theta - m or cos(theta + m) = cos theta cos m - sin theta sin m, element-wise.

        The latter falls beyond 180 degrees too.
        """
        if self.margin_type == "cosine":
            return cosine - margin
        sine = (1 - cosine.square()).clamp_min(_LEAST_SQUARED_SINE).sqrt()
        moved = cosine * margin.cos() - sine * margin.sin()
        if self.easy_margin:
            return torch.where(cosine > 0, moved, cosine)
        return torch.where(cosine > -margin.cos(), moved, cosine - margin * margin.sin())


def _one_per_class(margins: float | Sequence[float] | str, num_classes: int) -> list[float]:
    if isinstance(margins, int | float):
        return [float(margins)] * num_classes
    if isinstance(margins, str) and margins.endswith(".txt"):
        values = [float(line) for line in list_from_file(margins)]
    elif isinstance(margins, Iterable) and is_seq_of(list(margins), (int, float)):
        values = [float(margin) for margin in margins]
    else:
        raise ValueError(f"margins must be a number, one for each class or a .txt file of them, got {margins!r}")
    if len(values) != num_classes:
        raise ValueError(f"margins must be a number, or one for each of num_classes={num_classes}, got {len(values)}")
    return values
