"""Augmentations of OCR lines: their order, number and ends, misread characters, other scripts.

They replace ``ocr`` by a changed copy; put them before ``TokenizeOCR``.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from kdxf.datasets.transforms.dropping import check_probability
from kdxf.registry import TRANSFORMS
from kdxf.text.spelling.ocr_noise import corrupt
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.line_boxes import cut_quad
from kdxf_runtime.tokenizers.cleaning import HAN_CHARACTER, converter


def take_lines(record: OCRRecord, rows: np.ndarray) -> OCRRecord:
    """Return a copy of a record with the lines ``rows``, int (n,), in that order."""
    texts = [record.texts[row] for row in rows]
    return replace(record, texts=texts, scores=record.scores[rows], boxes=record.boxes[rows])


@TRANSFORMS.register_module()
class ShuffleLines(BaseTransform):
    """Puts the lines of a sample in random order with probability ``prob``, since the order of OCR lines is arbitrary.

    Required and modified key: ``ocr``.

    Args:
        prob: Probability for each sample.

    Raises:
        UserError: ``prob`` is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.5) -> None:
        check_probability("ShuffleLines", "prob", prob)
        self.prob = prob

    @cache_randomness
    def _order(self, count: int) -> np.ndarray:
        return np.random.permutation(count) if np.random.rand() < self.prob else np.arange(count)

    def transform(self, results: dict) -> dict:
        """Shuffle the lines at random."""
        results["ocr"] = take_lines(results["ocr"], self._order(len(results["ocr"].texts)))
        return results


@TRANSFORMS.register_module()
class DropLines(BaseTransform):
    """Drops each line with a probability, as OCR misses lines, and more likely lines with low scores.

    A line of score s is dropped with probability ``prob * s + unsure_prob * (1 - s)``.

    Required and modified key: ``ocr``.

    Args:
        prob: Probability for a line of score 1.
        unsure_prob: Probability for a line of score 0. ``None`` means ``prob``: all lines alike.

    Raises:
        UserError: One is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.1, unsure_prob: float | None = None) -> None:
        check_probability("DropLines", "prob", prob)
        self.prob = prob
        self.unsure_prob = prob if unsure_prob is None else unsure_prob
        check_probability("DropLines", "unsure_prob", self.unsure_prob)

    @cache_randomness
    def _kept(self, scores: np.ndarray) -> np.ndarray:
        return np.flatnonzero(np.random.rand(len(scores)) >= self.prob * scores + self.unsure_prob * (1 - scores))

    def transform(self, results: dict) -> dict:
        """Drop lines with their scores and boxes."""
        results["ocr"] = take_lines(results["ocr"], self._kept(results["ocr"].scores))
        return results


@TRANSFORMS.register_module()
class SplitLines(BaseTransform):
    """Splits each line in two with probability ``prob``, as OCR sees two lines at a wide gap.

    A line is cut at a space or next to a Chinese character; one that has neither stays whole. Both parts get the score
    of the line and their share of its box.

    ===================== ================================================================
    line                  may become
    ===================== ================================================================
    ``Arla Ko 3.0%``      ``Arla`` and ``Ko 3.0%``, or ``Arla Ko`` and ``3.0%``
    ``满100减``           ``满`` and ``100减``, or ``满100`` and ``减``
    ``STANDARDMJÖLK``     itself
    ===================== ================================================================

    Required and modified key: ``ocr``.

    Args:
        prob: Probability for each line.

    Raises:
        UserError: ``prob`` is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.1) -> None:
        check_probability("SplitLines", "prob", prob)
        self.prob = prob

    @cache_randomness
    def _cuts(self, texts: Sequence[str]) -> list[int]:
        """Draw for each line the character before which to cut it; 0 leaves it whole."""
        split = np.random.rand(len(texts)) < self.prob
        places = [_gaps(text) if chosen else [] for text, chosen in zip(texts, split, strict=True)]
        return [int(np.random.choice(gaps)) if gaps else 0 for gaps in places]

    def transform(self, results: dict) -> dict:
        """Split lines with their boxes and scores."""
        record = results["ocr"]
        cuts = self._cuts(record.texts)
        record = take_lines(record, np.repeat(np.arange(len(cuts)), [2 if cut else 1 for cut in cuts]))
        boxes = record.boxes.copy()
        row = 0
        for cut in cuts:
            if cut:
                text, quad = record.texts[row], boxes[row].copy()
                before, after = text[:cut].rstrip(), text[cut:].lstrip()
                record.texts[row : row + 2] = [before, after]
                boxes[row] = cut_quad(quad, 0, len(before) / len(text))
                boxes[row + 1] = cut_quad(quad, 1 - len(after) / len(text), 1)
            row += 2 if cut else 1
        results["ocr"] = replace(record, boxes=boxes)
        return results


def _gaps(text: str) -> list[int]:
    """Return where a line may be cut: at spaces inside it, and on either side of a Chinese character."""
    return [
        place
        for place in range(1, len(text))
        if (text[place].isspace() or HAN_CHARACTER.search(text[place - 1 : place + 1]))
        and text[:place].strip()
        and text[place:].strip()
    ]


@TRANSFORMS.register_module()
class ConfuseCharacters(BaseTransform):
    """Misreads characters as OCR does, in all lines of a sample with probability ``prob``.

    See :func:`~kdxf.text.spelling.ocr_noise.corrupt`: mostly look-alikes, sometimes a character that is lost, doubled
    or split off.

    Required and modified key: ``ocr``.

    Args:
        prob: Probability for each sample.
        rate: The fraction of its characters that is misread.

    Raises:
        UserError: One is not a probability.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.5, rate: float = 0.05) -> None:
        check_probability("ConfuseCharacters", "prob", prob)
        check_probability("ConfuseCharacters", "rate", rate)
        self.prob = prob
        self.rate = rate

    @cache_randomness
    def _draw(self) -> tuple[float, int]:
        return np.random.rand(), np.random.randint(1 << 31)

    def transform(self, results: dict) -> dict:
        """Misread the lines of ``ocr`` at random."""
        draw, seed = self._draw()
        if draw < self.prob:
            random = np.random.default_rng(seed)
            texts = [corrupt(text, self.rate, random) for text in results["ocr"].texts]
            results["ocr"] = replace(results["ocr"], texts=texts)
        return results


@TRANSFORMS.register_module()
class MixTraditional(BaseTransform):
    """Converts each line to the other Chinese script with probability ``prob``.

    A line with traditional characters (``優惠價``) becomes simplified (``优惠价``), any other traditional; what is not
    Chinese stays as it is. It needs the extra ``chinese``, and has no effect before a tokenizer that simplifies.

    Required and modified key: ``ocr``.

    Args:
        prob: Probability for each line.

    Raises:
        UserError: ``prob`` is not a probability, or OpenCC is not installed.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, prob: float = 0.3) -> None:
        check_probability("MixTraditional", "prob", prob)
        self.prob = prob
        _other_script("")  # a missing package is reported at once

    @cache_randomness
    def _chosen(self, count: int) -> np.ndarray:
        return np.random.rand(count) < self.prob

    def transform(self, results: dict) -> dict:
        """Convert randomly drawn lines to the other script."""
        texts = results["ocr"].texts
        pairs = zip(texts, self._chosen(len(texts)), strict=True)
        results["ocr"] = replace(results["ocr"], texts=[_other_script(t) if chosen else t for t, chosen in pairs])
        return results


def _other_script(text: str) -> str:
    simplified = converter("t2s", "MixTraditional")(text)
    return simplified if simplified != text else converter("s2t", "MixTraditional")(text)
