"""Where the words of the training texts stand: in which class, how often, and at which place of the picture."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kdxf.text.tokenizers import BaseTokenizer
from kdxf_runtime.ocr.record import OCRRecord

_FEW = 5  # images; a rarer word proves nothing
_OWN = 0.5  # of the images with a word that belong to one class
_KEPT = 3  # words of a class
_COVERS, _NEARLY_ALL = 0.5, 0.95  # of the class's texts
_ELSEWHERE = 0.02  # of the texts of other classes
_FIXED = 0.03  # of the picture's width and height


@dataclass(frozen=True)
class WordTrace:
    """A word that belongs to one class in the training texts.

    Attributes:
        word: The word.
        images: The class's images with it.
        share: Of the class's texts that have words, those with it.
        elsewhere: The same of all other classes.
        place: Where its line lies, x and y of the centre in fractions of the picture: the median; None where no place
            is known.
        spread: The median distance from there, along the axis where it is greater; None where no place is known.
        in_name: Whether the class's name contains it.
        line: The line of the class's texts that holds it most often: a stamp of two words is one line.
    """

    word: str
    images: int
    share: float
    elsewhere: float
    place: tuple[float, float] | None
    spread: float | None
    in_name: bool
    line: str

    @property
    def is_fixed(self) -> bool | None:
        """Whether it stands at the same place of all pictures, as a stamp does and no product; None if not known."""
        return None if self.spread is None else self.spread <= _FIXED

    @property
    def is_suspicious(self) -> bool:
        """Whether it looks like the mark of where pictures come from, and not like a word of what they show.

        It is no part of the class's name, nearly nowhere else, on half of the class's texts or more, and always at the
        same place. The place is what tells: a product's name, too, is read on up to nine of ten packages and on no
        other, but all over the picture. Where no place is known, it must be on nearly all texts of the class.
        """
        covers = self.share >= (_NEARLY_ALL if self.spread is None else _COVERS) and self.is_fixed is not False
        return covers and not self.in_name and self.elsewhere <= _ELSEWHERE


def trace_words(
    texts: Iterable[tuple[OCRRecord, int]], classes: Sequence[str], tokenizer: BaseTokenizer
) -> list[list[WordTrace]]:
    """Find the words that belong to one class.

    Args:
        texts: The training texts, each with its class index.
        classes: The K names of the classes.
        tokenizer: Cuts lines into words.

    Returns:
        For each class up to three words: suspicious ones first, then by the number of images.
    """
    places: dict[str, dict[int, list[tuple[np.ndarray, str]]]] = defaultdict(lambda: defaultdict(list))
    counts = np.zeros(len(classes), np.int64)
    for record, label in texts:
        found = _places(record, tokenizer)
        counts[label] += bool(found)
        for word, place in found.items():
            places[word][label].append(place)
    traces: list[list[WordTrace]] = [[] for _ in classes]
    for word, by_class in places.items():
        total = sum(map(len, by_class.values()))
        for label, own in by_class.items():
            if len(own) >= _FEW and len(own) > _OWN * total:
                others = counts.sum() - counts[label]
                elsewhere = (total - len(own)) / others if others else 0.0
                in_name = word.casefold() in classes[label].casefold()
                share = len(own) / int(counts[label])
                centres = [centre for centre, _ in own]
                line = Counter(text for _, text in own).most_common(1)[0][0]
                traces[label].append(WordTrace(word, len(own), share, elsewhere, *_centre(centres), in_name, line))
    ordered = [sorted(found, key=lambda trace: (not trace.is_suspicious, -trace.images)) for found in traces]
    return [found[:_KEPT] for found in ordered]


def _places(record: OCRRecord, tokenizer: BaseTokenizer) -> dict[str, tuple[np.ndarray, str]]:
    """Return the words of a text with the first line that holds each: its centre, NaN where not known, and its text."""
    centres = record.boxes.mean(axis=1) / np.array([record.width or 1, record.height or 1])
    if not (record.width and record.height):
        centres[:] = np.nan
    centres[~record.boxes.any(axis=(1, 2))] = np.nan
    found: dict[str, tuple[np.ndarray, str]] = {}
    for text, centre in zip(record.texts, centres, strict=True):
        for word in tokenizer.tokenize(text):
            found.setdefault(word, (centre, text))
    return found


def _centre(places: Sequence[np.ndarray]) -> tuple[tuple[float, float] | None, float | None]:
    """Return the median of places and the median distance from it along the worse axis."""
    known = np.array([place for place in places if not np.isnan(place).any()])
    if len(known) < _FEW:
        return None, None
    x, y = centre = np.median(known, axis=0)
    return (float(x), float(y)), float(np.median(np.abs(known - centre), axis=0).max())
