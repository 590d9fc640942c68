"""Inference as a function: from a config, a checkpoint and images to a CSV of predictions."""

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from tqdm import tqdm

from kdxf.apis.dataset_labels import dataset_labels
from kdxf.apis.inference_probabilities import Probabilities
from kdxf.apis.inference_report import InferenceReport
from kdxf.apis.inferencer import KDXFInferencer
from kdxf.apis.input_images import InputImage, collect_images, dataset_images
from kdxf.apis.input_texts import InputTexts
from kdxf.apis.prediction_csv import Columns, PredictionWriter, open_replacing
from kdxf.apis.prediction_source import prediction_source
from kdxf.errors import UserError
from kdxf.text.ocr.table import OCRTable

_BEST = Columns()


def infer(
    cfg: Config,
    checkpoint: str | Path,
    save_csv: str | Path | None,
    inputs: Sequence[str | Path] = (),
    *,
    save_probs: str | Path | None = None,
    columns: Columns = _BEST,
    ocr_table: str | Path | None = None,
    ocr_root: str | Path | None = None,
    batch_size: int = 32,
    workers: int = 0,
    progress: bool = True,
    **options: Any,
) -> InferenceReport:
    """Predicts images and writes one CSV row for each, in their order.

    An image that cannot be read is predicted as a blank one (with its text, if there is any), and the column ``error``
    says why. Files appear when they are complete. What the user got wrong is found before the work starts.

    Args:
        cfg: A config from :func:`kdxf.apis.config.load_config`.
        checkpoint: A checkpoint of its model.
        save_csv: The CSV to write, if any.
        save_probs: A file of predictions (:mod:`kdxf.predictions`) to write, if any: the scores of all classes, under
            the class names that the model was trained with, and of the test dataset its labels.
        inputs: Images and folders; none means the config's test dataset.
        columns: What the CSV says about each image.
        ocr_table: An OCR table, in place of the test dataset's own. Images that a table lacks are read now.
        ocr_root: The folder that the table's paths are relative to; by default the folder given as input, or the test
            dataset's ``data_prefix``.
        batch_size: Images in a batch.
        workers: Processes for loading and for OCR; 0 does both in this process.
        progress: Show progress bars.
        **options: ``device``, ``tta``, ``amp``, ``trust_checkpoint``, ``engine`` and ``class_names`` of
            :class:`~kdxf.apis.inferencer.KDXFInferencer`.

    Raises:
        UserError: An argument, the config, the checkpoint or an input cannot be used.
    """
    for option, value, least in (("--batch-size", batch_size, 1), ("--workers", workers, 0)):
        if value < least:
            raise UserError(f"{option} {value}: give at least {least}")
    if save_csv is None and save_probs is None:
        raise UserError("nothing to write; give --save_csv, --save-probs, or both")
    start = time.perf_counter()
    images = collect_images(inputs, ocr_root)
    table = None if ocr_table is None else OCRTable.open(ocr_table)
    source = {}
    if save_probs is not None:
        source = {"tool": "tools/inference.py", **prediction_source(cfg, checkpoint, options.get("tta", False))}
    with ExitStack() as stack:
        file = None if save_csv is None else stack.enter_context(open_replacing(save_csv, "--save_csv"))
        inferencer = KDXFInferencer(cfg, checkpoint, **options)
        columns.check(inferencer.categories)
        dataset = None if inputs else inferencer.test_dataset()
        if dataset is not None:
            images = dataset_images(dataset, ocr_root)
        texts = _find_texts(images, table, dataset) if inferencer.needs_text else None
        probabilities = None
        if save_probs is not None:
            labels = None if dataset is None else dataset_labels(dataset, inferencer.classes)
            probabilities = Probabilities(save_probs, images, inferencer.classes, labels)
        report = InferenceReport(
            Path(save_csv or save_probs or ""), len(images), inferencer.device, time.perf_counter() - start
        )
        if texts is not None:
            with report.timing("ocr"):
                report.ocr_images = texts.read_missing(inferencer.reader, workers, progress)
        rows = None if file is None else PredictionWriter(file, inferencer.categories, columns)
        keep = [target.add for target in (rows, probabilities) if target is not None]
        with (
            report.timing("predict"),
            tqdm(total=len(images), desc="predict", unit=" images", disable=not progress) as bar,
        ):
            for prediction in inferencer.predict(images, texts, batch_size=batch_size, workers=workers):
                for add in (*keep, report.count):
                    add(prediction)
                bar.update()
        if probabilities is not None:
            probabilities.write(inferencer.trained_on, {**source, **inferencer.learnt})
    return report


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
