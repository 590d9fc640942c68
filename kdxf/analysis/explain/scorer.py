"""Scores of images whose text or picture is changed first. Shapes: n samples, K classes."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from kdxf.engine.config import building, config_digest
from kdxf.evaluation.covered_pictures import Cover, covering_pictures
from kdxf.evaluation.missing_modality import has_both_modalities, modalities_of, remove_modality
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import dataset_images
from kdxf.inference.pipeline import InferenceDataset, dataset_config, iterate_batches
from kdxf.inference.score_file import dataset_labels
from kdxf.io.predictions import multi_hot
from kdxf.models.heads.predicted_classes import is_multi_label, predicted_classes
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.ocr.record import OCRRecord

_BACKBONES = ("image_backbone", "backbone")  # of kdxf's classifiers, and of MMPretrain's


@dataclass(frozen=True)
class Sample:
    """An image and the text that the model gets with it."""

    image: InputImage
    record: OCRRecord


class Scorer:
    """A model that answers for samples as it does in a test, and for changed ones.

    Args:
        cfg: A config; of one with stages the last is used.
        checkpoint: A checkpoint of its model.
        device: As of :class:`~kdxf.inference.inferencer.KDXFInferencer`.
        trust_checkpoint: Load a checkpoint that may run code.

    Attributes:
        checkpoint: The checkpoint.
        digest: Of the whole config (:func:`kdxf.engine.config.config_digest`).
        cfg: The config, or its last stage.
        inferencer: The model.
        samples: The n samples of the config's test list, with the text that its dataset gives them.
        labels: Their true classes, as in :class:`kdxf.io.predictions.Predictions`; None where no label is known.
        both: Whether the model takes image and text, and can do without either.
        takes_table: Whether the model takes columns of a table beside an image or a text.
        takes_image: Whether the model, or a member of an ensemble, takes an image.
    """

    def __init__(
        self, cfg: Config, checkpoint: str | Path, *, device: str | None = None, trust_checkpoint: bool = False
    ) -> None:
        self.checkpoint = checkpoint
        self.digest = config_digest(cfg)
        self.inferencer = KDXFInferencer(cfg, checkpoint, device=device, trust_checkpoint=trust_checkpoint)
        self.cfg = self.inferencer.cfg
        self.both = has_both_modalities(self.cfg.model)
        taken = modalities_of(self.cfg.model)
        self.takes_table = "table" in taken and len(taken) > 1
        dataset = self.inferencer.test_dataset()
        self.samples = [
            Sample(image, dataset.get_data_info(row).get("ocr") or OCRRecord.empty(image.ocr_key))
            for row, image in enumerate(dataset_images(dataset))
        ]
        self.labels = dataset_labels(dataset, self.inferencer.classes)
        self._dataset = lru_cache(maxsize=3)(self._build_dataset)
        classifiers = classifiers_of(self.inferencer.model)
        self.takes_image = any(backbone_name(classifier) is not None for classifier in classifiers)
        for classifier in classifiers:
            if (name := backbone_name(classifier)) is not None:
                setattr(classifier, name, _OncePerPicture(getattr(classifier, name)))

    def pipeline(self, without: tuple[str, ...] = (), cover: Cover | None = None) -> list[dict]:
        """Return the configs of the transforms, with modalities removed or a part of every picture covered.

        Args:
            without: Of ``'image'``, ``'text'`` and ``'table'``.
            cover: The part of every picture to cover.

        Raises:
            UserError: The model does not have the modality and another one, or the pipeline loads no picture.
        """
        cfg = copy.deepcopy(self.cfg)
        for modality in without:
            remove_modality(cfg, modality)
        steps = dataset_config(cfg).pipeline
        return steps if cover is None else covering_pictures(steps, cover)

    def scores(
        self,
        samples: Sequence[Sample],
        *,
        without: tuple[str, ...] = (),
        cover: Cover | None = None,
        batch_size: int = 64,
        workers: int = 0,
    ) -> tuple[np.ndarray, list[str | None]]:
        """Return scores float32 (n, K) of n samples, and why their images cannot be read; see :meth:`pipeline`."""
        if not samples:
            return np.zeros((0, len(self.inferencer.classes)), np.float32), []
        dataset = self._dataset(without, cover)
        dataset.images = [sample.image for sample in samples]
        dataset.texts = [sample.record for sample in samples]
        scores, errors = [], []
        for batch, reasons in iterate_batches(dataset, self.cfg, batch_size, workers):
            scores.append(self.inferencer.scores(batch))
            errors += reasons
        return np.concatenate(scores), errors

    def predicted_classes(self, scores: np.ndarray) -> np.ndarray | None:
        """Return the classes that a multi-label model gives at scores (n, K), bool (n, K); None for other models."""
        head = getattr(self.inferencer.model, "head", None)
        if not is_multi_label(head):
            return None
        rows = [predicted_classes(head, torch.from_numpy(row)).tolist() for row in scores]
        return multi_hot(rows, scores.shape[1])

    def inputs(self, sample: Sample) -> Any:
        """Return the inputs of the model for one sample, a batch of one."""
        dataset = self._dataset((), None)
        dataset.images, dataset.texts = [sample.image], [sample.record]
        batch, _ = next(iterate_batches(dataset, self.cfg, 1, workers=0))
        return self.inferencer.model.data_preprocessor(batch)["inputs"]

    def _build_dataset(self, without: tuple[str, ...], cover: Cover | None) -> Any:
        with building(self.cfg):
            return InferenceDataset([], None, self.pipeline(without, cover))


def classifiers_of(model: Any) -> list[Any]:
    """Return the members of an ensemble, or the model itself."""
    return list(getattr(model, "members", None) or [model])


def backbone_name(classifier: Any) -> str | None:
    """Return the name of a classifier's attribute that is its image backbone; None where it has none."""
    return next((name for name in _BACKBONES if getattr(classifier, name, None) is not None), None)


class _OncePerPicture(nn.Module):
    """A backbone that runs once for neighbours in a batch that show the same picture, with different texts."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        new = torch.ones(len(images), dtype=torch.bool, device=images.device)
        new[1:] = (images[1:] != images[:-1]).flatten(1).any(dim=1)
        return tuple(feature[new.cumsum(dim=0) - 1] for feature in self.backbone(images[new]))
