"""Inference as a function: predictions of images as a CSV, and a report."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from tqdm import tqdm

from kdxf.engine.config import config_digest
from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import CALIBRATED_BY, used_images
from kdxf.evaluation.routing.stored import ROUTED_BY
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.inputs import InputTexts, dataset_images
from kdxf.inference.score_file import Probabilities, dataset_labels
from kdxf.io.provenance import MILLISECONDS, Provenance
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.inputs import InputImage, collect_images
from kdxf_runtime.io.files import in_utf8
from kdxf_runtime.io.machine import peak_memory
from kdxf_runtime.io.prediction_csv import open_replacing
from kdxf_runtime.predictions import Columns, Prediction, PredictionWriter
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.decide import check_shares, expected, with_decisions

_SHOWN = 10
_GIB = 2**30


@dataclass
class InferenceReport:
    """Result of :func:`infer`; ``str()`` returns it as a text.

    Attributes:
        csv: The file written (of two, the CSV).
        images: Images predicted, one row each.
        device: Where the model ran.
        start_seconds: Time to load the model and list the images.
        ocr_seconds: Time that OCR took now.
        ocr_images: Images whose text was read now.
        predict_seconds: Time for loading images and for the model.
        errors: ``(image_id, reason)`` of each image that could not be read.
        spared: Images whose text was not read, as the picture alone was sure enough; None where all texts are read.
        trust: What is expected of the predictions that were accepted, in a sentence.
        drift: In what the images differ from those that the checkpoint was calibrated on, in a sentence.
    """

    csv: Path
    images: int
    device: torch.device
    start_seconds: float
    ocr_seconds: float = 0.0
    ocr_images: int = 0
    predict_seconds: float = 0.0
    errors: list[tuple[str, str]] = field(default_factory=list)
    spared: int | None = None
    trust: str | None = None
    drift: str | None = None

    @contextmanager
    def timing(self, part: Literal["ocr", "predict"]) -> Iterator[None]:
        """Add the time of the block to a part."""
        start = time.perf_counter()
        yield
        name = f"{part}_seconds"
        setattr(self, name, getattr(self, name) + time.perf_counter() - start)

    def count(self, prediction: Prediction) -> None:
        """Keep the error of a prediction, if it has one."""
        if prediction.error is not None:
            self.errors.append((prediction.image_id, prediction.error))

    @property
    def milliseconds(self) -> float:
        """Milliseconds per image, with OCR and without the start."""
        return 1000 * (self.ocr_seconds + self.predict_seconds) / self.images

    def costs(self, takes_text: bool) -> dict[str, Any]:
        """Return what an image costs, as :data:`kdxf.io.provenance.MILLISECONDS` has it."""
        ocr = 1000 * self.ocr_seconds / self.ocr_images if self.ocr_images else None
        return {"predict": 1000 * self.predict_seconds / self.images, "ocr": ocr, "takes_text": takes_text}

    @property
    def memory(self) -> int:
        """Peak memory of this process so far, in bytes, without loader and OCR workers."""
        return peak_memory()

    def over_budget(self, milliseconds: float | None, gigabytes: float | None) -> list[str]:
        """Return a line for each limit that was exceeded.

        Args:
            milliseconds: Limit for :attr:`milliseconds`.
            gigabytes: Limit for :attr:`memory`, in units of 2**30 bytes.
        """
        over = []
        if milliseconds is not None and self.milliseconds > milliseconds:
            over.append(f"over budget: {self.milliseconds:.1f} ms per image, {milliseconds:g} ms allowed")
        if gigabytes is not None and self.memory / _GIB > gigabytes:
            over.append(f"over budget: {self.memory / _GIB:.2f} GiB of memory, {gigabytes:g} GiB allowed")
        return over

    def __str__(self) -> str:
        seconds = self.ocr_seconds + self.predict_seconds
        ocr = f"OCR {1000 * self.ocr_seconds / self.images:.1f} ms ({self.ocr_images} images read now)"
        memory = f"peak memory: {self.memory / _GIB:.2f} GiB"
        if self.device.type == "cuda":
            memory += f", GPU {torch.cuda.max_memory_allocated(self.device) / _GIB:.2f} GiB"
        lines = [
            f"{self.csv}: {self.images} images, {len(self.errors)} with an error",
            f"{seconds:.1f} s after a start of {self.start_seconds:.1f} s: {self.images / seconds:.1f} images/s",
            f"per image: {self.milliseconds:.1f} ms, of which {ocr}, "
            f"loading and model {1000 * self.predict_seconds / self.images:.1f} ms",
            memory,
            *([] if self.spared is None else [self._spared()]),
            *([] if self.trust is None else [self.trust]),
            *([] if self.drift is None else [self.drift]),
        ]
        lines += [f"error: {in_utf8(image_id)}: {reason}" for image_id, reason in self.errors[:_SHOWN]]
        if (rest := len(self.errors) - _SHOWN) > 0:
            lines.append(f"... and {rest} more: the rows whose column 'error' is not empty")
        return "\n".join(lines)

    def _spared(self) -> str:
        spared = self.spared or 0
        wanted = spared + self.ocr_images
        return (
            f"text not read: {spared} of {wanted} images without a text at hand ({spared / max(wanted, 1):.1%} of OCR "
            "saved), whose pictures alone were sure enough"
        )


_BEST = Columns()


def infer(
    cfg: Config,
    checkpoint: str | Path,
    save_csv: str | Path | None,
    inputs: Sequence[str | Path] = (),
    *,
    save_probs: str | Path | None = None,
    columns: Columns = _BEST,
    excel: bool = False,
    precision: float | None = None,
    review: float | None = None,
    ocr_table: str | Path | None = None,
    ocr_root: str | Path | None = None,
    table: str | Path | None = None,
    batch_size: int = 32,
    workers: int = 0,
    progress: bool = True,
    **options: Any,
) -> InferenceReport:
    """Predict images and write one CSV row for each, in their order.

    An image that cannot be read is predicted as a blank one (with its text, if there is any), and the column ``error``
    says why. Files appear when they are complete. Arguments are checked before the work starts.

    Args:
        cfg: A config from :func:`kdxf.engine.config.load_config`.
        checkpoint: A checkpoint of its model.
        save_csv: The CSV to write, if any.
        save_probs: A file of predictions (:mod:`kdxf.io.predictions`) to write, if any: the scores of all classes,
            under the class names that the model was trained with, and the labels of the test dataset.
        inputs: Images and folders; none means the config's test dataset.
        columns: Columns of the CSV.
        excel: Whether a person opens the CSV in Excel (:mod:`kdxf.io.csv_tables`).
        precision: Decide which predictions to accept, so that this share of them is right, from 0 to 1.
        review: Decide it so that this share of the images goes to a person, from 0 to 1. The least score follows from
            the calibration images in both cases.
        ocr_table: An OCR table, in place of the test dataset's own. Images that a table lacks are read now.
        ocr_root: The folder that the table's paths are relative to; by default the folder given as input, or the test
            dataset's ``data_prefix``.
        table: A CSV with the columns of the images, for a model that takes some; by default those of the test dataset.
        batch_size: Images in a batch.
        workers: Processes for loading and for OCR; 0 does both in this process.
        progress: Show progress bars.
        **options: ``device``, ``tta``, ``amp``, ``trust_checkpoint``, ``engine``, ``ocr`` and ``class_names`` of
            :class:`~kdxf.inference.inferencer.KDXFInferencer`.

    Raises:
        UserError: An argument, the config, the checkpoint or an input cannot be used; or a set or decisions are
            wanted of a checkpoint without calibration.
    """
    for option, value, least in (("--batch-size", batch_size, 1), ("--workers", workers, 0)):
        if value < least:
            raise UserError(f"{option} {value}: give at least {least}")
    check_shares(precision, review)
    if save_csv is None and save_probs is None:
        raise UserError("nothing to write; give --save_csv, --save-probs, or both")
    start = time.perf_counter()
    images = collect_images(inputs, ocr_root)
    read = None if ocr_table is None else OCRTable.open(ocr_table)
    source = Provenance(tool="tools/inference.py")
    if save_probs is not None:
        about = {"tool": source.tool, "tta": options.get("tta", False)}
        source = Provenance.of_model(str(cfg.filename), config_digest(cfg), checkpoint, **about)
    with ExitStack() as stack:
        file = None if save_csv is None else stack.enter_context(open_replacing(save_csv, "--save_csv"))
        inferencer = KDXFInferencer(cfg, checkpoint, **options)
        routing = inferencer.routing
        columns, accepted, routed = with_decisions(
            columns, inferencer.calibration, routing, checkpoint, precision, review
        )
        columns.check(inferencer.categories)
        dataset = None if inputs else inferencer.test_dataset()
        if dataset is not None:
            images = dataset_images(dataset, ocr_root)
        images = inferencer.with_columns(images, table)
        _warn_of_used(inferencer.calibration, images)
        texts = _find_texts(images, read, dataset) if inferencer.needs_text else None
        probabilities = None
        if save_probs is not None:
            labels = None if dataset is None else dataset_labels(dataset, inferencer.classes)
            probabilities = Probabilities(save_probs, images, inferencer.classes, labels)
        report = InferenceReport(
            Path(save_csv or save_probs or ""), len(images), inferencer.device, time.perf_counter() - start
        )
        first = None
        if texts is not None:
            with report.timing("predict"):
                first = inferencer.first_look(images, texts, batch_size=batch_size, workers=workers, progress=progress)
            with report.timing("ocr"):
                rest = None if first is None else first.rest
                report.ocr_images = texts.read_missing(inferencer.reader, workers, progress, rest)
        report.spared = None if first is None else len(first.sure)
        by_routing = 0 if first is None else len(first.sure) + len(first.rest)
        report.trust = expected(accepted, routed, by_routing, len(images))
        rows = None if file is None else PredictionWriter(file, inferencer.categories, columns, excel)
        keep = [target.add for target in (rows, probabilities) if target is not None]
        with (
            report.timing("predict"),
            inferencer.watching(len(images)) as responses,
            tqdm(total=len(images), desc="predict", unit=" images", disable=not progress) as bar,
        ):
            for prediction in inferencer.predict(images, texts, batch_size=batch_size, workers=workers, first=first):
                for add in (*keep, report.count):
                    add(prediction)
                bar.update()
        if probabilities is not None:
            source = replace(source, training_data=inferencer.training_data)
            if inferencer.calibration is not None:
                source = source.with_values(**{CALIBRATED_BY: inferencer.calibration.digest})
            if routing is not None:
                source = source.with_values(**{ROUTED_BY: routing.digest})
            else:
                source = source.with_values(**{MILLISECONDS: report.costs(inferencer.needs_text)})
            probabilities.write(inferencer.trained_on, source)
    report.drift = inferencer.describe_drift(images, texts, responses, first)
    return report


def _warn_of_used(calibration: Calibration | None, images: Sequence[InputImage]) -> None:
    used = 0 if calibration is None else int(used_images(calibration, [image.path for image in images]).sum())
    if used:
        print_log(
            f"{used} of {len(images)} images were used to calibrate the checkpoint: judge it by others",
            logger="current",
            level=logging.WARNING,
        )


def _find_texts(images: Sequence[InputImage], table: OCRTable | None, dataset: Any) -> InputTexts:
    if table is None and dataset is not None:
        return InputTexts.from_dataset(images, dataset)
    texts = InputTexts.from_table(images, table)
    if table is not None and len(table) > 0 and len(texts.missing()) == len({image.path for image in images}):
        print_log(
            f"{table.path} has none of the images (looked for {images[0].ocr_key!r}, it starts with "
            f"{table.record(0).image!r}), so all are read now; say with --ocr-root which folder its paths start from",
            logger="current",
            level=logging.WARNING,
        )
    return texts
