"""Galleries of folders, and the table of what the nearest pictures of a gallery say."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.errors import UserError
from kdxf_runtime.gallery import Gallery, build, list_classes, vote
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.prediction_csv import joined, open_replacing, row_writer
from kdxf_runtime.predict import DEFAULT_SETTINGS, Report, Settings, answer_all
from kdxf_runtime.runner import Runner
from kdxf_runtime.sources import list_sources

COLUMNS = ("image_id", "label", "share", "similarity", "nearest", "error")


@dataclass(frozen=True)
class IndexReport:
    """What :func:`make_gallery` did.

    Attributes:
        folder: The gallery.
        pictures: How many are in it.
        added: How many were embedded now.
        classes: How many classes it has.
        left_out: ``(path, reason)`` of each picture that could not be read.
    """

    folder: Path
    pictures: int
    added: int
    classes: int
    left_out: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        lines = [f"{self.folder}: {self.pictures} pictures of {self.classes} classes, {self.added} embedded now"]
        return "\n".join([*lines, *(f"left out: {path}: {reason}" for path, reason in self.left_out[:10])])


def make_gallery(
    bundle_path: str | Path,
    source: str | Path,
    out: str | Path,
    settings: Settings = DEFAULT_SETTINGS,
    *,
    add: bool = False,
    workers: int = 1,
) -> IndexReport:
    """Embed the pictures of a folder with one folder per class.

    Args:
        bundle_path: The bundle.
        source: The folder.
        out: The gallery to write.
        settings: How the bundle answers.
        add: Add to the gallery that ``out`` is, new classes or new pictures; a picture that it has is embedded anew.
        workers: Processes.

    Raises:
        UserError: There are no pictures, or ``out`` exists without ``add``, or is of another bundle with it.
    """
    bundle, out = Bundle.open(bundle_path), Path(out)
    if out.exists() and not add:
        raise UserError(f"--out {out}: exists; choose another folder, or add to it with --add")
    before = Gallery.open(out) if add else None
    if before is not None:
        before.check(bundle)
    pictures = list_classes(source)
    runner = Runner(bundle, tta=settings.tta, read_text=settings.read_text)
    left_out: list[tuple[str, str]] = []

    def embedded() -> Iterator[tuple[InputImage, str, np.ndarray]]:
        answers = answer_all(runner, [image for image, _ in pictures], workers)
        for (image, label), (prediction, feature) in zip(pictures, answers, strict=True):
            if feature is None or prediction.error is not None:
                left_out.append((image.path, prediction.error or "has no embedding"))
            else:
                yield image, label, feature

    gallery = build(bundle, embedded(), before)
    gallery.save(out)
    added = len(pictures) - len(left_out)
    return IndexReport(out, len(gallery.labels), added, len(set(gallery.labels)), tuple(left_out))


def nearest_csv(
    bundle_path: str | Path,
    gallery_path: str | Path,
    inputs: Sequence[str | Path],
    save_csv: str | Path,
    settings: Settings = DEFAULT_SETTINGS,
    *,
    neighbours: int = 5,
    excel: bool = False,
    workers: int = 1,
) -> Report:
    """Answer pictures by the nearest ones of a gallery, and write one CSV row for each: :data:`COLUMNS`.

    Args:
        bundle_path: The bundle.
        gallery_path: The gallery.
        inputs: Pictures and folders.
        save_csv: The CSV to write; it appears when it is complete.
        settings: How the bundle answers.
        neighbours: How many pictures speak for their classes.
        excel: Whether a person opens the CSV in Excel.
        workers: Processes.

    Raises:
        UserError: An argument, the bundle, the gallery or an input cannot be used.
    """
    start = time.perf_counter()
    if neighbours < 1:
        raise UserError(f"--neighbours {neighbours}: give at least 1")
    bundle, gallery = Bundle.open(bundle_path), Gallery.open(gallery_path)
    gallery.check(bundle)
    images = list_sources(inputs)
    runner = Runner(bundle, tta=settings.tta, read_text=settings.read_text)
    report = Report(Path(save_csv))
    with open_replacing(save_csv, "--save_csv") as file:
        write = row_writer(file, COLUMNS, excel)
        begun = time.perf_counter()
        report.start_seconds = begun - start
        for prediction, feature in answer_all(runner, images, workers):
            report.images += 1
            if feature is None or prediction.error is not None:
                report.errors.append((prediction.image_id, prediction.error or "has no embedding"))
                write([prediction.image_id, "", "", "", "", report.errors[-1][1]])
                continue
            found = gallery.nearest(feature, neighbours)
            label, share = vote(found)
            near = joined(neighbour.path for neighbour in found)
            write([prediction.image_id, label, f"{share:.6f}", f"{found[0].similarity:.6f}", near, None])
        report.seconds = time.perf_counter() - begun
    return report
