"""Token ids of OCR lines for a transformer. Shapes: L tokens."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.step import Step
from kdxf_runtime.tokenizers.cleaning import HAN_RUN, clean_text


class TransformerTokens(Step):
    """Joins the OCR lines, in reading order, and cuts them into the tokens of a transformer.

    Required keys: ``ocr``. Added keys: ``text_ids`` (int64 (L,)), ``text_mask`` (float32 (L,), 1 for tokens, 0 for
    padding). A text without a token but the special ones counts as none.

    Args:
        max_length: L, the special tokens included. Longer documents are cut, shorter ones padded.
        separator: The text between two lines.
        min_score: Lines below this OCR score are left out.
        chinese_only: Whether to drop all that is not Chinese.
        pad_id: The id of padding.
        special_tokens: How many tokens the tokenizer adds to a text.
    """

    needs_ocr = True
    length_option, length_unit = "max_length", "tokens"

    def __init__(
        self,
        max_length: int = 256,
        separator: str = " ",
        min_score: float = 0.0,
        chinese_only: bool = False,
        pad_id: int = 0,
        special_tokens: int = 2,
    ) -> None:
        self.max_length = max_length
        self.separator = separator
        self.min_score = min_score
        self.chinese_only = chinese_only
        self.pad_id = pad_id
        self.special_tokens = special_tokens

    @abstractmethod
    def encode(self, text: str) -> Sequence[int]:
        """Return the ids of a text, with the special tokens, ``max_length`` at most."""

    def transform(self, results: dict) -> dict:
        """Turn ``ocr`` into ``text_ids`` and ``text_mask``."""
        text_ids = np.full(self.max_length, self.pad_id, dtype=np.int64)
        text_mask = np.zeros(self.max_length, dtype=np.float32)
        if text := self.join(results["ocr"]):
            ids = self.encode(text)
            if len(ids) > self.special_tokens:
                text_ids[: len(ids)] = ids
                text_mask[: len(ids)] = 1
        results["text_ids"] = text_ids
        results["text_mask"] = text_mask
        return results

    def join(self, record: OCRRecord) -> str:
        """Return the lines of a record as one text."""
        scored = zip(record.texts, record.scores.tolist(), strict=True)
        lines = [clean_text(line) for line, score in scored if score >= self.min_score]
        if self.chinese_only:
            lines = ["".join(HAN_RUN.findall(line)) for line in lines]
        return self.separator.join(line for line in lines if line)


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

    def encode(self, text: str) -> Sequence[int]:
        """Return the ids of a text, with the special tokens, ``max_length`` at most."""
        return self._tokenizer.encode(text).ids
