"""Where the pixels of a model's input lie in the photograph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from mmengine.dataset import Compose

from kdxf.engine.config import type_name
from kdxf.evaluation.covered_pictures import LOADERS
from kdxf.registry import TRANSFORMS
from kdxf_runtime.ocr.record import OCRRecord

_PACKERS = ("PackImageTextInputs", "PackInputs")
_MARK = 201.0  # of a pixel that shows the photograph, in the third channel; fills are black, white, grey, mean colours
_LOST = "the test pipeline rotates, distorts or recolours pictures, so no place can be followed through it"
_NEAR = 2.5  # levels of 255, by which resizing and rounding may change a value


class UnknownViewError(ValueError):
    """The input is no straight cut-out of the photograph; the message says so."""


@dataclass(frozen=True)
class View:
    """A cut-out of a photograph, resized, perhaps mirrored, perhaps in a frame.

    Attributes:
        size: Width and height of the input in pixels.
        scale: (2,), per axis how much of the photograph's width or height a pixel of the input covers; below 0 where
            the picture is mirrored.
        start: (2,), where the input's left and top edge lie, in fractions of the photograph; outside of 0..1 in a
            frame.
    """

    size: tuple[int, int]
    scale: tuple[float, float]
    start: tuple[float, float]

    def on_photograph(self, values: np.ndarray, width: int, height: int) -> np.ndarray:
        """Lay values of the input onto the photograph.

        Args:
            values: float32 (H, W), of the input's pixels.
            width: Width of the photograph, or of a smaller picture of it.
            height: Its height.

        Returns:
            float32 (height, width), NaN where the input does not show the photograph.
        """
        size = np.array([width, height])
        # Pixel i of the input shows (start + scale * (i + 0.5)) * size - 0.5 of the photograph.
        slope = np.array(self.scale) * size
        offset = (np.array(self.start) + 0.5 * np.array(self.scale)) * size - 0.5
        places = [(np.arange(edge) - begin) / step for edge, begin, step in zip(size, offset, slope, strict=True)]
        across, down = np.meshgrid(*[place.astype(np.float32) for place in places])
        laid = cv2.remap(values.astype(np.float32), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = [(place >= -0.5) & (place <= edge - 0.5) for place, edge in zip(places, self.size, strict=True)]
        laid[~(inside[1][:, None] & inside[0])] = np.nan
        return laid


def find_view(pipeline: Sequence[dict], path: str, record: OCRRecord) -> View:
    """Find where the input that a pipeline makes of a photograph lies in it.

    The pipeline runs on a picture whose colours are coordinates, in place of the photograph. So it does not matter by
    which transforms it resizes, crops, mirrors and frames.

    Args:
        pipeline: Configs of the transforms that prepare the image.
        path: The photograph.
        record: Its text, by which some transforms choose their crop.

    Raises:
        UnknownViewError: A transform rotates, distorts or recolours pictures, or shows only a few of their pixels.
    """
    results: Any = {"img_path": path, "ocr": record, "columns": {}, "sample_idx": 0}
    steps = [step for step in pipeline if type_name(step) not in _PACKERS]
    loader = next((index for index, step in enumerate(steps) if type_name(step) in LOADERS), None)
    if loader is None:
        raise UnknownViewError(f"the test pipeline has none of {', '.join(LOADERS)}")
    results = _run(steps[: loader + 1], results)
    height, width = results["img"].shape[:2]
    results["img"] = _coordinates(height, width)
    results = _run(steps[loader + 1 :], results)
    return _fit(np.asarray(results["img"], np.float64), (width, height))


def _run(steps: Sequence[dict], results: Any) -> Any:
    return Compose([TRANSFORMS.build(dict(step)) for step in steps])(results)


def _coordinates(height: int, width: int) -> np.ndarray:
    """Return a picture, uint8 (height, width, 3), whose channels are x and y in 0..255 and a mark."""
    picture = np.full((height, width, 3), _MARK, np.float64)
    picture[..., 0] = (np.arange(width) + 0.5) / width * 255
    picture[..., 1] = ((np.arange(height) + 0.5) / height * 255)[:, None]
    return picture.round().astype(np.uint8)


def _fit(picture: np.ndarray, source: tuple[int, int]) -> View:
    """Fit the view that turned a picture of coordinates of ``source`` pixels (w, h) into this one, (H, W, 3)."""
    height, width = picture.shape[:2]
    shown = np.abs(picture[..., 2] - _MARK) < _NEAR
    columns, rows = shown.any(axis=0), shown.any(axis=1)
    if not shown.any() or not shown[np.ix_(rows, columns)].all():
        raise UnknownViewError(_LOST)
    block = picture[np.ix_(rows, columns)][..., :2]
    across, down = block[..., 0].mean(axis=0), block[..., 1].mean(axis=1)
    if max(np.abs(block[..., 0] - across).max(), np.abs(block[..., 1] - down[:, None]).max()) > _NEAR:
        raise UnknownViewError(_LOST)
    lines = [
        _line(np.flatnonzero(known), values, 255 / edge)
        for known, values, edge in ((columns, across, source[0]), (rows, down, source[1]))
    ]
    return View((width, height), (lines[0][0], lines[1][0]), (lines[0][1], lines[1][1]))


def _line(places: np.ndarray, values: np.ndarray, step: float) -> tuple[float, float]:
    """Fit ``values / 255 = start + scale * (place + 0.5)``, and return scale and start.

    A frame may be filled with the picture mirrored at its edges, so only the run through the middle counts, which is
    the picture itself. At its ends an enlarged picture is flat for half a pixel, so they do not count either.

    Args:
        places: Columns or rows of the input that show the photograph.
        values: Their coordinates, 0..255.
        step: The difference between neighbouring pixels of the photograph.
    """
    inner = (values > values.min() + 0.6 * step) & (values < values.max() - 0.6 * step)
    outer = np.flatnonzero(~inner)
    middle = len(values) // 2
    begin = max((place + 1 for place in outer.tolist() if place <= middle), default=0)
    end = min((place for place in outer.tolist() if place > middle), default=len(values))
    if end - begin < 2:
        raise UnknownViewError("the model's input shows too little of the photograph to follow its places")
    places, values = places[begin:end] + 0.5, values[begin:end] / 255
    scale, start = np.polyfit(places, values, 1)
    if scale == 0 or np.abs(start + scale * places - values).max() * 255 > _NEAR + step / 2:
        raise UnknownViewError(_LOST)
    return float(scale), float(start)
