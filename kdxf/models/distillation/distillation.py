"""Losses that bring a student to its teachers. Shapes: N batch, C and Ct channels, K classes, T teachers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModule, ModuleList
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.distillation.teachers import Teacher, TeacherAnswer
from kdxf.registry import MODELS


class _Teachers(list):
    """Teachers, which an average of the student's weights (a copy of the model) shares."""

    def __deepcopy__(self, memo: Any) -> "_Teachers":
        return self


@MODELS.register_module()
class Distillation(BaseModule):
    r"""Learn from teachers while training, besides the labels.

    With temperature :math:`\tau`, the teachers' weights :math:`w_t` (that sum to 1) and logits :math:`z_t`, and the
    student's logits z (https://arxiv.org/abs/1503.02531):

    .. math:: L = \lambda \tau^2 \, \text{KL}\Big(\sum_t w_t \, \text{softmax}(z_t / \tau) \;\Big\|\;
                  \text{softmax}(z / \tau)\Big)

    It is logged as ``distillation_loss``. With ``feature_loss_weight`` the joint feature f is brought to those of the
    teachers too, through a linear layer r where their widths differ (https://arxiv.org/abs/1412.6550), logged as
    ``distillation_feature_loss``:

    .. math:: L_f = \mu \sum_t w_t \, \frac{1}{C_t} \lVert r_t(f) - f_t \rVert^2

    Each teacher is a config with its checkpoint, or a file of predictions (``tools/test.py --out``)::

        distillation=dict(
            type="Distillation",
            teachers=[
                dict(config="configs/grocery/moe_lite2_frozen.py", checkpoint="work_dirs/.../epoch_20.pth"),
                dict(predictions="work_dirs/kfold/oof.parquet", weight=0.5),
            ],
        )

    A model is frozen, runs in evaluation mode, and sees the very views of the images and texts that the student sees,
    mixed ones as well (https://arxiv.org/abs/2106.05237); its inputs must be among those that the pipeline packs. It
    belongs neither to the optimizer nor to the checkpoint, and a trained student no longer needs it. Predictions from
    a file are the same for all views, and refuse mixing; those of a model that was trained on the images are refused.

    Args:
        teachers: For each teacher ``config`` and ``checkpoint``, or ``predictions``, and optionally ``weight`` (1).
            :func:`kdxf.apis.train.train` loads them.
        temperature: :math:`\tau`.
        loss_weight: :math:`\lambda`.
        feature_loss_weight: :math:`\mu`.
        in_channels: Width C of the student's joint feature, with ``feature_loss_weight``.
        teacher_channels: Widths :math:`C_t` of the teachers', with ``feature_loss_weight``.
        init_cfg: Initialization, as everywhere in MMEngine.

    Attributes:
        trained_on: Sorted int64 keys (:mod:`kdxf.datasets.image_keys`) of the images that teachers were trained on.

    Raises:
        ValueError: The temperature or a weight is not positive, or a factor is negative.
        UserError: There is no teacher, one is described in another way, or features are to be learnt and widths are
            missing or a teacher is a file.
    """

    def __init__(
        self,
        teachers: Sequence[Mapping[str, Any]],
        temperature: float = 4.0,
        loss_weight: float = 1.0,
        feature_loss_weight: float = 0.0,
        in_channels: int | None = None,
        teacher_channels: Sequence[int] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        if not loss_weight >= 0 or not feature_loss_weight >= 0:
            raise ValueError(f"factors must be 0 or more, got {loss_weight} and {feature_loss_weight}")
        self.sources = [dict(teacher) for teacher in teachers]
        weights = [_weight(teacher) for teacher in self.sources]
        if not weights:
            raise UserError("distillation: teachers is empty; give dict(config=..., checkpoint=...)")
        self.weights = [weight / sum(weights) for weight in weights]
        self.temperature = temperature
        self.loss_weight = loss_weight
        self.feature_loss_weight = feature_loss_weight
        self.in_channels = in_channels
        self.projections = ModuleList()
        if feature_loss_weight:
            widths = list(teacher_channels or ())
            if in_channels is None or len(widths) != len(weights) or any("predictions" in one for one in self.sources):
                raise UserError(
                    "distillation: feature_loss_weight needs in_channels, teacher_channels with one width for each "
                    "teacher, and teachers that are models, as a file of predictions has no features"
                )
            self.projections.extend(
                nn.Identity() if width == in_channels else nn.Linear(in_channels, width) for width in widths
            )
        self._teachers: _Teachers | None = None
        self.trained_on: np.ndarray | None = None

    def set_teachers(self, teachers: Sequence[Teacher]) -> None:
        """Give it the teachers, one for each of ``sources``."""
        self._teachers = _Teachers(teachers)

    def forward(
        self,
        logits: Tensor,
        feature: Tensor,
        inputs: Mapping[str, Tensor],
        samples: Sequence[DataSample],
        *,
        mixed: bool,
        weight: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Compute the losses.

        Args:
            logits: The student's (N, K), without margins.
            feature: Its joint feature (N, C).
            inputs: What it got, already normalized.
            samples: N samples with ``img_path``.
            mixed: Whether batch augmentations mixed them.
            weight: Weight of each sample (N,).

        Raises:
            UserError: There are no teachers yet, the samples are mixed and a teacher is a file, a teacher has another
                number of classes, or a feature another width than was said.
        """
        if self._teachers is None:
            raise UserError("distillation: no teacher is loaded; train with tools/train.py or kdxf.apis.train.train")
        if mixed and not all(teacher.sees_inputs for teacher in self._teachers):
            raise UserError(
                "distillation: a file of predictions knows nothing of the images that batch_augments (train_cfg) mix: "
                "take the model itself as teacher, or leave batch_augments out"
            )
        answers = [teacher.answer(inputs, samples) for teacher in self._teachers]
        losses = {"distillation_loss": self.loss_weight * _mean(self._divergence(logits, answers), weight)}
        if self.feature_loss_weight:
            distance = self._distance(feature, answers)
            losses["distillation_feature_loss"] = self.feature_loss_weight * _mean(distance, weight)
        return losses

    def _divergence(self, logits: Tensor, answers: Sequence[TeacherAnswer]) -> Tensor:
        """Return the divergence of each sample times the temperature's square, (N,)."""
        for answer in answers:
            if answer.logits.shape != logits.shape:
                raise UserError(
                    f"distillation: a teacher has {answer.logits.shape[1]} classes, the student {logits.shape[1]}"
                )
        soft = [(answer.logits / self.temperature).softmax(dim=1) for answer in answers]
        target = torch.stack([part * share for part, share in zip(soft, self.weights, strict=True)]).sum(dim=0)
        log_p = (logits.float() / self.temperature).log_softmax(dim=1)
        return self.temperature**2 * (torch.xlogy(target, target) - target * log_p).sum(dim=1)

    def _distance(self, feature: Tensor, answers: Sequence[TeacherAnswer]) -> Tensor:
        """Return the mean square distance of each sample's feature to those of the teachers, (N,)."""
        if feature.shape[1] != self.in_channels:
            raise UserError(f"distillation: in_channels is {self.in_channels}, but the feature has {feature.shape[1]}")
        total = feature.new_zeros(len(feature), dtype=torch.float32)
        for projection, answer, share in zip(self.projections, answers, self.weights, strict=True):
            projected, theirs = projection(feature).float(), answer.feature
            if theirs is None or projected.shape != theirs.shape:
                found = "no feature" if theirs is None else f"a feature of {theirs.shape[1]} channels"
                raise UserError(
                    f"distillation: a teacher has {found}, and teacher_channels say {projected.shape[1]}; correct them"
                )
            total = total + share * (projected - theirs).square().mean(dim=1)
        return total


def _weight(teacher: Mapping[str, Any]) -> float:
    keys = set(teacher) - {"weight"}
    if keys not in ({"config", "checkpoint"}, {"predictions"}):
        raise UserError(
            f"distillation: a teacher has {', '.join(sorted(keys)) or 'nothing'}; give dict(config=..., "
            "checkpoint=...) or dict(predictions=...), and weight if you like"
        )
    weight = float(teacher.get("weight", 1.0))
    if not weight > 0:
        raise ValueError(f"the weight of a teacher must be above 0, got {weight}")
    return weight


def _mean(per_sample: Tensor, weight: Tensor | None) -> Tensor:
    return (per_sample if weight is None else per_sample * weight.float()).mean()
