"""OCR lines to tokens with a registered tokenizer, and tokens to word vectors."""

from typing import Any

from kdxf.registry import TRANSFORMS
from kdxf.text.registry import TOKENIZERS
from kdxf_runtime.steps import text
from kdxf_runtime.steps.text import LookUpWordVectors

TRANSFORMS.register_module(module=LookUpWordVectors)


@TRANSFORMS.register_module()
class TokenizeOCR(text.TokenizeOCR):
    """:class:`kdxf_runtime.steps.text.TokenizeOCR` with a registered tokenizer.

    Required keys: ``ocr``. Added keys: ``tokens``, ``token_scores``, ``token_boxes``.

    Args:
        tokenizer: Config of the tokenizer, such as ``dict(type='JiebaTokenizer')``.
        min_score: Lines below this OCR score are left out.
    """

    def __init__(self, tokenizer: dict[str, Any], min_score: float = 0.0) -> None:
        self.tokenizer_cfg = dict(tokenizer)
        super().__init__(TOKENIZERS.build(tokenizer), min_score)
