"""Token ids of OCR lines for a transformer."""

import numpy as np
from mmcv.transforms import BaseTransform

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.hugging_face import local_folder, open_tokenizer, read_config_json
from kdxf.text.ocr.record import OCRRecord
from kdxf.text.tokenizers.cleaning import HAN_RUN, clean_text

_OPTION = "TokenizeForTransformer: tokenizer"


@TRANSFORMS.register_module()
class TokenizeForTransformer(BaseTransform):
    """Joins the OCR lines, in reading order, and cuts them into the tokens of a Hugging Face tokenizer.

    Required keys: ``ocr``. Added keys: ``text_ids`` (int64 (L,)), ``text_mask`` (float32 (L,), 1 for tokens, 0 for
    padding).

    With a BERT's tokenizer, its default separator and ``max_length=6``:

    ====================  ======================================  ===================
    lines                 tokens at ``text_ids``                  ``text_mask``
    ====================  ======================================  ===================
    none                  [PAD] [PAD] [PAD] [PAD] [PAD] [PAD]     0, 0, 0, 0, 0, 0
    ``牛奶``              [CLS] 牛 奶 [SEP] [PAD] [PAD]           1, 1, 1, 1, 0, 0
    ``牛奶``, ``ａ``      [CLS] 牛 奶 a [SEP] [PAD]               1, 1, 1, 1, 1, 0
    ``牛奶 a b``, ``牛``  [CLS] 牛 奶 a b [SEP]                   1, 1, 1, 1, 1, 1
    ====================  ======================================  ===================

    Args:
        tokenizer: The folder of the model, or of its tokenizer. Names on the Hugging Face hub are not accepted.
        max_length: L, the special tokens included. Longer documents are cut, shorter ones padded; with
            ``collate_fn=dict(type='pad_collate')`` a batch is then as long as its longest document.
        separator: The text between two lines, such as a Chinese comma or the tokenizer's own ``'[SEP]'``.
        min_score: Lines below this OCR score are left out.
        chinese_only: Whether to drop all that is not Chinese. Brands, numbers and prices say much about an
            advertisement, so the default keeps them.

    Raises:
        UserError: There is no tokenizer, ``max_length`` leaves no room for a word or exceeds the model's positions, or
            the package transformers is missing.
    """

    needs_ocr = True  # tells inference to read the text of new images
    length_option, length_unit = "max_length", "tokens"

    def __init__(
        self,
        tokenizer: str,
        max_length: int = 256,
        separator: str = " ",
        min_score: float = 0.0,
        chinese_only: bool = False,
    ) -> None:
        self.folder = local_folder(tokenizer, _OPTION)
        self.max_length = max_length
        self.separator = separator
        self.min_score = min_score
        self.chinese_only = chinese_only
        # Opened now: errors are reported at once, and workers that are forked later share the memory.
        opened = open_tokenizer(self.folder, _OPTION)
        self.special_tokens = opened.num_special_tokens_to_add()
        self.pad_id = opened.pad_token_id or 0
        self._check_length(opened.model_max_length)

    def length(self, results: dict) -> int:
        """Return how many tokens the text of ``ocr`` has, with those that are left out."""
        return len(open_tokenizer(self.folder, _OPTION)(self._join(results["ocr"]), verbose=False)["input_ids"])

    def transform(self, results: dict) -> dict:
        """Turn ``ocr`` into ``text_ids`` and ``text_mask``."""
        text_ids = np.full(self.max_length, self.pad_id, dtype=np.int64)
        text_mask = np.zeros(self.max_length, dtype=np.float32)
        if text := self._join(results["ocr"]):
            # A copy of this transform in another process finds or opens that process's tokenizer.
            encode = open_tokenizer(self.folder, _OPTION)
            ids = encode(text, truncation=True, max_length=self.max_length)["input_ids"]
            if len(ids) > self.special_tokens:
                text_ids[: len(ids)] = ids
                text_mask[: len(ids)] = 1
        results["text_ids"] = text_ids
        results["text_mask"] = text_mask
        return results

    def _join(self, record: OCRRecord) -> str:
        scored = zip(record.texts, record.scores.tolist(), strict=True)
        lines = [clean_text(line) for line, score in scored if score >= self.min_score]
        if self.chinese_only:
            lines = ["".join(HAN_RUN.findall(line)) for line in lines]
        return self.separator.join(line for line in lines if line)

    def _check_length(self, longest: int) -> None:
        if self.max_length <= self.special_tokens:
            raise UserError(
                f"TokenizeForTransformer: max_length is {self.max_length}, but the tokenizer adds "
                f"{self.special_tokens} special tokens; give more"
            )
        if (self.folder / "config.json").is_file():
            positions = read_config_json(self.folder, _OPTION).get("max_position_embeddings")
            # XLNet and similar models have -1 or nothing: no limit.
            longest = min(longest, positions) if positions and positions > 0 else longest
        if self.max_length > longest:
            raise UserError(
                f"TokenizeForTransformer: max_length is {self.max_length}, but the model of {self.folder} takes "
                f"{longest} tokens; give at most that"
            )
