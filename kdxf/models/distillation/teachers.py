"""Teachers: frozen models, and predictions from a file. Shapes: N batch, C channels of a feature, K classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from kdxf.errors import UserError

# A file holds probabilities, perhaps in half precision: what is 0 there is this at least.
_LEAST = 1e-8


@dataclass(frozen=True)
class TeacherAnswer:
    """What a teacher says of a batch.

    Attributes:
        logits: (N, K), float32; logarithms of probabilities will do.
        feature: (N, C), or None of a file of predictions.
    """

    logits: Tensor
    feature: Tensor | None


class Teacher(Protocol):
    """Answers for batches."""

    sees_inputs: bool
    """Whether the answer follows from the inputs, and not from the image's name."""

    def answer(self, inputs: Mapping[str, Tensor], samples: Sequence[DataSample]) -> TeacherAnswer:
        """Return what it says of the inputs and samples of a batch, as the student gets them."""


class ModelTeacher:
    """A trained classifier, frozen and in evaluation mode, that gets the very inputs of the student.

    They have been normalized for the student; where the teacher was trained with another mean or standard deviation,
    its images are normalized anew.

    Args:
        model: An ``ImageTextClassifier`` or ``EnsembleClassifier``.
        student: The student's data preprocessor.
        name: Its name in messages.

    Raises:
        UserError: The teacher takes the channels of an image in another order.
    """

    sees_inputs = True

    def __init__(self, model: Any, student: Any, name: str) -> None:
        self.model, self.name = model.eval().requires_grad_(False), name
        own, theirs = model.data_preprocessor, student
        if _normalizes(own) != _normalizes(theirs) or getattr(own, "to_rgb", False) != getattr(theirs, "to_rgb", False):
            raise UserError(
                f"distillation: {name} takes images with other channels or values than the student (to_rgb, mean and "
                "std of data_preprocessor): give the student the data_preprocessor of its teacher"
            )
        self._mean: Tensor | None = None
        if _normalizes(own) and not (_same(own.mean, theirs.mean) and _same(own.std, theirs.std)):
            scale = theirs.std / own.std
            self._mean, self._scale = (theirs.mean - own.mean) / own.std, scale

    @torch.no_grad()
    def answer(self, inputs: Mapping[str, Tensor], samples: Sequence[DataSample]) -> TeacherAnswer:
        """Return the logits and the joint feature of a batch.

        Raises:
            UserError: An input is missing that the teacher needs.
        """
        device = next(iter(inputs.values())).device
        if next(self.model.parameters()).device != device:
            self.model.to(device)
        if self._mean is not None:
            image = inputs["img"]
            inputs = {**inputs, "img": image * self._scale.to(device) + self._mean.to(device)}
        try:
            feature = self.model.extract_feat(inputs)
        except UserError as error:
            raise UserError(f"distillation: the teacher {self.name} gets the inputs of the student: {error}") from error
        # An ensemble has no head that makes scores of its members' features.
        logits = self.model(inputs) if hasattr(self.model, "members") else self.model.head(feature)
        return TeacherAnswer(logits.float(), feature[-1].float())


class TeacherPredictions:
    """Predictions that a file holds for every training image.

    Args:
        scores: Probabilities (n, K).
        rows: The row of each image, by its path as the pipeline opens it.
    """

    sees_inputs = False

    def __init__(self, scores: Tensor, rows: Mapping[str, int]) -> None:
        self.scores, self.rows = scores.float(), rows

    def answer(self, inputs: Mapping[str, Tensor], samples: Sequence[DataSample]) -> TeacherAnswer:
        """Return the logarithms of the stored probabilities."""
        device = next(iter(inputs.values())).device
        scores = self.scores[[self.rows[sample.img_path] for sample in samples]]
        return TeacherAnswer(scores.clamp_min(_LEAST).log().to(device), None)


def _normalizes(preprocessor: Any) -> bool:
    return bool(getattr(preprocessor, "_enable_normalize", False))


def _same(ours: Tensor, theirs: Tensor) -> bool:
    return torch.equal(ours.cpu().expand(3, 1, 1), theirs.cpu().expand(3, 1, 1))
