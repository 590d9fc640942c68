"""Texts from which a line or a word is left out, or to which one is added."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kdxf.datasets.transforms.lines import take_lines
from kdxf.engine.config import type_name
from kdxf.text.registry import TOKENIZERS
from kdxf.text.tokenizers import BaseTokenizer
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.tokenizers.cleaning import clean_text


def pipeline_tokenizer(pipeline: Any) -> BaseTokenizer:
    """Build the tokenizer of a (nested) pipeline config, which says what a word is.

    A transformer's pipeline has none: its pieces are no words that a person reads. It gets ``JiebaTokenizer``.
    """
    return TOKENIZERS.build(dict(_tokenizer_config(pipeline) or {"type": "JiebaTokenizer"}))


def _tokenizer_config(config: Any) -> Mapping[str, Any] | None:
    if isinstance(config, Mapping):
        if type_name(config) == "TokenizeOCR":
            return config["tokenizer"]
        config = list(config.values())
    parts = map(_tokenizer_config, config) if isinstance(config, list | tuple) else ()
    return next((part for part in parts if part is not None), None)


def words_of(record: OCRRecord, tokenizer: BaseTokenizer) -> list[str]:
    """Return the different words of a text in the order of their first occurrence."""
    return list(dict.fromkeys(word for text in record.texts for word in tokenizer.tokenize(text)))


def without_line(record: OCRRecord, line: int) -> OCRRecord:
    """Return a text without one of its lines."""
    return take_lines(record, np.delete(np.arange(len(record.texts)), line))


def without_lines_of(record: OCRRecord, word: str, tokenizer: BaseTokenizer) -> OCRRecord:
    """Return a text without all lines that hold a word."""
    kept = [row for row, text in enumerate(record.texts) if word not in tokenizer.tokenize(text)]
    return take_lines(record, np.array(kept, np.int64))


def with_line(record: OCRRecord, text: str, place: tuple[float, float] | None) -> OCRRecord:
    """Return a text with one more line, its score 1.

    Args:
        record: The text.
        text: The line.
        place: The centre of its box, x and y in fractions of the picture; the box is a tenth as wide. None: unknown.
    """
    size = np.array([record.width, record.height])
    corners = np.array([[-0.05, -0.02], [0.05, -0.02], [0.05, 0.02], [-0.05, 0.02]])
    box = np.zeros((4, 2)) if place is None else (corners + place) * size
    return replace(
        record,
        texts=[*record.texts, text],
        scores=np.append(record.scores, np.float32(1)),
        boxes=np.concatenate([record.boxes, box[None]]).astype(np.float32),
    )


def without_word(record: OCRRecord, word: str, tokenizer: BaseTokenizer) -> OCRRecord:
    """Return a text without a word, wherever it stands; a line of this word alone goes with its box.

    ============================ ================== ==========================
    lines                        word               lines without it
    ============================ ================== ==========================
    ``Arla Ko``, ``ARLA milk``   ``arla``           ``Ko``, ``milk``
    ``满100减50``                ``100``            ``满 减50``
    ``Milk``, ``milk 3%``        ``milk``           ``3%``
    ============================ ================== ==========================
    """
    texts = [_cut(text, word, tokenizer.tokenize(text)) for text in record.texts]
    kept = np.array([row for row, text in enumerate(texts) if text or not record.texts[row]], np.int64)
    return take_lines(replace(record, texts=texts), kept)


def _cut(text: str, word: str, words: Sequence[str]) -> str:
    """Cut a word out of a line, given all the line's words in reading order."""
    if word not in words:
        return text
    line = clean_text(text)
    pieces, end = [], 0
    for token in words:
        found = re.compile(re.escape(token), re.IGNORECASE).search(line, end)
        if found is None:  # the tokenizer respells words
            return " ".join(other for other in words if other != word)
        pieces.append(line[end : found.start()] + (" " if token == word else found[0]))
        end = found.end()
    return " ".join("".join([*pieces, line[end:]]).split())
