"""Predictions of many pictures with a bundle, in one process or several, and the table of them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.categories import Categories
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage, collect_images
from kdxf_runtime.io.files import in_utf8
from kdxf_runtime.io.machine import peak_memory
from kdxf_runtime.io.prediction_csv import open_replacing
from kdxf_runtime.predictions import NOT_READ, Columns, Prediction, PredictionWriter
from kdxf_runtime.runner import Picture, Runner
from kdxf_runtime.trust.decide import check_shares, decide, expected
from kdxf_runtime.workers import Workers

_SHOWN = 10
# Below this many pictures per worker process, starting it takes longer than it saves.
_PICTURES_PER_WORKER = 4
_USUAL = Columns()


@dataclass(frozen=True)
class Settings:
    """How a bundle answers.

    Attributes:
        tta: Average over the views of test-time augmentation.
        read_text: ``'always'``, ``'auto'`` or ``'never'``; see :class:`kdxf_runtime.runner.Runner`.
    """

    tta: bool = False
    read_text: str = "always"


DEFAULT_SETTINGS = Settings()


@dataclass
class Report:
    """Result of :func:`predict_csv`; ``str()`` returns it as a text.

    Attributes:
        csv: The file written.
        images: Pictures predicted, one row each.
        start_seconds: Time until the first picture was begun.
        seconds: Time for the pictures.
        spared: How many texts were not read; None where all are.
        errors: ``(image_id, reason)`` of each picture that could not be read.
        trust: What is expected of the predictions that were accepted, in a sentence.
    """

    csv: Path
    images: int = 0
    start_seconds: float = 0.0
    seconds: float = 0.0
    spared: int | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    trust: str | None = None

    def __str__(self) -> str:
        rate = self.images / max(self.seconds, 1e-9)
        lines = [
            f"{self.csv}: {self.images} images, {len(self.errors)} with an error",
            f"{self.seconds:.1f} s after a start of {self.start_seconds:.1f} s: {rate:.1f} images/s",
            f"peak memory of this process: {peak_memory() / 2**30:.2f} GiB",
        ]
        if self.spared is not None:
            lines.append(f"text not read of {self.spared} images ({self.spared / max(self.images, 1):.1%})")
        lines += [] if self.trust is None else [self.trust]
        lines += [f"error: {in_utf8(image_id)}: {reason}" for image_id, reason in self.errors[:_SHOWN]]
        if (rest := len(self.errors) - _SHOWN) > 0:
            lines.append(f"... and {rest} more: the rows whose column 'error' is not empty")
        return "\n".join(lines)


def predict(
    bundle: Bundle, images: Sequence[InputImage], settings: Settings = DEFAULT_SETTINGS, workers: int = 1
) -> Iterator[Prediction]:
    """Predict pictures, and yield one prediction for each, in order; see :func:`answer_all`."""
    for prediction, _ in answer_all(bundle, images, settings, workers):
        yield prediction


def answer_all(
    bundle: Bundle, images: Sequence[InputImage], settings: Settings = DEFAULT_SETTINGS, workers: int = 1
) -> Iterator[tuple[Prediction, np.ndarray | None]]:
    """Answer pictures, and yield the prediction and the feature (C,) of each, in order.

    Args:
        bundle: The bundle.
        images: The pictures.
        settings: How it answers.
        workers: Processes, fewer for a few pictures; they are spawned, so a script calls this below
            ``if __name__ == '__main__':``. A picture on which one dies has an ``error`` and no feature.

    Raises:
        UserError: As of :class:`kdxf_runtime.runner.Runner`.
    """
    workers = min(workers, len(images) // _PICTURES_PER_WORKER)
    if workers <= 1:
        answer = Answering(bundle.folder, settings, bundle)
        yield from (answer((index, image))[1] for index, image in enumerate(images))
        return
    categories = bundle.manifest.categories

    def blame(key: _Key, reason: str) -> _Answer:
        return key[0], (blamed(categories, key[1].image_id, reason), None)

    done: dict[int, tuple[Prediction, np.ndarray | None]] = {}
    position = 0
    with Workers(partial(Answering, bundle.folder, settings), blame, workers) as group:
        for index, answer_of_one in group.map(list(enumerate(images))):
            done[index] = answer_of_one
            while position in done:
                yield done.pop(position)
                position += 1


_Key = tuple[int, InputImage]
_Answer = tuple[int, tuple[Prediction, np.ndarray | None]]


class Answering:
    """What a process does with a picture and its number."""

    def __init__(self, folder: Path, settings: Settings, bundle: Bundle | None = None) -> None:
        self._runner = Runner(bundle or Bundle.open(folder), tta=settings.tta, read_text=settings.read_text)

    def __call__(self, key: _Key) -> _Answer:
        """Answer a picture."""
        index, image = key
        (answer,) = self._runner.answer([Picture.read(image.path, image.image_id)])
        return index, (answer.prediction, answer.feature)


def blamed(categories: Categories, image_id: str, reason: str) -> Prediction:
    """Return the prediction of a picture on which a process died: none of the classes more than another."""
    scores = np.full(len(categories), 1 / len(categories), np.float32)
    return Prediction(image_id, categories.ids[0], categories.name(0), float(scores[0]), scores, reason)


def predict_csv(
    bundle_path: str | Path,
    inputs: Sequence[str | Path],
    save_csv: str | Path,
    settings: Settings = Settings(),
    *,
    columns: Columns = _USUAL,
    excel: bool = False,
    precision: float | None = None,
    review: float | None = None,
    workers: int = 1,
) -> Report:
    """Predict pictures and write one CSV row for each, in their order: the same as ``tools/inference.py`` writes.

    Args:
        bundle_path: The bundle, a folder or a file.
        inputs: Pictures and folders.
        save_csv: The CSV to write; it appears when it is complete.
        settings: How the bundle answers.
        columns: Columns of the CSV.
        excel: Whether a person opens the CSV in Excel.
        precision: Decide which predictions to accept, so that this share of them is right, from 0 to 1.
        review: Decide it so that this share of the images goes to a person, from 0 to 1.
        workers: Processes.

    Raises:
        UserError: An argument, the bundle or an input cannot be used.
    """
    start = time.perf_counter()
    check_shares(precision, review)
    if workers < 1:
        raise UserError(f"--workers {workers}: give at least 1")
    bundle = Bundle.open(bundle_path)
    images = collect_images(inputs)
    with open_replacing(save_csv, "--save_csv") as file:
        runner = Runner(bundle, tta=settings.tta, read_text=settings.read_text)
        routing = runner.routing
        accepted = decide(runner.calibration, bundle_path, precision, review, columns.with_set)
        routed = None
        if routing is not None:
            routed = decide(routing.calibration, bundle_path, precision, review, columns.with_set)
        columns = replace(
            columns,
            threshold=None if accepted is None else accepted.threshold,
            routed_threshold=None if routed is None else routed.threshold,
            with_text=routing is not None,
        )
        columns.check(runner.categories)
        writer = PredictionWriter(file, runner.categories, columns, excel)
        report = Report(Path(save_csv), spared=None if routing is None else 0)
        begun = time.perf_counter()
        report.start_seconds = begun - start
        for prediction in predict(bundle, images, settings, workers):
            writer.add(prediction)
            report.images += 1
            if prediction.error is not None:
                report.errors.append((prediction.image_id, prediction.error))
            if report.spared is not None:
                report.spared += prediction.text == NOT_READ
        report.seconds = time.perf_counter() - begun
        report.trust = expected(accepted, routed, 0 if routing is None else report.images, report.images)
    return report
