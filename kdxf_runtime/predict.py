"""Predictions of many pictures with a bundle, in one process or several, and the table of them."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.categories import Categories
from kdxf_runtime.drift.changes import describe_changes
from kdxf_runtime.drift.fingerprint import Measured, joined, sample
from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.files import in_utf8
from kdxf_runtime.io.machine import peak_memory
from kdxf_runtime.io.prediction_csv import open_replacing
from kdxf_runtime.log import LOG
from kdxf_runtime.predictions import NOT_READ, Columns, Prediction, PredictionWriter
from kdxf_runtime.runner import Picture, Runner
from kdxf_runtime.sources import list_sources
from kdxf_runtime.trust.decide import check_shares, expected, with_decisions
from kdxf_runtime.workers import Workers

_SHOWN = 10
# Below this many pictures per worker process, starting it takes longer than it saves.
_PICTURES_PER_WORKER = 4
_USUAL = Columns()

Key = tuple[int, InputImage]
"""A picture and its place in a list."""


class Answered(NamedTuple):
    """What became of a picture.

    Attributes:
        place: Its place in the list.
        prediction: Its prediction.
        feature: float32 (C,), what the head takes; None of a picture on which a process died.
        measured: What is compared with the fingerprint; None where it is not.
    """

    place: int
    prediction: Prediction
    feature: np.ndarray | None
    measured: Measured | None = None


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
    """Result of :func:`write_table`; ``str()`` returns it as a text.

    Attributes:
        csv: The file written.
        images: Pictures predicted, one row each.
        start_seconds: Time until the first picture was begun.
        seconds: Time for the pictures.
        spared: How many texts were not read; None where all are.
        errors: ``(image_id, reason)`` of each picture that could not be read.
        trust: What is expected of the predictions that were accepted, in a sentence.
        parts: The folder of the parts, where there is one.
        answered: How many pictures were answered now, where others may have been in the parts.
        drift: In what the pictures differ from those that the bundle was calibrated on, in a sentence.
    """

    csv: Path | None
    images: int = 0
    start_seconds: float = 0.0
    seconds: float = 0.0
    spared: int | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    trust: str | None = None
    parts: Path | None = None
    answered: int | None = None
    drift: str | None = None

    def __str__(self) -> str:
        answered = self.images if self.answered is None else self.answered
        rate = answered / max(self.seconds, 1e-9)
        named = " and ".join(str(path) for path in (self.csv, self.parts) if path is not None)
        lines = [
            f"{named}: {self.images} images, {len(self.errors)} with an error",
            *([] if self.answered is None else [f"{answered} of them answered now, the others were there before"]),
            f"{self.seconds:.1f} s after a start of {self.start_seconds:.1f} s: {rate:.1f} images/s",
            f"peak memory of this process: {peak_memory() / 2**30:.2f} GiB",
        ]
        if self.spared is not None:
            lines.append(f"text not read of {self.spared} images ({self.spared / max(self.images, 1):.1%})")
        lines += [line for line in (self.trust, self.drift) if line is not None]
        lines += [f"error: {in_utf8(image_id)}: {reason}" for image_id, reason in self.errors[:_SHOWN]]
        if (rest := len(self.errors) - _SHOWN) > 0:
            lines.append(f"... and {rest} more: the rows whose column 'error' is not empty")
        return "\n".join(lines)


def answer_all(
    runner: Runner, images: Sequence[InputImage], workers: int = 1
) -> Iterator[tuple[Prediction, np.ndarray | None]]:
    """Answer pictures, and yield the prediction and the feature (C,) of each, in order; see :func:`answer_as_done`."""
    for answered in in_order(answer_as_done(runner, images, workers)):
        yield answered.prediction, answered.feature


def in_order(answers: Iterable[Answered]) -> Iterator[Answered]:
    """Yield answers by their places, which start at 0."""
    done: dict[int, Answered] = {}
    position = 0
    for answer in answers:
        done[answer.place] = answer
        while position in done:
            yield done.pop(position)
            position += 1


def answer_as_done(
    runner: Runner, images: Sequence[InputImage], workers: int = 1, watched: Collection[int] = ()
) -> Iterator[Answered]:
    """Answer pictures, and yield the answers in the order they are done.

    Args:
        runner: What answers.
        images: The pictures.
        workers: Processes with runners like this one, fewer for a few pictures; they are spawned, so a script calls
            this below ``if __name__ == '__main__':``. A picture on which one dies has an ``error`` and no feature.
        watched: The places of the pictures that are measured as well (:meth:`Runner.measure`).

    Raises:
        UserError: As of :class:`kdxf_runtime.runner.Runner`.
    """
    watched = frozenset(watched)
    workers = min(workers, len(images) // _PICTURES_PER_WORKER)
    if workers <= 1:
        yield from map(partial(_answered, runner, watched), enumerate(images))
        return
    with answering_workers(runner.bundle, Settings(runner.tta, runner.read_text), workers, watched) as group:
        yield from group.map(enumerate(images))


def _answered(runner: Runner, watched: Collection[int], key: Key) -> Answered:
    """Answer a picture with its place in the list."""
    place, image = key
    picture = Picture.read(image.path, image.image_id, image.columns)
    (answer,) = runner.answer([picture])
    measured = runner.measure(picture, answer) if place in watched else None
    return Answered(place, answer.prediction, answer.feature, measured)


def watching_drift(runner: Runner, images: Sequence[InputImage], workers: int, report: Report) -> Iterator[Answered]:
    """Answer pictures as :func:`answer_as_done` does, and report in what they differ from those of the fingerprint."""
    before = runner.fingerprint
    watched = () if before is None else sample(len(images)).tolist()
    measured: list[Measured] = []
    for answered in answer_as_done(runner, images, workers, watched):
        measured += [] if answered.measured is None else [answered.measured]
        yield answered
    report.drift = None if before is None else describe_changes(before, joined(measured, before))


def answering_workers(
    bundle: Bundle, settings: Settings, count: int, watched: Collection[int] = ()
) -> Workers[Key, Answered]:
    """Start processes that answer; a picture on which one dies is answered with the reason."""
    categories = bundle.manifest.categories

    def blame(key: Key, reason: str) -> Answered:
        return Answered(key[0], blamed(categories, key[1].image_id, reason), None)

    return Workers(partial(Answering, bundle, settings, watched), blame, count)


class Answering:
    """What a process does with a picture and its place in the list.

    Args:
        bundle: The bundle, whose files were compared with their digests when it was opened.
        settings: How it answers.
        watched: The places of the pictures that are measured as well.
    """

    def __init__(self, bundle: Bundle, settings: Settings, watched: Collection[int] = ()) -> None:
        self._runner = Runner(bundle, tta=settings.tta, read_text=settings.read_text)
        self._watched = watched

    def __call__(self, key: Key) -> Answered:
        """Answer a picture."""
        return _answered(self._runner, self._watched, key)


def blamed(categories: Categories, image_id: str, reason: str) -> Prediction:
    """Return the prediction of a picture on which a process died: none of the classes more than another."""
    scores = np.full(len(categories), 1 / len(categories), np.float32)
    return Prediction(image_id, categories.ids[0], categories.name(0), float(scores[0]), scores, reason)


def predict_csv(
    bundle_path: str | Path,
    inputs: Sequence[str | Path],
    save_csv: str | Path,
    settings: Settings = DEFAULT_SETTINGS,
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
        inputs: Pictures, folders, lists, tar shards and addresses (:mod:`kdxf_runtime.sources`).
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
    check_workers(workers)
    bundle = Bundle.open(bundle_path)
    images = list_images(bundle, inputs)
    table = Table(save_csv, columns, excel, precision, review)

    def predictions(runner: Runner, report: Report) -> Iterator[Prediction]:
        for answered in in_order(watching_drift(runner, images, workers, report)):
            yield answered.prediction

    return write_table(bundle, bundle_path, settings, table, predictions, start)


def list_images(bundle: Bundle, inputs: Sequence[str | Path]) -> list[InputImage]:
    """List the images of a job (:func:`kdxf_runtime.sources.list_sources`), with what the bundle takes of their rows.

    A bundle that takes a table is told of where no image has one.

    Raises:
        UserError: As of :func:`kdxf_runtime.sources.list_sources`.
    """
    takes_table = any(item.name == "table" for item in bundle.manifest.inputs)
    images = list_sources(inputs, with_columns=takes_table)
    if takes_table and all(image.columns is None for image in images):
        LOG.warning(
            "%s takes columns of a table, and the images have none, so that all count as missing; give a .csv list "
            "with the columns image and those that card.md names",
            bundle.folder,
        )
    return images


def check_workers(workers: int) -> None:
    """Check a number of worker processes.

    Raises:
        UserError: It is below 1.
    """
    if workers < 1:
        raise UserError(f"--workers {workers}: give at least 1")


@dataclass(frozen=True)
class Table:
    """What :func:`write_table` writes; the attributes are arguments of :func:`predict_csv`.

    Attributes:
        save_csv: The CSV to write; None only counts.
        columns: Its columns.
        excel: Whether a person opens it in Excel.
        precision: The share of the accepted predictions that shall be right.
        review: The share of the images that shall go to a person.
    """

    save_csv: str | Path | None = None
    columns: Columns = _USUAL
    excel: bool = False
    precision: float | None = None
    review: float | None = None


def write_table(
    bundle: Bundle,
    bundle_path: str | Path,
    settings: Settings,
    table: Table,
    make: Callable[[Runner, Report], Iterable[Prediction]],
    start: float,
) -> Report:
    """Write predictions as a table, and count them.

    Args:
        bundle: The bundle that makes them.
        bundle_path: Where it is, as the user wrote it.
        settings: How it answers.
        table: What to write.
        make: Makes the predictions with a runner, in the order of the rows, and may add to the report; called when
            everything is checked.
        start: When the job began, as ``time.perf_counter`` has it.

    Raises:
        UserError: The bundle cannot do what the table shows, or the CSV cannot be written.
    """
    check_shares(table.precision, table.review)
    with contextlib.ExitStack() as stack:
        file = None if table.save_csv is None else stack.enter_context(open_replacing(table.save_csv, "--save_csv"))
        runner = Runner(bundle, tta=settings.tta, read_text=settings.read_text)
        routing = runner.routing
        columns, accepted, routed = with_decisions(
            table.columns, runner.calibration, routing, bundle_path, table.precision, table.review
        )
        columns.check(runner.categories)
        writer = None if file is None else PredictionWriter(file, runner.categories, columns, table.excel)
        report = Report(None if table.save_csv is None else Path(table.save_csv))
        report.spared = None if routing is None else 0
        begun = time.perf_counter()
        report.start_seconds = begun - start
        for prediction in make(runner, report):
            if writer is not None:
                writer.add(prediction)
            report.images += 1
            if prediction.error is not None:
                report.errors.append((prediction.image_id, prediction.error))
            if report.spared is not None:
                report.spared += prediction.text == NOT_READ
        report.seconds = time.perf_counter() - begun
        report.trust = expected(accepted, routed, 0 if routing is None else report.images, report.images)
    return report
