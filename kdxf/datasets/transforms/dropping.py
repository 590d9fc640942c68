"""Augmentations that remove something, so that the model learns to do without it."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from kdxf.datasets.transforms.loading import BlankImage, SilenceText, has_table, has_text
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.steps.line_boxes import line_quads


def check_probability(owner: str, name: str, value: float) -> None:
    """Raise a :class:`UserError` unless ``value`` is within 0..1."""
    if not 0 <= value <= 1:
        raise UserError(f"{owner}: {name} is {value}; give a probability from 0 to 1")


@TRANSFORMS.register_module()
class DropWords(BaseTransform):
    """Drops each token with probability ``prob``, as OCR misses words.

    Required and modified keys: ``tokens``, ``token_scores``, ``token_boxes``.

    Args:
        prob: Probability for each token.

    Raises:
        UserError: ``prob`` is not a probability.
    """

    def __init__(self, prob: float = 0.1) -> None:
        check_probability("DropWords", "prob", prob)
        self.prob = prob

    @cache_randomness
    def _kept(self, count: int) -> np.ndarray:
        return np.flatnonzero(np.random.rand(count) >= self.prob)

    def transform(self, results: dict) -> dict:
        """Drop tokens with their scores and boxes."""
        kept = self._kept(len(results["tokens"]))
        results["tokens"] = [results["tokens"][i] for i in kept]
        results["token_scores"] = results["token_scores"][kept]
        results["token_boxes"] = results["token_boxes"][kept]
        return results


@TRANSFORMS.register_module()
class DropModality(BaseTransform):
    """Blanks the image, silences the text or empties the table of a sample, so that any may be missing at test time.

    One of them at most, and never the last: the image of a sample without text and table is kept, and so is the text of
    an image that cannot be read.

    Required and modified keys: ``img`` (blanked), ``text_weight``, ``text_mask`` or ``ngram_weight``, whichever
    exist (set to 0); ``table`` (set to 0). Optional key: ``error``.

    Args:
        image_prob: Probability to blank the image.
        text_prob: Probability to silence the text.
        table_prob: Probability to empty the table.

    Raises:
        UserError: One is not a probability, or their sum exceeds 1.
    """

    def __init__(self, image_prob: float = 0.0, text_prob: float = 0.0, table_prob: float = 0.0) -> None:
        probabilities = {"image_prob": image_prob, "text_prob": text_prob, "table_prob": table_prob}
        for name, value in probabilities.items():
            check_probability("DropModality", name, value)
        given = [name for name, value in probabilities.items() if value or name != "table_prob"]
        check_probability("DropModality", " + ".join(given), sum(probabilities.values()))
        self.image_prob = image_prob
        self.text_prob = text_prob
        self.table_prob = table_prob
        self.blank_image = BlankImage()
        self.silence_text = SilenceText()

    @cache_randomness
    def _draw(self) -> float:
        return np.random.rand()

    def transform(self, results: dict) -> dict:
        """Blank the image, silence the text, empty the table, or leave the sample unchanged."""
        draw = self._draw()
        if draw < self.image_prob:
            return self.blank_image.transform(results) if has_text(results) or has_table(results) else results
        if draw < self.image_prob + self.text_prob:
            return self.silence_text.transform(results) if "error" not in results else results
        if draw < self.image_prob + self.text_prob + self.table_prob and ("error" not in results or has_text(results)):
            results["table"] = np.zeros_like(results["table"])
        return results


@TRANSFORMS.register_module()
class EraseText(BaseTransform):
    """Paints over lines of text in the picture with the colour around them; the text in ``ocr`` stays.

    The model thus learns to use the look of a thing whose print is illegible, and words that the picture does not show.
    With probability ``prob`` a picture loses one random line, and each of its other lines with
    probability ``line_prob``. Pictures without text, or with text of unknown place, stay as they are.

    Put it between ``LoadImage`` and the first transform that crops: see :mod:`kdxf_runtime.steps.line_boxes`.

    Required keys: ``img``, ``ocr``. Modified key: ``img``.

    Args:
        prob: Probability for each picture.
        line_prob: Probability for each further line of a picture that loses text.

    Raises:
        UserError: One is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.3, line_prob: float = 0.5) -> None:
        check_probability("EraseText", "prob", prob)
        check_probability("EraseText", "line_prob", line_prob)
        self.prob = prob
        self.line_prob = line_prob

    @cache_randomness
    def _chosen(self, count: int) -> np.ndarray:
        """Draw the lines to erase, bool (count,)."""
        if not count or np.random.rand() >= self.prob:
            return np.zeros(count, bool)
        chosen = np.random.rand(count) < self.line_prob
        chosen[np.random.randint(count)] = True
        return chosen

    def transform(self, results: dict) -> dict:
        """Erase the drawn lines in a copy of ``img``."""
        quads = line_quads(results["ocr"], results["img"])
        chosen = self._chosen(len(quads))
        if chosen.any():
            results["img"] = results["img"].copy()
            for quad in quads[chosen]:
                _paint_over(results["img"], quad)
        return results


def _paint_over(image: np.ndarray, quad: np.ndarray) -> None:
    """Fill a quad, float32 (4, 2), with the median colour of a band around it, a quarter of the line wide."""
    corners = quad.round().astype(np.int32)
    left, top, width, height = cv2.boundingRect(corners)
    band = max(2, min(width, height) // 4)
    left, top, right, bottom = left - band, top - band, left + width + band, top + height + band
    left, top = max(left, 0), max(top, 0)
    region = image[top : max(bottom, 0), left : max(right, 0)]
    if not region.size:  # a box outside of the picture
        return
    corners -= np.array([left, top], np.int32)
    inside = cv2.fillConvexPoly(np.zeros(region.shape[:2], np.uint8), corners, 1).astype(bool)
    around = region if inside.all() else region[~inside]
    region[inside] = np.median(around.reshape(-1, 3), axis=0).round()
