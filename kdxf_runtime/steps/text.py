"""Word vectors of OCR lines, and the place of each token in the picture. Shapes: L tokens."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.line_boxes import text_sides
from kdxf_runtime.steps.step import Step
from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.tokenizers.cleaning import clean_text
from kdxf_runtime.vectors.word_vectors import WordVectors


def token_spans(text: str, tokens: Sequence[str]) -> np.ndarray:
    """Find the tokens in their line, by characters.

    Args:
        text: The line.
        tokens: Its tokens in reading order. One that is not found (a tokenizer may respell words) is assumed to follow
            the token before it.

    Returns:
        float32 (L, 2): start and end of each token, as fractions of the line.
    """
    line = clean_text(text).casefold()
    spans, end = [], 0
    for token in map(str.casefold, tokens):
        start = line.find(token, end)
        start = end if start < 0 else start
        end = min(start + len(token), len(line))
        spans.append((start, end))
    return np.array(spans, np.float32).reshape(-1, 2) / max(len(line), 1)


# The same lines occur in every epoch.
_known_spans = lru_cache(maxsize=2**14)(token_spans)


def token_boxes(record: OCRRecord, lines: Sequence[int], tokens: Sequence[Sequence[str]]) -> np.ndarray:
    """Return the share of each token in its line's quad.

    The quad is cut across the direction of the text, in proportion to characters; a quad may be tilted, so the box
    is the upright bounding box of the cut piece, clipped to the picture. In a picture of 200 x 100 pixels the line
    ``"NY 3.0%"`` with the quad (20, 40), (160, 40), (160, 60), (20, 60) has seven characters of 20 pixels each:

    ========= ============ =========================== ==========================
    token     characters   pixels (x0, y0, x1, y1)     box (cx, cy, w, h)
    ========= ============ =========================== ==========================
    ``ny``    0 to 2       20, 40, 60, 60              0.2, 0.5, 0.2, 0.2
    ``3.0%``  3 to 7       80, 40, 160, 60             0.6, 0.5, 0.4, 0.2
    ========= ============ =========================== ==========================

    Args:
        record: The text of the image.
        lines: The indices of some lines.
        tokens: The tokens of each of these lines in reading order, L in all.

    Returns:
        float32 (L, 4): centre x and y, width and height in fractions of the picture's width and height; zeros where the
        quad or the size of the picture is unknown.
    """
    counts = [len(words) for words in tokens]
    if not (sum(counts) and record.width and record.height):
        return np.zeros((sum(counts), 4), np.float32)
    quads = record.boxes[list(lines)]
    size = np.array([record.width, record.height], np.float32)
    begins, ends = (np.repeat(side / size, counts, axis=0)[:, None] for side in text_sides(quads))  # (L, 1, 2, 2)
    spans = [_known_spans(record.texts[line], tuple(words)) for line, words in zip(lines, tokens, strict=True)]
    corners = begins + (ends - begins) * np.concatenate(spans)[:, :, None, None]  # (L, start and end, 2, x and y)
    corners = corners.reshape(-1, 4, 2).clip(0, 1)
    low, high = corners.min(axis=1), corners.max(axis=1)
    boxes = np.concatenate([(low + high) / 2, high - low], axis=1).astype(np.float32)
    boxes[~np.repeat(quads.any(axis=(1, 2)), counts)] = 0
    return boxes


class TokenizeOCR(Step):
    """Cuts the OCR lines into tokens, in reading order; each token has the OCR score of its line.

    Required keys: ``ocr``. Added keys: ``tokens`` (list of str), ``token_scores`` (float32 (L,), in 0..1),
    ``token_boxes`` (float32 (L, 4)): the share of each token in the line's box; see
    :func:`~kdxf_runtime.steps.text.token_boxes`.

    Args:
        tokenizer: Cuts a line.
        min_score: Lines below this OCR score are left out.
    """

    needs_ocr = True  # tells inference to read the text of new images

    def __init__(self, tokenizer: BaseTokenizer, min_score: float = 0.0) -> None:
        self.tokenizer = tokenizer
        self.min_score = min_score

    def transform(self, results: dict) -> dict:
        """Cut ``ocr`` into ``tokens`` with their scores and boxes."""
        results["tokens"], results["token_scores"], results["token_boxes"] = self.cut(results["ocr"])
        return results

    def cut(self, record: OCRRecord) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Return tokens, scores and boxes of a record, as in the keys above."""
        lines = [line for line, score in enumerate(record.scores.tolist()) if score >= self.min_score]
        words = [self.tokenizer.tokenize(record.texts[line]) for line in lines]
        scores = np.repeat(record.scores[lines], [len(line) for line in words]).astype(np.float32)
        return [word for line in words for word in line], scores, token_boxes(record, lines, words)


class LookUpWordVectors(Step):
    """Looks up the tokens in a folder of word vectors.

    Required keys: ``tokens``, ``token_scores``, ``token_boxes``. Added keys: ``text`` (float32 (L, D)),
    ``text_weight`` (float32 (L,)), the OCR score of the token, 0 for padding and for a token without any known
    piece, and ``text_box`` (float32 (L, 4)), the box of the token, 0 for padding.

    ======================  =================  ====================
    tokens (max_tokens=3)   rows of ``text``   ``text_weight``
    ======================  =================  ====================
    none                    0, 0, 0            0, 0, 0
    milk(0.9)               milk, 0, 0         0.9, 0, 0
    a(1) b(1) c(.5) d(.5)   a, b, c            1, 1, 0.5
    ======================  =================  ====================

    Args:
        vectors: A folder written by ``tools/word2vec.py``.
        max_tokens: L. Longer documents are cut, shorter ones padded.
        respell: Whether an unknown word gets the vector of the known word that OCR most likely misread; otherwise it is
            composed from its pieces, like a word without such a one.

    Raises:
        UserError: ``vectors`` is not such a folder, or ``max_tokens`` is not positive.
    """

    length_option, length_unit = "max_tokens", "words"

    def __init__(self, vectors: str, max_tokens: int = 64, respell: bool = True) -> None:
        if max_tokens < 1:
            raise UserError(f"LookUpWordVectors: max_tokens is {max_tokens}; give a number above 0")
        self.vectors = WordVectors.open(vectors, respell)
        self.max_tokens = max_tokens

    def length(self, results: dict) -> int:
        """Return how many ``tokens`` a sample has, with those that are left out."""
        return len(results["tokens"])

    def transform(self, results: dict) -> dict:
        """Look up the vectors of ``tokens``."""
        tokens = results["tokens"][: self.max_tokens]
        text = np.zeros((self.max_tokens, self.vectors.dim), dtype=np.float32)
        weight = np.zeros(self.max_tokens, dtype=np.float32)
        box = np.zeros((self.max_tokens, 4), dtype=np.float32)
        if tokens:
            found_vectors, found = self.vectors.lookup(tokens)
            text[: len(tokens)] = found_vectors
            weight[: len(tokens)] = results["token_scores"][: self.max_tokens] * found
            box[: len(tokens)] = results["token_boxes"][: self.max_tokens]
        results["text"] = text
        results["text_weight"] = weight
        results["text_box"] = box
        return results
