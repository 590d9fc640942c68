"""Several classifiers as one model. Shapes: N batch, M members, C_m channels of a member's feature, K classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import ModuleList
from mmpretrain.models import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.heads.predicted_classes import predicted_classes
from kdxf.registry import MODELS

Inputs = Tensor | Mapping[str, Tensor]


@MODELS.register_module()
class EnsembleClassifier(BaseClassifier):
    r"""Average the scores of several classifiers that see the same inputs.

    .. math:: p = \sum_m w_m p_m \Big/ \sum_m w_m

    The members are trained one by one, each with a config of its own; ``tools/recipes/join_models.py`` puts their
    checkpoints together. One model then answers with the test pipeline, test-time augmentation and reports of any
    other. It pays where the members err on different images, such as a head on frozen features beside the fine-tuned
    model; it takes as long as all of them.

    Args:
        members: Configs of M classifiers, such as ``ImageTextClassifier``, with the same K classes and inputs. A data
            preprocessor in a member's config gives way to the common one.
        weights: :math:`w_m`, by default all 1.
        data_preprocessor: That of all members, ``ImageTextDataPreprocessor`` by default.
        init_cfg: Initialization, as everywhere in MMEngine.

    Attributes:
        head: The head of the first member, which says what the classes are.

    Raises:
        UserError: There are fewer than two members, not one weight above 0 for each, or a member has no head or
            another number of classes.
    """

    def __init__(
        self,
        members: Sequence[dict[str, Any]],
        weights: Sequence[float] | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if not isinstance(data_preprocessor, nn.Module):
            data_preprocessor = MODELS.build({"type": "ImageTextDataPreprocessor", **(data_preprocessor or {})})
        super().__init__(init_cfg=init_cfg, data_preprocessor=data_preprocessor)
        if len(members) < 2:
            raise UserError(f"EnsembleClassifier: members must be two classifiers or more, got {len(members)}")
        weights = [1.0] * len(members) if weights is None else list(weights)
        if len(weights) != len(members) or not all(weight > 0 for weight in weights):
            raise UserError(
                f"EnsembleClassifier: weights must be one number above 0 for each of {len(members)} members, got "
                f"{weights}"
            )
        self.weights = [weight / sum(weights) for weight in weights]
        self.members = ModuleList(
            MODELS.build({**member, "data_preprocessor": data_preprocessor}) for member in members
        )
        counts = [getattr(getattr(member, "head", None), "num_classes", None) for member in self.members]
        if None in counts or len(set(counts)) > 1:
            raise UserError(f"EnsembleClassifier: the heads of all members need the same num_classes, got {counts}")

    @property
    def head(self) -> Any:
        """The head of the first member, which says what the classes are."""
        return self.members[0].head

    def forward(self, inputs: Inputs, data_samples: list[DataSample] | None = None, mode: str = "tensor") -> Any:
        """Run the members.

        Args:
            inputs: As of the members: ``img`` (N, 3, H, W) and/or inputs of the text encoders.
            data_samples: N samples to fill in; None creates new ones.
            mode: ``'tensor'`` returns log scores (N, K), ``'predict'`` N samples with ``pred_score`` and
                ``pred_label``.

        Raises:
            UserError: ``mode`` is ``'loss'``: the members are trained one by one.
            ValueError: ``mode`` is none of these.
        """
        if mode == "loss":
            raise UserError(
                "EnsembleClassifier cannot be trained; train each member by its own config, then put the checkpoints "
                "together with tools/recipes/join_models.py"
            )
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode != "tensor":
            raise ValueError(f"mode must be 'tensor' or 'predict', got {mode!r}")
        return self._scores(inputs).log()

    def extract_feat(self, inputs: Inputs) -> tuple[Tensor]:
        """Return the members' features side by side, (N, the sum of all C_m)."""
        return (torch.cat([member.extract_feat(inputs)[-1].flatten(1) for member in self._members()], dim=1),)

    def predict(self, inputs: Inputs, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Return ``data_samples`` (None: N new ones) with the mean ``pred_score`` (K,) and its ``pred_label``."""
        scores = self._scores(inputs)
        samples = [DataSample() for _ in scores] if data_samples is None else data_samples
        for sample, score in zip(samples, scores, strict=True):
            sample.set_pred_score(score).set_pred_label(predicted_classes(self.head, score))
        return samples

    def _members(self) -> list[Any]:
        return list(self.members)

    def _scores(self, inputs: Inputs) -> Tensor:
        """Return the mean scores (N, K), float32."""
        answers = [member.predict(inputs) for member in self._members()]
        scores = [torch.stack([sample.pred_score for sample in answer]).float() for answer in answers]
        return torch.stack([weight * score for weight, score in zip(self.weights, scores, strict=True)]).sum(dim=0)
