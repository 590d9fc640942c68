"""The figures of lists that ``tools/data/stats.py`` prints, draws and writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kdxf.data.options import TOKENIZERS
from kdxf.data.statistics.figures import (
    class_sizes,
    compare_lists,
    compare_predictions,
    describe_sizes,
    image_sizes,
    long_tail,
    predicted_sizes,
)
from kdxf.data.statistics.text import (
    ClassWords,
    count_words,
    overlapping_classes,
    text_lengths,
    text_per_class,
    texts_of,
)
from kdxf.errors import UserError
from kdxf.io.class_map import class_indices
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import BaseTokenizer, JiebaTokenizer, WordTokenizer

_TOKENIZER_OF: dict[str, type[BaseTokenizer]] = dict(zip(TOKENIZERS, (WordTokenizer, JiebaTokenizer), strict=True))
_PAIRS, _WORDS = 30, 8


@dataclass(frozen=True)
class Settings:
    """The options of the statistics.

    Attributes:
        root: The image root.
        ocr: The OCR table; None: the column ``text``, if the first list has it.
        tokenizer: One of :data:`~kdxf.data.options.TOKENIZERS`.
        words_of: The number of images of each class whose words are counted.
        image_sizes: Whether to read the headers of the images.
        workers: Number of processes for that.
        predictions: A table of predictions.
    """

    root: Path
    ocr: Path | None = None
    tokenizer: str = "word"
    words_of: int = 500
    image_sizes: bool = True
    workers: int = 1
    predictions: Path | None = None


@dataclass(frozen=True)
class Figures:
    """The figures of a training list, and of others compared with it.

    Attributes:
        frame: The first list, labels as names.
        labels: int64 (n,), its class indices.
        classes: The K class names.
        tables: Title to table, in the order in which they are shown.
        pixels: int64 (n, 2), width and height, zeros where unreadable; None if not asked for.
        characters: int64 (n,), length of the text; None without text.
    """

    frame: pd.DataFrame
    labels: np.ndarray
    classes: list[str]
    tables: dict[str, pd.DataFrame]
    pixels: np.ndarray | None
    characters: np.ndarray | None

    def as_json(self) -> dict[str, Any]:
        """Return all tables as lists of rows."""
        return {title: table.to_dict("records") for title, table in self.tables.items()}


def collect(lists: dict[Path, pd.DataFrame], classes: pd.DataFrame, settings: Settings) -> Figures:
    """Compute the figures.

    Args:
        lists: File to list, with the columns ``image`` and ``label``; the first is the training list.
        classes: The class map.
        settings: The options.

    Raises:
        UserError: A label is not a class, or a table does not have the expected form.
    """
    names = classes["name"].tolist()
    indices = {path: class_indices(frame["label"], classes, path) for path, frame in lists.items()}
    shown = np.array(names, dtype=object)
    named = {str(path): frame.assign(label=shown[indices[path]]) for path, frame in lists.items()}
    first = next(iter(lists))
    frame, labels = named[str(first)], indices[first]
    sizes = class_sizes(frame["label"], names)
    tails = [{"list": path} | long_tail(class_sizes(part["label"], names)) for path, part in named.items()]
    tables = {"lists": pd.DataFrame(tails)}
    if len(named) > 1:
        tables["compared with the first list"] = compare_lists(named)
    tables["classes"] = sizes.rename_axis("class").rename("images").reset_index()
    pixels = image_sizes(frame["image"].tolist(), settings.root, settings.workers) if settings.image_sizes else None
    if pixels is not None:
        tables["image sizes"] = describe_sizes(pixels)
    characters = _add_text(tables, frame, labels, names, settings)
    if settings.predictions is not None:
        tables["predictions"] = compare_predictions(sizes, predicted_sizes(settings.predictions, names))
    return Figures(frame, labels, names, tables, pixels, characters)


def _add_text(
    tables: dict[str, pd.DataFrame], frame: pd.DataFrame, labels: np.ndarray, names: list[str], settings: Settings
) -> np.ndarray | None:
    if settings.words_of < 1:
        raise UserError(f"--words-of: must be at least 1, not {settings.words_of}")
    table = None if settings.ocr is None else OCRTable.open(settings.ocr)
    if table is None and "text" not in frame.columns:
        return None
    texts = texts_of(frame, table)
    lengths = text_lengths(texts)
    if not lengths.any():
        raise UserError(
            f"{settings.ocr or 'the column text'}: no text for any image of the list; check --root and paths"
        )
    tokenizer = _TOKENIZER_OF[settings.tokenizer]()
    words = count_words(frame, texts, labels, len(names), tokenizer, settings.words_of)
    per_class = text_per_class(lengths, labels, names)
    tables["text per class"] = per_class.assign(words=_telling_words(words))
    tables["classes with alike text"] = overlapping_classes(words, names, _PAIRS)
    return lengths


def _telling_words(words: ClassWords) -> list[str]:
    return [", ".join(f"{word} {count}" for word, count in row) for row in words.distinctive(_WORDS)]
