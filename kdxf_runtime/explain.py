"""Why a model answers as it does: what picture and text say alone, and what each line and each region counts.

Whatever is left out or covered goes through the model again; the effect is how much the score of the answered class
falls then. Nothing is read anew: a covered word stays in the text. K classes, n lines of text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice, pairwise
from typing import Any

import cv2
import numpy as np

from kdxf_runtime.categories import Categories
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.runner import Picture, Runner
from kdxf_runtime.trust.calibration import Calibration

GRID = 6
"""Columns and rows of regions; a picture of fewer pixels has as many as pixels."""

MOST_LINES = 48
"""Lines that are left out one by one, the longest ones: each takes a run of the model, and a page may have hundreds."""

_TOP = 3
MOST_PIXELS = 2**20
"""A picture of more is made smaller before its regions are covered, and the smaller one is what it is compared with."""

_BATCH = 8  # larger ones take memory, and are no faster on one core


@dataclass(frozen=True)
class Said:
    """An answer.

    Attributes:
        name: The name of the best class.
        score: Its score, from 0 to 1.
        top: The ``id``, ``name`` and ``score`` of the three best classes, best first.
    """

    name: str | None
    score: float
    top: tuple[dict[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model answers as it does.

    Attributes:
        image: What the picture says without its text; None where the model takes no picture, or it cannot be read.
        text: What the text says with a blank picture; None where the model takes no text, or there is none.
        both: The answer.
        lines: By how much the score of the answered class falls without each line; None of a line that was not left
            out (:data:`MOST_LINES`).
        regions: float32 (rows, columns), by how much it falls when a region of the picture is covered with the mean
            colour of the rest; None as of ``image``.
    """

    image: Said | None
    text: Said | None
    both: Said
    lines: tuple[float | None, ...]
    regions: np.ndarray | None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; the effects of the regions row by row."""
        alone = {"image": self.image, "text": self.text, "both": self.both}
        said = {name: None if one is None else asdict(one) for name, one in alone.items()}
        regions = None
        if self.regions is not None:
            rows, columns = self.regions.shape
            effect = [_rounded(value) for value in self.regions.ravel()]
            regions = {"columns": columns, "rows": rows, "effect": effect}
        lines = [None if value is None else _rounded(value) for value in self.lines]
        return {**said, "lines": lines, "regions": regions}


def _rounded(value: float) -> float:
    return round(float(value), 6)


def explain(runner: Runner, picture: Picture, record: OCRRecord | None, *, with_text: bool = True) -> Explanation:
    """Explain what a model answers to a picture.

    It takes a run of the model (of each view, with test-time augmentation) for each line and each of the 36 regions.

    Args:
        runner: The model.
        picture: The picture, as it was answered.
        record: The text that the answer used; None where it used none.
        with_text: Whether its text counted.
    """
    calibration = runner.calibration if with_text else runner.without_text
    if with_text and runner.routing is not None and picture.record is None:
        calibration = runner.routing.calibration
    record = record or OCRRecord.empty(picture.image_id)
    pixels = _pixels(runner, picture)
    picture = replace(picture, record=record, pixels=pixels)
    no_text = replace(picture, record=OCRRecord.empty(picture.image_id))
    # What cannot be read is blank to the model.
    no_picture = Picture(picture.image_id, b"", record, columns=picture.columns)
    both, text = runner.scores([picture, no_picture], calibration)
    (image,) = runner.scores([no_text], runner.without_text if _takes_text(runner) else calibration)
    answered = int(both.argmax())

    def scores(variants: Iterable[Picture]) -> np.ndarray:
        return _batched(runner, variants, calibration)[:, answered]

    chosen = _chosen_lines(record) if runner.pipeline.needs_text else []
    lines: list[float | None] = [None] * len(record.texts)
    for line, score in zip(chosen, scores(_without_line(picture, record, line) for line in chosen), strict=True):
        lines[line] = float(both[answered] - score)
    regions = None
    if pixels is not None:
        pixels = _shrunk(pixels)
        rows, columns = (min(GRID, edge) for edge in pixels.shape[:2])
        found = scores(chain([replace(picture, pixels=pixels)], _covered(picture, pixels, rows, columns)))
        regions = (found[0] - found[1:]).reshape(rows, columns)
    return Explanation(
        image=None if pixels is None else _said(image, runner.categories),
        text=_said(text, runner.categories) if record.texts and _takes_text(runner) else None,
        both=_said(both, runner.categories),
        lines=tuple(lines),
        regions=regions,
    )


def _takes_text(runner: Runner) -> bool:
    return any(item.name != "img" for item in runner.bundle.manifest.inputs)


def _pixels(runner: Runner, picture: Picture) -> np.ndarray | None:
    """Return the picture as the model's pipeline loads it; None where it takes none, or it cannot be read."""
    loader = runner.pipeline.loader
    if loader is None or picture.error is not None:
        return None
    try:
        return loader.load({"img_bytes": picture.data})
    except ImageReadError:
        return None


def _said(scores: np.ndarray, categories: Categories) -> Said:
    top = tuple(
        {"id": categories.ids[index], "name": categories.name(index), "score": _rounded(scores[index])}
        for index in np.argsort(-scores, kind="stable")[:_TOP].tolist()
    )
    return Said(top[0]["name"], top[0]["score"], top)


def _batched(runner: Runner, pictures: Iterable[Picture], calibration: Calibration | None) -> np.ndarray:
    """Return the scores of any number of pictures, of which one is in memory at a time."""
    pictures, found = iter(pictures), [np.zeros((0, len(runner.categories)), np.float32)]
    for first in pictures:
        found.append(runner.scores(chain([first], islice(pictures, _BATCH - 1)), calibration))
    return np.concatenate(found)


def _chosen_lines(record: OCRRecord) -> list[int]:
    longest = sorted(range(len(record.texts)), key=lambda line: -len(record.texts[line]))
    return sorted(longest[:MOST_LINES])


def _without_line(picture: Picture, record: OCRRecord, line: int) -> Picture:
    texts = record.texts[:line] + record.texts[line + 1 :]
    scores, boxes = np.delete(record.scores, line, axis=0), np.delete(record.boxes, line, axis=0)
    return replace(picture, record=replace(record, texts=texts, scores=scores, boxes=boxes))


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    factor = (MOST_PIXELS / (height * width)) ** 0.5
    if factor >= 1:
        return pixels
    return cv2.resize(pixels, (max(1, int(width * factor)), max(1, int(height * factor))), interpolation=cv2.INTER_AREA)


def _covered(picture: Picture, pixels: np.ndarray, rows: int, columns: int) -> Iterator[Picture]:
    """Yield the picture with each region covered, row by row."""
    height, width = pixels.shape[:2]
    tops = np.linspace(0, height, rows + 1).round().astype(int)
    lefts = np.linspace(0, width, columns + 1).round().astype(int)
    total = _sum(pixels)
    for top, bottom in pairwise(tops):
        for left, right in pairwise(lefts):
            changed = pixels.copy()
            region = changed[top:bottom, left:right]
            rest = height * width - region.shape[0] * region.shape[1]
            # A picture of one region has no rest, and turns black.
            region[:] = np.rint((total - _sum(region)) / max(rest, 1))
            yield replace(picture, pixels=changed)


def _sum(pixels: np.ndarray) -> np.ndarray:
    """Return the sum of each channel, float64 (3,); NumPy's takes 50 times as long."""
    return np.array(cv2.sumElems(pixels)[:3])
