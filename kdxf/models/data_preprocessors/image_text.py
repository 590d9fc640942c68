"""Data preprocessor for both modalities. Shapes: N batch, L tokens, D width of a word vector, K classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.structures import DataSample, label_to_onehot
from torch import Tensor

from kdxf.errors import UserError
from kdxf.models.batch_augments import ImageTextMixing
from kdxf.models.data_preprocessors.color_jitter import jitter_colors
from kdxf.models.data_preprocessors.normalize import is_interleaved, normalize_interleaved
from kdxf.registry import BATCH_AUGMENTS, MODELS


@MODELS.register_module()
class ImageTextDataPreprocessor(ClsDataPreprocessor):
    """MMPretrain's ``ClsDataPreprocessor`` for inputs that hold an image, a text, or both.

    Images go through MMPretrain's code (BGR to RGB, normalisation, padding), texts are moved to the device; then
    ``Mixup``, ``CutMix`` and ``ResizeMix`` of :mod:`kdxf.models.batch_augments` mix images, texts, targets and the
    ``sample_weight`` of the samples, all with one share. Inputs that are not a mapping are images alone and are
    handled by MMPretrain's code only.

    Args:
        *args: As of ``ClsDataPreprocessor``.
        batch_augments: As of MMPretrain's ``RandomBatchAugment``: ``augments``, one or a list, and ``probs``. A model's
            ``train_cfg`` is passed here. ``SwitchRecipeHook`` may set others, or None, during training.
        **kwargs: As of ``ClsDataPreprocessor``: ``mean``, ``std`` (RGB order when ``to_rgb``), ``to_rgb``,
            ``pad_size_divisor``, ``num_classes``, ``to_onehot``.

    Raises:
        UserError: ``batch_augments`` has no ``augments``, or ``probs`` does not give each one a probability.
    """

    def __init__(self, *args: Any, batch_augments: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        if batch_augments:
            if "augments" not in batch_augments:
                raise UserError(
                    f"batch_augments (a model's train_cfg) is {dict(batch_augments)}: name what mixes in it, such as "
                    "augments=[dict(type='Mixup', alpha=0.4)]"
                )
            augments = batch_augments["augments"]
            augments = [augments] if not isinstance(augments, Sequence) else augments
            # kdxf's augmentations come first, whatever the default scope is.
            built = [BATCH_AUGMENTS.build(part) if isinstance(part, dict) else part for part in augments]
            probs = batch_augments.get("probs")
            if probs is not None:
                probs = _probabilities(probs, len(built))
            batch_augments = {**batch_augments, "augments": built, "probs": probs}
        super().__init__(*args, batch_augments=batch_augments, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data: ``inputs``: a mapping with ``img`` (N, 3, H, W) and/or ``text`` (N, L, D), ``text_weight`` (N, L) and
                the like, or a list of such mappings of single samples, or images alone. Colours are changed as
                ``img_jitter`` (N, 3, 3) says. ``data_samples``: a list of N, optional.
            training: Whether batch augmentations apply. As in MMPretrain, samples without targets are not mixed.

        Returns:
            ``inputs`` and ``data_samples`` as the model takes them. Either all samples have a ``gt_score`` (K,),
            float32, or none has; if only some had one, that of the others is the one-hot label. Mixed samples have a
            mixed ``gt_score``, and ``sample_weight`` (1,) if any sample had one; their ``gt_label`` stays.

        Raises:
            UserError: Only some samples have a label, the number of classes is not known, a batch augmentation cannot
                mix such inputs, or colours are to be changed of images of several sizes.
        """
        inputs = data["inputs"]
        if isinstance(inputs, Sequence) and inputs and isinstance(inputs[0], Mapping):
            inputs = {key: [sample[key] for sample in inputs] for key in inputs[0]}
        if not isinstance(inputs, Mapping):
            return super().forward(data, training)

        samples = [sample for sample in data.get("data_samples") or () if isinstance(sample, DataSample)]
        _check_labels(samples)
        _agree_on_scores(samples)
        mixing = training and self.batch_augments is not None
        if "img_jitter" in inputs:
            inputs = self._jittered(dict(inputs))
        if mixing:
            self._check_classes(samples)
            self.to_onehot = True  # not so yet if a hook set batch_augments
        texts = {key: self._text(value) for key, value in inputs.items() if key != "img"}
        images = self._images(inputs["img"]) if "img" in inputs else None
        # Without images, an empty one lets MMPretrain's code handle the labels.
        left = inputs["img"] if "img" in inputs and images is None else torch.empty(1, 3, 0, 0)
        batch = super().forward({**data, "inputs": left}, training=False)
        inputs = {**texts, "img": batch["inputs"] if images is None else images} if "img" in inputs else texts
        if _float_scores(samples) and mixing:
            inputs = self._mix(inputs, samples)
        return {**batch, "inputs": inputs}

    def _jittered(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Change the colours of ``img`` as ``img_jitter`` says."""
        images, steps = inputs["img"], self._text(inputs.pop("img_jitter"))
        if not isinstance(images, Tensor):
            if len({tuple(image.shape) for image in images}) > 1:
                raise UserError("ColorJitter: on_device=True needs images of one size in a batch; crop them to one")
            images = torch.stack(list(images))
        return {**inputs, "img": jitter_colors(self.cast_data(images), steps)}

    def _images(self, images: Any) -> Tensor | None:
        """Normalize images whose channels lie together; None for what MMPretrain's code has to handle."""
        if not (self.to_rgb and self._enable_normalize and self.pad_size_divisor == 1 and is_interleaved(images)):
            return None
        return normalize_interleaved(self.cast_data(images), self.mean, self.std)

    def _text(self, value: Any) -> Tensor:
        """Stack (if needed) and move one text input to the device; floating-point numbers become float32."""
        tensor = self.cast_data(torch.stack(list(value)) if isinstance(value, Sequence) else value)
        return tensor.float() if tensor.is_floating_point() else tensor

    def _check_classes(self, samples: list[DataSample]) -> None:
        first = samples[0] if samples else DataSample()
        if self.num_classes is None and "gt_label" in first and "gt_score" not in first and "num_classes" not in first:
            raise UserError(
                "batch_augments mix targets, for which the number of classes must be known: set "
                "data_preprocessor=dict(num_classes=...)"
            )

    def _mix(self, inputs: dict[str, Tensor], samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the mixed inputs; the targets of the samples are mixed in place."""
        targets = torch.stack([sample.gt_score for sample in samples])
        num_classes = targets.size(1)
        weighted = any("sample_weight" in sample for sample in samples)
        if weighted:
            one = targets.new_ones(1)
            weights = [sample.get("sample_weight", one).to(targets) for sample in samples]
            targets = torch.cat((targets, torch.stack(weights)), dim=1)
        if set(inputs) == {"img"}:
            images, targets = self.batch_augments(inputs["img"], targets)
            inputs = {"img": images}
        else:
            self._check_augments()
            inputs, targets = self.batch_augments(inputs, targets)
        for sample, target in zip(samples, targets, strict=True):
            sample.set_gt_score(target[:num_classes])
            if weighted:
                sample.set_field(target[num_classes:], "sample_weight", dtype=Tensor)
        return inputs

    def _check_augments(self) -> None:
        for augment in self.batch_augments.augments:
            if not isinstance(augment, ImageTextMixing | None):
                raise UserError(
                    f"the batch augmentation {type(augment).__name__} mixes images only, but the samples have a text: "
                    "take kdxf's Mixup, CutMix or ResizeMix, or train on the image alone"
                )


def _probabilities(probs: float | Sequence[float], count: int) -> list[float]:
    """Return the probabilities of ``count`` augmentations as a new list, because MMPretrain appends to it."""
    listed = list(probs) if isinstance(probs, Sequence) else [probs]
    if len(listed) != count or min(listed) < 0 or sum(listed) > 1:
        raise UserError(
            f"batch_augments: probs is {probs}; give each of the {count} augments its probability, together 1 at most"
        )
    return listed


def _check_labels(samples: list[DataSample]) -> None:
    """Check that all samples have a label or none has, as MMPretrain's code assumes."""
    without = [sample for sample in samples if "gt_label" not in sample]
    if without and len(without) < len(samples):
        raise UserError(
            f"{without[0].get('img_path')} has no label, other images of its batch have: name lists with labels only, "
            "or give the dataset of those without a soft_label_file"
        )


def _agree_on_scores(samples: list[DataSample]) -> None:
    """Set soft targets from the labels of samples without one, if others of the batch have one."""
    lengths = [len(sample.gt_score) for sample in samples if "gt_score" in sample]
    for sample in samples if lengths else ():
        if "gt_score" not in sample:
            sample.set_gt_score(label_to_onehot(sample.gt_label, lengths[0]).float())


def _float_scores(samples: list[DataSample]) -> bool:
    """Convert soft targets to float32, and return whether there are any.

    MMPretrain's one-hot targets are integers, which its own ``CrossEntropyLoss`` does not take.
    """
    scored = [sample for sample in samples if "gt_score" in sample]
    for sample in scored:
        sample.set_gt_score(sample.gt_score.float())
    return bool(scored)
