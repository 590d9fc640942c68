"""Pictures inside a page: each is stored once, however often the page shows it."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from kdxf.io.pages.cells import fold
from kdxf_runtime.io.images import ImageReadError, read_image
from kdxf_runtime.io.pixels import shrink

# Pictures of 240 pixels take 14 kB at this quality and 25 kB at OpenCV's own, 95.
_QUALITY = 85

Pixels = str | Path | np.ndarray
"""An image file, or an image: uint8 (H, W, 3) in BGR order."""


@dataclass(frozen=True)
class Picture:
    """A picture with its caption, and with others of the same scene that can be laid over it.

    Attributes:
        image: The picture.
        caption: One or several lines; a long one is folded.
        overlays: Name to picture: another view of the same shape, such as the photograph with boxes, or uint8
            (H, W, 4), BGR and alpha, such as a heatmap. They are chosen by name; the first also appears while the
            pointer is over the picture. At most 4.
    """

    image: Pixels
    caption: str = ""
    overlays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.overlays) > 4:
            raise ValueError(f"overlays: at most 4, not {len(self.overlays)}")


@dataclass(frozen=True)
class Stored:
    """A picture as the page has it.

    Attributes:
        name: Made of its content.
        uri: A data URI; empty if the picture could not be read.
        width: In pixels.
        height: In pixels.
        reason: Why it could not be read.
    """

    name: str = ""
    uri: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture, its overlays and its caption, of which only the start is shown if it is long."""

    layers: list[tuple[str, Stored]]
    caption: str
    rest: str


class PictureStore:
    """The pictures of a page.

    Args:
        longest: The longer edge that larger pictures are scaled down to.
    """

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self._of_file: dict[str, Stored] = {}
        self._stored: dict[str, Stored] = {}
        self._uses: dict[str, int] = {}

    def add(self, image: Pixels, uses: int = 1) -> Stored:
        """Store a picture that the page shows ``uses`` times more."""
        key = None if isinstance(image, np.ndarray) else str(image)
        stored = self._of_file.get(key) if key is not None else None
        if stored is None:
            stored = self._encode(image)
            if key is not None:
                self._of_file[key] = stored
        self._stored[stored.name] = stored
        self._uses[stored.name] = self._uses.get(stored.name, 0) + uses
        return stored

    def figure(self, picture: Picture) -> Figure:
        """Store a picture with its overlays."""
        layers = [("picture", self.add(picture.image))]
        if layers[0][1].uri:
            layers += [(name, self.add(pixels)) for name, pixels in picture.overlays.items()]
        return Figure(layers, *fold(picture.caption))

    def shared(self) -> dict[str, Stored]:
        """Return the pictures that are shown several times, by name."""
        return {name: item for name, item in self._stored.items() if item.uri and self._uses[name] > 1}

    def _encode(self, image: Pixels) -> Stored:
        try:
            pixels = image if isinstance(image, np.ndarray) else read_image(image, min_edge=self.longest)
        except ImageReadError as error:
            return Stored(reason=str(error))
        pixels = shrink(pixels, self.longest)
        height, width = pixels.shape[:2]
        see_through = pixels.ndim == 3 and pixels.shape[2] == 4
        kind, setting = ("webp", cv2.IMWRITE_WEBP_QUALITY) if see_through else ("jpeg", cv2.IMWRITE_JPEG_QUALITY)
        data = cv2.imencode(f".{kind}", pixels, [setting, _QUALITY])[1].tobytes()
        name = "p" + hashlib.sha256(data).hexdigest()[:16]
        return Stored(name, f"data:image/{kind};base64,{base64.b64encode(data).decode()}", width, height)
