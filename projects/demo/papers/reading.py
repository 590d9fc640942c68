"""What OCR would have read on a page: most lines, with some characters misread, without the time that OCR takes."""

from collections.abc import Sequence

import numpy as np

from kdxf.text.spelling.ocr_noise import corrupt
from kdxf_runtime.ocr.record import OCRLine, OCRRecord

ENGINE = "drawn"
_LOST = 0.04  # of the lines
_MISREAD = 0.03  # of the characters


def read(image: str, size: tuple[int, int], lines: Sequence[OCRLine], rng: np.random.Generator) -> OCRRecord:
    """Return the OCR record of a page.

    Args:
        image: The key of the image.
        size: Its width and height in pixels.
        lines: What is written where.
        rng: The random generator.
    """
    kept = [line for line in lines if rng.random() >= _LOST]
    read = [(corrupt(line.text, _MISREAD, rng).strip(), line.box) for line in kept]
    read = [(text, box) for text, box in read if text]
    return OCRRecord(
        image,
        [text for text, _ in read],
        rng.uniform(0.8, 1.0, len(read)).astype(np.float32),
        np.array([box for _, box in read], np.float32).reshape(-1, 4, 2),
        *size,
        ENGINE,
        None,
    )
