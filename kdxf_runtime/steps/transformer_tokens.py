"""Token ids of OCR lines for a transformer, and where the tokens stand. Shapes: n lines, L tokens."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.step import Step
from kdxf_runtime.tokenizers.base import normalize_units
from kdxf_runtime.tokenizers.chinese_numerals import digits_for_numerals
from kdxf_runtime.tokenizers.cleaning import HAN_RUN, clean_text, converter

BOX_UNITS = 1000
"""Coordinates of ``text_boxes`` go from 0 to this, the width or the height of the picture."""

_SIMPLIFY = "the option simplify of TokenizeForTransformer"


def page_boxes(record: OCRRecord) -> np.ndarray:
    """Return the upright box of each line as LayoutLM and its kin take it.

    Returns:
        int64 (n, 4): left, top, right and bottom in thousandths of the picture's width and height, 0 to 1000; zeros
        where the place of the line or the size of the picture is unknown.
    """
    if not (record.width and record.height):
        return np.zeros((len(record.texts), 4), np.int64)
    corners = (record.boxes / np.array([record.width, record.height], np.float32)).clip(0, 1)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1) * BOX_UNITS
    known = record.boxes.any(axis=(1, 2)).reshape(-1, 1)
    return boxes.round().astype(np.int64) * known


class TransformerTokens(Step):
    """Joins the OCR lines, in reading order, and cuts them into the tokens of a transformer.

    Required keys: ``ocr``. Added keys: ``text_ids`` (int64 (L,)), ``text_mask`` (float32 (L,), 0 for padding, else 1 or
    the weight of the token), and with ``boxes`` ``text_boxes`` (int64 (L, 4), see
    :func:`~kdxf_runtime.steps.transformer_tokens.page_boxes`). A text without a token but the special ones counts as
    none.

    Args:
        max_length: L, the special tokens included. Longer documents are cut, shorter ones padded.
        separator: The text between two lines.
        min_score: Lines below this OCR score are left out.
        chinese_only: Whether to drop all that is not Chinese.
        simplify: Whether to write traditional characters simplified.
        normalize_units: Whether to write numbers with units, currencies and per cent signs in one way.
        normalize_numerals: Whether to write numbers that are spelled in Chinese in digits.
        score_weights: Whether the weight of a token is the OCR score of its line, and not 1.
        boxes: Whether to add the box of each token's line.
        pad_id: The id of padding.
        special_tokens: How many tokens the tokenizer adds to a text.

    Raises:
        UserError: ``simplify`` needs OpenCC, which is not installed.
    """

    needs_ocr = True
    length_option, length_unit = "max_length", "tokens"

    def __init__(
        self,
        max_length: int = 256,
        separator: str = " ",
        min_score: float = 0.0,
        chinese_only: bool = False,
        simplify: bool = False,
        normalize_units: bool = False,
        normalize_numerals: bool = False,
        score_weights: bool = False,
        boxes: bool = False,
        pad_id: int = 0,
        special_tokens: int = 2,
    ) -> None:
        self.max_length = max_length
        self.separator = separator
        self.min_score = min_score
        self.chinese_only = chinese_only
        self.simplify = simplify
        self.normalize_units = normalize_units
        self.normalize_numerals = normalize_numerals
        self.score_weights = score_weights
        self.boxes = boxes
        self.pad_id = pad_id
        self.special_tokens = special_tokens
        self._clean("")  # OpenCC is missed at once

    @abstractmethod
    def encode(self, text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        """Return the ids of a text, with the special tokens, ``max_length`` at most; and the characters of each.

        The characters are start and end in the text; equal for a special token, which stands for none.
        """

    def transform(self, results: dict) -> dict:
        """Turn ``ocr`` into ``text_ids``, ``text_mask`` and ``text_boxes``."""
        text_ids = np.full(self.max_length, self.pad_id, dtype=np.int64)
        text_mask = np.zeros(self.max_length, dtype=np.float32)
        text_boxes = np.zeros((self.max_length, 4), dtype=np.int64)
        record = results["ocr"]
        numbers, lines = self.lines(record)
        if lines:
            ids, spans = self.encode(self.separator.join(lines))
            if (count := len(ids)) > self.special_tokens:
                text_ids[:count] = ids
                text_mask[:count] = 1
                starts = np.cumsum([0, *(len(line) + len(self.separator) for line in lines[:-1])])
                begins, ends = np.array(spans).T
                words = np.flatnonzero(ends > begins)
                # A separator belongs to the line before it.
                places = np.array(numbers)[np.searchsorted(starts, begins[words], side="right") - 1]
                if self.score_weights:
                    text_mask[words] = record.scores[places]
                text_boxes[words] = page_boxes(record)[places]
        results["text_ids"] = text_ids
        results["text_mask"] = text_mask
        if self.boxes:
            results["text_boxes"] = text_boxes
        return results

    def lines(self, record: OCRRecord) -> tuple[list[int], list[str]]:
        """Return the indices of the lines that are used, and what is used of them."""
        scored = enumerate(zip(record.texts, record.scores.tolist(), strict=True))
        cleaned = [(index, self._clean(text)) for index, (text, score) in scored if score >= self.min_score]
        used = [(index, line) for index, line in cleaned if line]
        return [index for index, _ in used], [line for _, line in used]

    def _clean(self, text: str) -> str:
        text = clean_text(text)
        if self.simplify:
            text = converter("t2s", _SIMPLIFY)(text)
        if self.normalize_numerals:
            text = digits_for_numerals(text)
        if self.normalize_units:
            text = normalize_units(text)
        return "".join(HAN_RUN.findall(text)) if self.chinese_only else text


class TokenizeForTransformer(TransformerTokens):
    """:class:`TransformerTokens` with the package ``tokenizers`` and a ``tokenizer.json``, as bundles have it.

    Args:
        tokenizer: The file.
        **options: As of :class:`TransformerTokens`.

    Raises:
        UserError: The package is not installed, or the file is no tokenizer.
    """

    def __init__(self, tokenizer: str, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._file = Path(tokenizer)
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise UserError("a transformer's text needs the package tokenizers: pip install tokenizers") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(self._file))
        except Exception as error:  # the package raises plain ones
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{self._file}: is no tokenizer.json ({reason}); export the bundle anew") from error
        self._tokenizer.enable_truncation(self.max_length)
        self._tokenizer.no_padding()

    def encode(self, text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        """Return the ids of a text, with the special tokens, ``max_length`` at most; and the characters of each."""
        encoding = self._tokenizer.encode(text)
        return encoding.ids, encoding.offsets
