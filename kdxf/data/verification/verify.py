"""Check every image of a list or a folder, and the list itself, and report what was found."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.lists import ImageList
from kdxf.data.parallel import parallel_map
from kdxf.data.pictures.turned_table import turns_of
from kdxf.data.split import FEW_IMAGES
from kdxf.data.table.fit import RESERVED
from kdxf.data.table.leaks import find_leaks_in_list
from kdxf.data.verification.image_checks import ImageCheck, check_image, stderr_to
from kdxf.data.verification.list_checks import (
    count_classes,
    problems_of_files,
    problems_of_labels,
    problems_of_rows,
)
from kdxf.data.verification.options import PROBLEMS, UNUSABLE, Limits
from kdxf.io.annotations import read_annotations
from kdxf.io.pages import HTMLReport
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.io.images import open_header, read_image
from kdxf_runtime.io.pixels import pixels
from kdxf_runtime.io.unicode_names import find_file


@dataclass(frozen=True)
class Findings:
    """The result of :func:`verify`.

    Attributes:
        problems: One row per finding: ``image``, ``problem`` (a key of :data:`PROBLEMS`) and ``detail``, worst first.
        sizes: Width and height in pixels of each picture that has a header, by ``image``.
        classes: ``class``, ``images`` and ``unusable`` of each class; None for a list without labels.
        columns: A sentence for each further column that a model should not learn from (:mod:`kdxf.data.table.leaks`).
    """

    problems: pd.DataFrame
    sizes: pd.DataFrame
    classes: pd.DataFrame | None
    columns: tuple[str, ...] = ()

    def images_with(self, problems: Sequence[str]) -> set[str]:
        """Return the images that have one of ``problems``."""
        return set(self.problems.loc[self.problems["problem"].isin(problems), "image"])


def verify(
    images: ImageList,
    limits: Limits,
    workers: int,
    classes: Sequence[str] | None = None,
    others: Sequence[Path] = (),
    table: OCRTable | None = None,
) -> Findings:
    """Decode every image and check the list.

    Args:
        images: The list, or the images of a folder.
        limits: What counts as extreme.
        workers: Number of processes.
        classes: The class names in index order, if they are known.
        others: Other lists of the same image root: their images do not count as unlisted, and should not be in this
            list.
        table: The text in the images, with angles: those are reported whose text does not stand upright.

    Raises:
        UserError: A list of ``others`` cannot be read, ``table`` has no angles, or ``workers`` is below 1.
    """
    turns = {} if table is None else turns_of(table)
    elsewhere = {path: set(read_annotations(path)["image"]) for path in others}
    unique = list(images.frame["image"].drop_duplicates())
    checks = _check_all(unique, images.root, limits, workers)
    rows = [(image, *problem) for image, check in checks.items() for problem in check.problems]
    problems = [pd.DataFrame(rows, columns=["image", "problem", "detail"], dtype="str")]
    problems.append(problems_of_rows(images.frame, elsewhere))
    if turns:
        turned = [image for image in unique if image in turns]
        details = [f"upright after a turn of {turns[image]} degrees clockwise" for image in turned]
        problems.append(pd.DataFrame({"image": turned, "problem": "turned", "detail": details}, dtype="str"))
    missing = [image for image, problem, _ in rows if problem == "missing"]
    if images.source.is_file() and images.root.is_dir():
        others_images = set().union(*elsewhere.values())
        problems.append(problems_of_files(images.frame["image"], images.root, missing, others_images))
    counts = None
    if "label" in images.frame.columns:
        if classes is not None:
            problems.append(problems_of_labels(images.frame, classes, images.source))
        unusable = {image for image, problem, _ in rows if problem in UNUSABLE}
        counts = count_classes(images.frame, unusable, classes, images.source)
    sizes = {image: check.size for image, check in checks.items() if check.size[0]}
    return Findings(
        _worst_first(pd.concat(problems, ignore_index=True)),
        pd.DataFrame(list(sizes.values()), index=list(sizes), columns=["width", "height"]),
        counts,
        _column_findings(images),
    )


def _column_findings(images: ImageList) -> tuple[str, ...]:
    names = [name for name in map(str, images.frame.columns) if name not in RESERVED]
    return tuple(find_leaks_in_list(images.source, names)) if names and images.source.is_file() else ()


def _check_all(images: Sequence[str], root: Path, limits: Limits, workers: int) -> dict[str, ImageCheck]:
    check = partial(check_image, limits=limits)
    results = parallel_map(check, [root / image for image in images], workers, "verify")
    return dict(zip(images, results, strict=True))


def _worst_first(problems: pd.DataFrame) -> pd.DataFrame:
    order = {name: place for place, name in enumerate(PROBLEMS)}
    return problems.sort_values("problem", key=lambda names: names.map(order), kind="stable", ignore_index=True)


# Pictures of each problem in the report; the CSV has them all.
_SHOWN = 12
_PICTURE = 240
_CLASSES = 20
_NAMED = 5


def format_findings(findings: Findings, images: ImageList) -> str:
    """Format a short table of the problems, the sizes and the classes."""
    count = images.frame["image"].nunique()
    lines = [f"{count} images ({len(images.frame)} rows) of {images.source}"]
    lines += [f"  {name:<16}{number:>9}  {meaning}" for name, number, meaning in _problem_rows(findings)]
    lines += ["  no problems found"] if findings.problems.empty else []
    lines += [*_size_lines(findings.sizes), *_class_lines(findings.classes)]
    return "\n".join([*lines, *(f"for a model that takes columns: {line}" for line in findings.columns)])


def _problem_rows(findings: Findings) -> list[tuple[str, int, str]]:
    pairs = findings.problems.drop_duplicates(["image", "problem"])
    counts = pairs["problem"].value_counts()
    return [(name, int(counts[name]), meaning) for name, meaning in PROBLEMS.items() if name in counts]


def _size_lines(sizes: pd.DataFrame) -> list[str]:
    if sizes.empty:
        return []
    low, middle, high = (
        f"{int(width)}x{int(height)}"
        for width, height in sizes.quantile([0, 0.5, 1], interpolation="nearest").to_numpy()
    )
    return [f"width x height: {low} at least, median {middle}, {high} at most (each edge by itself)"]


def _class_lines(classes: pd.DataFrame | None) -> list[str]:
    if classes is None:
        return []
    sizes = classes["images"] - classes["unusable"]
    filled = sizes[sizes > 0]
    lines = [f"{len(classes)} classes, {len(filled)} with usable images"]
    if len(filled):
        least, most = int(filled.min()), int(filled.max())
        lines[0] += f": {least} to {most} each, median {filled.median():g}; imbalance {most / least:.1f} to 1"
    for words, chosen in (
        ("without any", sizes == 0),
        (f"with fewer than {FEW_IMAGES}", (sizes > 0) & (sizes < FEW_IMAGES)),
    ):
        names = list(classes.loc[chosen, "class"])
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            lines.append(f"classes {words} usable images ({len(names)}): {', '.join(names[:_NAMED])}{more}")
    return lines


def write_report(findings: Findings, images: ImageList, path: Path) -> None:
    """Write a page with a table and pictures of each problem; rotated ones are shown as stored and upright.

    Args:
        findings: The result of :func:`verify`.
        images: The list that was checked.
        path: The HTML file.
    """
    report = HTMLReport(f"Check of {images.source}", picture_width=_PICTURE)
    for sentence in advice(findings, images):
        report.summary(sentence)
    rows = _problem_rows(findings)
    report.heading("What was found")
    if rows:
        report.table(["problem", "images", "meaning"], [(_words(name), count, text) for name, count, text in rows])
    for line in [*_size_lines(findings.sizes), *_class_lines(findings.classes), *findings.columns]:
        report.text(f"{line[0].upper()}{line[1:]}.")
    for name, count, meaning in rows:
        report.heading(f"{_words(name)}: {meaning}")
        _add_pictures(report, findings.problems[findings.problems["problem"] == name], count, images.root)
    if findings.classes is not None:
        report.heading("Images per class")
        ordered = findings.classes.sort_values("images", ascending=False, kind="stable")
        rows = ordered[["class", "images", "unusable"]].to_numpy(dtype=object).tolist()
        report.table(["class", "images", "of them unusable"], rows, sortable=True, fold_after=_CLASSES)
    report.save(path)


def advice(findings: Findings, images: ImageList) -> list[str]:
    """Say in a few sentences what was found and what to do about it."""
    count = images.frame["image"].nunique()
    unusable = len(findings.images_with(UNUSABLE))
    others = findings.images_with(["in_other_list"])
    named = {name for name, _, _ in _problem_rows(findings)}
    said = []
    if unusable:
        said.append(f"{unusable:,} of {count:,} images cannot be used: --out-list writes the list without them.")
    if others:
        said.append(
            f"{len(others):,} images are in another list, too, so that scores on it are too good: take them out."
        )
    if "unknown_label" in named:
        said.append("Some labels are not among the classes: correct them, or give the right --classes.")
    if "listed_twice" in named:
        said.append("Some images are listed twice: tools/data/dedupe.py settles which row stays.")
    if not said:
        rest = "; what is listed below is read all the same" if named else ""
        said.append(f"All {count:,} images can be used{rest}.")
    if findings.classes is not None and (
        empty := int((findings.classes["images"] == findings.classes["unusable"]).sum())
    ):
        said.append(
            f"{empty:,} of {len(findings.classes):,} classes have no usable image: add some, or leave them out."
        )
    return said


def _words(problem: str) -> str:
    return problem.replace("_", " ")


def _add_pictures(report: HTMLReport, rows: pd.DataFrame, count: int, root: Path) -> None:
    if count > _SHOWN:
        report.text(f"{_SHOWN} of {count:,}, spread evenly.")
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(_SHOWN, len(rows))).round().astype(int))
    shown = [(root / row.image, f"{row.image}\n{row.detail}") for row in rows.iloc[chosen].itertuples()]
    with open(os.devnull, "w") as nowhere, stderr_to(nowhere.fileno()):  # libjpeg's messages about damaged ones
        if rows["problem"].iloc[0] == "rotated":
            _add_both_ways(report, shown)
        else:
            report.pictures(shown)


def _add_both_ways(report: HTMLReport, shown: list[tuple[Path, str]]) -> None:
    for path, caption in shown:
        try:
            pair = [(_as_stored(path), f"as stored\n{caption}"), (read_image(path, min_edge=_PICTURE), "upright")]
        except Exception:  # rotated and broken: it is shown among the broken ones
            continue
        report.pictures(pair)


def _as_stored(path: Path) -> np.ndarray:
    """Read a picture as a program that ignores EXIF sees it."""
    image = open_header(find_file(path).read_bytes())
    image.draft(None, (_PICTURE, _PICTURE))
    return pixels(image, bgr=True)
