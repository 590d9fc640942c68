"""The interface of an OCR engine: an image goes in, lines of text come out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OCRLine:
    """One line of text in an image.

    Attributes:
        text: What the line says; never empty.
        score: The engine's confidence, from 0 to 1.
        box: float32 (4, 2), the corners (x, y) in pixels of the image, clockwise from the text's top-left corner.
    """

    text: str
    score: float
    box: np.ndarray


class BaseOCREngine(ABC):
    """Reads the text in images. Subclasses register in ``kdxf.text.registry.OCR_ENGINES``.

    A worker process builds one engine and reads many images with it. An engine keeps every line that it can, whatever
    its score: the score is stored with the line, and who uses the text filters or weighs it.

    Attributes:
        name: Package, version, model and settings; the OCR table stores it beside every row, and a job that resumes
            a table refuses to mix two names.
    """

    name: str

    @abstractmethod
    def read(self, image: np.ndarray) -> list[OCRLine]:
        """Reads ``image``, uint8 (H, W, 3) in BGR order, and returns its lines in reading order."""
