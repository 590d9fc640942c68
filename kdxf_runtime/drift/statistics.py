"""What is measured of each image: its text, its picture, and what the model makes of it. One number per statistic.

A number that does not exist, such as the OCR score of an image without text, is NaN.
"""

import re
from collections.abc import Mapping

import cv2
import numpy as np

from kdxf_runtime.io.images import decode_image, open_header
from kdxf_runtime.io.pixels import shrink
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.trust.none_of_these import spread

STATISTICS: Mapping[str, str] = {
    "images with text": "share",
    "lines of text per image": "mean",
    "words per image": "mean",
    "characters per image": "mean",
    "Chinese characters in the text": "share",
    "Latin letters in the text": "share",
    "digits in the text": "share",
    "OCR score": "median",
    "longer side in pixels": "median",
    "width : height": "median",
    "brightness": "median",
    "sharpness": "median",
    "colourfulness": "median",
    "score of the best class": "mean",
    "margin of the best class": "mean",
    "entropy of the scores": "mean",
}
"""How the numbers of many images are summed up in a sentence, by the name of the statistic; a share is a mean of
numbers from 0 to 1. What depends on the parts of a model, its gates and its joint feature, is not here: means."""

_CHARACTERS = {
    "Chinese characters in the text": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "Latin letters in the text": re.compile("[A-Za-z\u00c0-\u024f]"),
    "digits in the text": re.compile("[0-9]"),
}
_EDGE = 512  # px; sharpness depends on the size of a picture, so that larger ones are measured at this one


def text_statistics(record: OCRRecord) -> dict[str, float]:
    """Measure the text of an image. Words are what spaces part, and spaces are no characters."""
    words = [word for line in record.texts for word in line.split()]
    characters = "".join(words)
    count = len(characters)
    return {
        "images with text": float(count > 0),
        "lines of text per image": float(len(record.texts)),
        "words per image": float(len(words)),
        "characters per image": float(count),
        **{
            name: len(pattern.findall(characters)) / count if count else np.nan for name, pattern in _CHARACTERS.items()
        },
        "OCR score": float(record.scores.mean()) if len(record.scores) else np.nan,
    }


def picture_statistics(data: bytes) -> dict[str, float]:
    """Measure a picture, brightness, sharpness and colourfulness with a longer side of at most 512 pixels.

    Brightness is the mean grey value from 0 to 255, sharpness the variance of the Laplacian of the grey values (Pech-
    Pacheco et al., 2000), colourfulness that of Hasler and Süsstrunk (2003, "Measuring colourfulness in natural
    images", equation 3).

    Args:
        data: The bytes of the file.

    Raises:
        ImageReadError: It is no whole picture.
    """
    header = open_header(data)
    pixels = decode_image(data, min_edge=_EDGE)
    height, width = pixels.shape[:2]
    pixels = shrink(pixels, _EDGE)
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    blue, green, red = np.moveaxis(pixels.astype(np.float64), 2, 0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spreads, means = np.hypot(red_green.std(), yellow_blue.std()), np.hypot(red_green.mean(), yellow_blue.mean())
    return {
        "longer side in pixels": float(max(header.size)),
        "width : height": width / height,
        "brightness": float(grey.mean()),
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        "colourfulness": float(spreads + 0.3 * means),
    }


def score_statistics(scores: np.ndarray) -> dict[str, float]:
    """Measure the probabilities of an image, of K classes (K,); the entropy is in nats."""
    row = scores.astype(np.float64)
    best = np.partition(row, -2)[-2:] if len(row) > 1 else np.array([0.0, row[0]])
    return {
        "score of the best class": float(best[1]),
        "margin of the best class": float(best[1] - best[0]),
        "entropy of the scores": float(spread(row[None])[0]),
    }


def gate_statistics(gates: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Measure what the gates of each part of a model let through (:class:`kdxf_runtime.drift.response.Response`).

    Returns:
        ``gate of expert 1``, ``gate of the image`` and so on, with the part where that is not ``head`` or ``fusion``.
    """
    return {
        f"gate of {name}{'' if part in ('head', 'fusion') else f' ({part})'}": value
        for part, values in gates.items()
        for name, value in values.items()
    }


def distance_name(part: str) -> str:
    """Return the statistic that measures how far the joint feature of a classifier in the model lies from its mean."""
    return f"standard deviations of the joint feature{f' ({part})' if part else ''} from its mean"
