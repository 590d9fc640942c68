"""Prediction from Python: load once, then paths in, labels out."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from torch import nn
from torch.utils.data import Subset
from tqdm import tqdm

from kdxf.apis.stages import last_stage
from kdxf.engine.checkpoint import classes_of, trusting_checkpoints
from kdxf.engine.config import building, load_config
from kdxf.errors import UserError
from kdxf.evaluation.calibration.use import fitting_calibration
from kdxf.evaluation.drift.response import watching
from kdxf.evaluation.drift.stored import read_fingerprint
from kdxf.evaluation.routing.stored import fitting_routing
from kdxf.inference.inputs import InputTexts, TextReader, with_table
from kdxf.inference.model import choose_device, config_classes, load_model, rename
from kdxf.inference.pipeline import (
    InferenceDataset,
    dataset_config,
    iterate_batches,
    needs_ocr,
    needs_table,
    pipeline_config,
)
from kdxf.io.provenance import TRAINING_DATA
from kdxf.models.heads.predicted_classes import is_multi_label, predicted_classes
from kdxf.registry import DATASETS, MODELS
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.categories import Categories
from kdxf_runtime.drift.comparison import describe_drift
from kdxf_runtime.drift.fingerprint import sample
from kdxf_runtime.drift.response import Response
from kdxf_runtime.inputs import InputImage, collect_images
from kdxf_runtime.predictions import GIVEN, NOT_READ, READ, Prediction
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.routing import Routing

DEFAULT_ENGINE = {"type": "RapidOCREngine"}


READING = ("always", "auto")
"""When the text of an image is read."""

_Trusted = tuple[np.ndarray, tuple[int, ...] | None, bool | None]
"""Of an image the scores (K,), the likely classes, and whether it is like none of them."""


@dataclass(frozen=True)
class FirstLook:
    """What the pictures alone have told.

    Attributes:
        sure: Predictions by the index of the image.
        rest: Indices of the images whose text has to be read.
    """

    sure: Mapping[int, Prediction]
    rest: frozenset[int]


def _trusted(own: np.ndarray, calibration: Calibration | None, scores: np.ndarray | None = None) -> Iterator[_Trusted]:
    """Yield what scores mean, of each image in a batch.

    Args:
        own: The model's own, float32 (N, K).
        calibration: What they mean; None leaves them as they are.
        scores: Calibrated scores; by default those of the calibration.
    """
    if calibration is None:
        yield from ((row, None, None) for row in own)
        return
    scores = calibration.apply(own) if scores is None else scores
    sets, unlike = calibration.sets.of(scores), calibration.is_unlike(own)
    for row, inside, strange in zip(scores, sets, unlike, strict=True):
        likely = np.flatnonzero(inside)
        yield row, tuple(likely[np.argsort(-row[likely], kind="stable")].tolist()), bool(strange)


class KDXFInferencer:
    """Predicts the class of images with a trained model; text is read on the fly where the model needs it.

    ::

        inferencer = KDXFInferencer("configs/demo/moe_r18.py", "work_dirs/demo/moe_r18/epoch_40.pth")
        for prediction in inferencer(["a.jpg", "folder/"]):
            print(prediction.image_id, prediction.category_name, prediction.score, prediction.error)

    Each image goes through the config's test pipeline, so that scores equal those of ``tools/test.py``. They are
    calibrated where ``kdxf calibrate`` has left a calibration beside the checkpoint. A call warns where the images
    differ from those of the fingerprint that it has left as well (:mod:`kdxf_runtime.drift`).

    Args:
        config: A config or its path; of one with stages the last is used.
        checkpoint: A checkpoint of the config's model, path or URL.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ...; by default the GPU where there is one.
        tta: Test-time augmentation: the config's ``tta_model`` and ``tta_pipeline``.
        amp: Mixed precision, as in ``tools/test.py``: float16 on a GPU, bfloat16 on a CPU.
        trust_checkpoint: Load a checkpoint that may run code.
        engine: Config of the OCR engine; by default the config's ``ocr_engine``, and RapidOCR where it has none.
        ocr: ``'always'`` reads the text of every image; ``'auto'`` only where the picture alone is not sure enough, by
            the routing that ``kdxf calibrate`` has left beside the checkpoint (:mod:`kdxf.evaluation.routing`). A text
            that a table has is always used.
        class_names: File with readable class names, see :meth:`kdxf.inference.model.rename`.

    Attributes:
        categories: Ids and names of the K classes.
        classes: The K names that the model was trained with, whatever ``class_names`` calls them.
        trained_on: int64, keys of the images that it was trained on (:mod:`kdxf.datasets.image_keys`); None where the
            checkpoint does not say.
        training_data: The data that it was trained on, as in :class:`kdxf.io.provenance.Provenance`; empty where the
            checkpoint does not say.
        calibration: What the scores mean; None where there is none, or it is not for predictions of this kind.
        routing: Which images need their text read; None where all are read.
        drift: In what the images of the last call differ from those that the checkpoint was calibrated on, in a
            sentence; None where nothing is known to differ, or it has no fingerprint.
        needs_text: Whether the pipeline takes the text of an image. OCR runs only then.
        needs_table: Whether it takes columns of a table.

    Raises:
        UserError: The config or the checkpoint cannot be used, they do not belong together, ``tta`` is not configured,
            the device does not exist, or ``ocr='auto'`` has no routing that fits
            (:func:`kdxf.evaluation.routing.stored.fitting_routing`).
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        *,
        device: str | None = None,
        tta: bool = False,
        amp: bool = False,
        trust_checkpoint: bool = False,
        engine: Mapping[str, Any] | None = None,
        ocr: str = "always",
        class_names: str | Path | None = None,
    ) -> None:
        self.cfg = last_stage(config if isinstance(config, Config) else load_config(config))
        self.amp = amp
        if ocr not in READING:
            raise UserError(f"--read-text {ocr}: give {' or '.join(READING)}")
        self.calibration = fitting_calibration(checkpoint, tta=tta)
        self.routing = fitting_routing(checkpoint, tta=tta) if ocr == "auto" else None
        self._fingerprint = read_fingerprint(checkpoint)
        self.drift: str | None = None
        self._pipeline = pipeline_config(self.cfg, tta)
        self.device = choose_device(device)
        with building(self.cfg), trusting_checkpoints(trust_checkpoint):
            model, meta = load_model(self.cfg, str(checkpoint))
            self._head = getattr(model, "head", None)
            self.categories = self._name_categories(model, classes_of(meta))
            self.model: Any = MODELS.build({**self.cfg.tta_model, "module": model}) if tta else model
            self.needs_text = needs_ocr(self._pipeline)
            self.needs_table = needs_table(self._pipeline)
        if self.routing is not None:
            self._check_routing(self.routing)
        self.classes = self.categories.names or tuple(map(str, self.categories.ids))
        trained_on = meta.get("trained_on")
        self.trained_on = None if trained_on is None else trained_on.numpy()
        self.training_data = tuple(meta.get(TRAINING_DATA, ()))
        if class_names is not None:
            self.categories = rename(self.categories, class_names)
        self.model.to(self.device).eval()
        engine = engine or self.cfg.get("ocr_engine") or DEFAULT_ENGINE
        self.reader = TextReader(engine, (self.cfg.get("custom_imports") or {}).get("imports", ()))

    def __call__(
        self,
        inputs: Sequence[str | Path],
        *,
        batch_size: int = 32,
        workers: int = 0,
        ocr_table: str | Path | None = None,
        ocr_root: str | Path | None = None,
        table: str | Path | None = None,
        progress: bool = False,
    ) -> list[Prediction]:
        """Predict images and the images in folders.

        Args:
            inputs: Paths; see :func:`kdxf_runtime.inputs.collect_images` for ids and order.
            batch_size: Images in a batch.
            workers: Processes for loading and for OCR; 0 does both in this process. OCR workers are spawned: a script
                that asks for them calls this below ``if __name__ == '__main__':``.
            ocr_table: An OCR table; images that it lacks are read now.
            ocr_root: The folder that the paths of the table are relative to; by default the folder given as input.
            table: A CSV with the columns of the images, for a model that takes some.
            progress: Show progress bars.

        Returns:
            One prediction for each image. One that cannot be read is predicted as a blank one and has ``error``.

        Raises:
            UserError: An input or a table does not exist.
        """
        images = self.with_columns(collect_images(inputs, ocr_root), table)
        texts, first = None, None
        if self.needs_text:
            texts = InputTexts.from_table(images, None if ocr_table is None else OCRTable.open(ocr_table))
            first = self.first_look(images, texts, batch_size=batch_size, workers=workers, progress=progress)
            texts.read_missing(self.reader, workers, progress, None if first is None else first.rest)
        with self.watching(len(images)) as responses:
            predictions = list(self.predict(images, texts, batch_size=batch_size, workers=workers, first=first))
        self.drift = self.describe_drift(images, texts, responses, first)
        if self.drift is not None:
            print_log(self.drift, logger="current", level=logging.WARNING)
        return predictions

    def with_columns(self, images: Sequence[InputImage], table: str | Path | None) -> list[InputImage]:
        """Give images the cells of a table, if the model takes any; where there are none, that is logged.

        Args:
            images: The images, which may have cells already.
            table: A CSV (:func:`kdxf.inference.inputs.with_table`); None leaves the images as they are.

        Raises:
            UserError: There is a table, but the model takes none, or it cannot be used.
        """
        if table is not None and not self.needs_table:
            raise UserError(f"--table {table}: the pipeline of the config takes no columns; leave the option out")
        if table is not None:
            return with_table(images, Path(table))
        if self.needs_table and all(image.columns is None for image in images):
            print_log(
                "the model takes columns of a table, and none is given, so that all count as missing; give --table CSV",
                logger="current",
                level=logging.WARNING,
            )
        return list(images)

    def first_look(
        self,
        images: Sequence[InputImage],
        texts: InputTexts,
        *,
        batch_size: int = 32,
        workers: int = 0,
        progress: bool = False,
    ) -> "FirstLook | None":
        """Predict images whose text has not been read by the picture alone, and keep the sure answers.

        Args:
            images: The images.
            texts: What is known of their texts.
            batch_size: Images in a batch.
            workers: Loader processes.
            progress: Show a progress bar.

        Returns:
            The answers, and which images need their text read; None where all texts are read.
        """
        if self.routing is None:
            return None
        rows, sure = texts.unread(), {}
        if np.isfinite(self.routing.rule.threshold):
            with building(self.cfg):
                dataset = InferenceDataset(images, None, self._pipeline)
            todo = iter(tqdm(rows, desc="look", unit=" images", disable=not progress or not rows))
            for batch, errors in iterate_batches(Subset(dataset, rows), self.cfg, batch_size, workers) if rows else ():
                own = self.scores(batch)
                scores, by_image = self.routing.rule.look(own)
                trusted = _trusted(own, self.routing.calibration, scores)
                for values, is_sure, error in zip(trusted, by_image, errors, strict=True):
                    row = next(todo)
                    if is_sure and error is None:
                        sure[row] = self._prediction(images[row], *values, None, NOT_READ)
            next(todo, None)  # ends the progress bar
        return FirstLook(sure, frozenset(rows) - sure.keys())

    def watching(self, count: int) -> AbstractContextManager[Mapping[int, Response]]:
        """Keep for :meth:`describe_drift` what the model makes of some of ``count`` images, which a block predicts.

        Without a fingerprint nothing is kept.
        """
        return watching(self.model, () if self._fingerprint is None else sample(count).tolist())

    def describe_drift(
        self,
        images: Sequence[InputImage],
        texts: InputTexts | None,
        responses: Mapping[int, Response],
        first: "FirstLook | None" = None,
    ) -> str | None:
        """Say in what images differ from those that the checkpoint was calibrated on, as :attr:`drift`.

        Args:
            images: The images.
            texts: Their texts; None where :attr:`needs_text` is False.
            responses: What :meth:`watching` kept.
            first: What :meth:`first_look` found. Images that have their text read then are the unsure ones, and scores
                are of another system than those of the fingerprint, so that only the pictures are compared.
        """
        if self._fingerprint is None:
            return None
        paths = [image.path for image in images]
        if first is not None:
            return describe_drift(self._fingerprint, paths, None, dict.fromkeys(sample(len(images)).tolist()), None)
        return describe_drift(self._fingerprint, paths, texts, responses, self.calibration)

    def predict(
        self,
        images: Sequence[InputImage],
        texts: InputTexts | None,
        *,
        batch_size: int = 32,
        workers: int = 0,
        first: "FirstLook | None" = None,
    ) -> Iterator[Prediction]:
        """Predict images whose texts are known, and yield one prediction for each, in order.

        Args:
            images: The images.
            texts: Their texts; None where :attr:`needs_text` is False.
            batch_size: Images in a batch.
            workers: Loader processes.
            first: What :meth:`first_look` found.
        """
        with building(self.cfg):
            dataset = InferenceDataset(images, texts, self._pipeline)
        sure: Mapping[int, Prediction] = {} if first is None else first.sure
        rows = [index for index in range(len(images)) if index not in sure]
        found = self._by_everything(images, dataset, rows, first, batch_size, workers)
        for index in range(len(images)):
            yield sure[index] if index in sure else next(found)

    def _by_everything(
        self,
        images: Sequence[InputImage],
        dataset: InferenceDataset,
        rows: Sequence[int],
        first: "FirstLook | None",
        batch_size: int,
        workers: int,
    ) -> Iterator[Prediction]:
        """Predict the images of these indices, with whatever text they have."""
        todo = iter(rows)
        for batch, errors in iterate_batches(Subset(dataset, rows), self.cfg, batch_size, workers) if rows else ():
            own = self.scores(batch)
            given = list(_trusted(own, self.calibration))
            read = given if self.routing is None else list(_trusted(own, self.routing.calibration))
            for one, other, error in zip(given, read, errors, strict=True):
                row = next(todo)
                text = None if first is None else READ if row in first.rest else GIVEN
                yield self._prediction(images[row], *(other if text == READ else one), error, text)

    def test_dataset(self) -> BaseDataset:
        """Open the config's test dataset.

        Raises:
            UserError: It cannot be opened.
        """
        with building(self.cfg):
            return DATASETS.build(self.cfg.test_dataloader.dataset)

    @torch.inference_mode()
    def scores(self, batch: dict) -> np.ndarray:
        """Return the scores of a batch of the test pipeline, float32 (N, K)."""
        with torch.autocast(self.device.type, enabled=self.amp):
            samples = self.model.test_step(batch)
        return torch.stack([sample.pred_score for sample in samples]).float().cpu().numpy()

    def _prediction(
        self,
        image: InputImage,
        scores: np.ndarray,
        likely: tuple[int, ...] | None,
        unlike: bool | None,
        error: str | None,
        text: str | None = None,
    ) -> Prediction:
        index = int(scores.argmax())
        return Prediction(
            image.image_id,
            self.categories.ids[index],
            self.categories.name(index),
            float(scores[index]),
            scores,
            error,
            labels=self._labels(scores),
            likely=likely,
            unlike=unlike,
            text=text,
        )

    def _check_routing(self, routing: Routing) -> None:
        if not self.needs_text:
            raise UserError("--read-text auto: the pipeline of the config takes no text; leave the option out")
        if not np.isfinite(routing.rule.threshold):
            print_log(
                "--read-text auto: every text is read, as no text could be spared on the calibration images at a loss "
                f"of at most {100 * routing.budget:g} points of accuracy",
                logger="current",
                level=logging.WARNING,
            )

    def _labels(self, scores: np.ndarray) -> tuple[int, ...] | None:
        """Return the classes that a multi-label head predicts at scores (K,); None for other heads."""
        if not is_multi_label(self._head):
            return None
        return tuple(predicted_classes(self._head, torch.from_numpy(scores)).tolist())

    def _name_categories(self, model: nn.Module, classes: list[str] | None) -> Categories:
        count = getattr(getattr(model, "head", None), "num_classes", None)
        if classes is None:
            classes = config_classes(dataset_config(self.cfg))
        if classes is None:
            if count is None:
                raise UserError(f"config {self.cfg.filename}: set test_dataloader.dataset.classes to the class names")
            return Categories.unnamed(count)
        if count not in (None, len(classes)):
            raise UserError(
                f"config {self.cfg.filename}: the model has {count} classes, but there are {len(classes)} class names; "
                "set num_classes or classes right"
            )
        return Categories.named(classes)
