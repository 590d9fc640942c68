"""OCR lines to tokens with a registered tokenizer, and tokens to word vectors."""

from typing import Any

import numpy as np

from kdxf.datasets.by_identity import ByIdentity
from kdxf.registry import TRANSFORMS
from kdxf.text.registry import TOKENIZERS
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps import text
from kdxf_runtime.steps.text import LookUpWordVectors

TRANSFORMS.register_module(module=LookUpWordVectors)

RECORDS_KEPT = 4096
"""Of so many records a process remembers the tokens: an OCR table gives the same ones in every epoch."""


@TRANSFORMS.register_module()
class TokenizeOCR(text.TokenizeOCR):
    """:class:`kdxf_runtime.steps.text.TokenizeOCR` with a registered tokenizer; the last records are cut once.

    Required keys: ``ocr``. Added keys: ``tokens``, ``token_scores``, ``token_boxes``.

    Args:
        tokenizer: Config of the tokenizer, such as ``dict(type='JiebaTokenizer')``.
        min_score: Lines below this OCR score are left out.
    """

    def __init__(self, tokenizer: dict[str, Any], min_score: float = 0.0) -> None:
        self.tokenizer_cfg = dict(tokenizer)
        super().__init__(TOKENIZERS.build(tokenizer), min_score)
        self._known = ByIdentity(self._cut_for_good, RECORDS_KEPT)

    def cut(self, record: OCRRecord) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Return tokens, scores and boxes of a record; the arrays are read-only, since they are returned again."""
        tokens, scores, boxes = self._known(record)
        return list(tokens), scores, boxes

    def _cut_for_good(self, record: OCRRecord) -> tuple[list[str], np.ndarray, np.ndarray]:
        tokens, scores, boxes = super().cut(record)
        for array in (scores, boxes):
            array.flags.writeable = False
        return tokens, scores, boxes
