"""The interface of an OCR engine: an image goes in, lines of text come out."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from kdxf.text.ocr.reading import Reading
from kdxf.text.ocr.record import OCRLine


class BaseOCREngine(ABC):
    """Base class of engines that read the text in images. Subclasses implement :meth:`find_lines` and register in
    ``OCR_ENGINES``.

    A worker process builds one engine and reads many images with it. An engine finds every line that it can, whatever
    its score: the score is stored with the line, and users of the text filter or weigh by it.

    Args:
        reading: ``rotations``, ``max_aspect``, ``tile_overlap``, ``min_score``; see
            :class:`kdxf.text.ocr.reading.Reading`. A subclass passes them on; one that has no constructor, or does
            not call this one, reads with the defaults.

    Attributes:
        name: Package, version, model and all settings that change what is read, ``str(self.reading)`` among them; the
            OCR table stores it with every row, and a job that resumes a table refuses to mix two names.
        reading: The options above.
    """

    name: str
    reading = Reading()

    def __init__(self, **reading: Any) -> None:
        self.reading = Reading(**reading)

    def read(self, image: np.ndarray) -> list[OCRLine]:
        """Return the lines of ``image``, uint8 (H, W, 3) in BGR order, in reading order, with rotations and tiles as
        configured.
        """
        return self.reading.read(self.find_lines, image)

    @abstractmethod
    def find_lines(self, image: np.ndarray) -> list[OCRLine]:
        """Return the lines of ``image``, uint8 (H, W, 3) in BGR order, read as it is: neither rotated nor tiled."""
