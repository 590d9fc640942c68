"""Token ids of OCR lines for a transformer, with the tokenizer of a Hugging Face folder."""

from collections.abc import Sequence

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.hugging_face import local_folder, open_tokenizer, read_config_json
from kdxf_runtime.steps.transformer_tokens import TransformerTokens

_OPTION = "TokenizeForTransformer: tokenizer"


@TRANSFORMS.register_module()
class TokenizeForTransformer(TransformerTokens):
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

    def __init__(
        self,
        tokenizer: str,
        max_length: int = 256,
        separator: str = " ",
        min_score: float = 0.0,
        chinese_only: bool = False,
    ) -> None:
        self.folder = local_folder(tokenizer, _OPTION)
        # Opened now: errors are reported at once, and workers that are forked later share the memory.
        opened = open_tokenizer(self.folder, _OPTION)
        super().__init__(
            max_length,
            separator,
            min_score,
            chinese_only,
            pad_id=opened.pad_token_id or 0,
            special_tokens=opened.num_special_tokens_to_add(),
        )
        self._check_length(opened.model_max_length)

    def length(self, results: dict) -> int:
        """Return how many tokens the text of ``ocr`` has, with those that are left out."""
        return len(open_tokenizer(self.folder, _OPTION)(self.join(results["ocr"]), verbose=False)["input_ids"])

    def encode(self, text: str) -> Sequence[int]:
        """Return the ids of a text, with the special tokens, ``max_length`` at most."""
        # A copy of this transform in another process finds or opens that process's tokenizer.
        encode = open_tokenizer(self.folder, _OPTION)
        return encode(text, truncation=True, max_length=self.max_length)["input_ids"]

    def _check_length(self, longest: int) -> None:
        if self.max_length <= self.special_tokens:
            raise UserError(
                f"TokenizeForTransformer: max_length is {self.max_length}, but the tokenizer adds "
                f"{self.special_tokens} special tokens; give more"
            )
        if (self.folder / "config.json").is_file():
            settings = read_config_json(self.folder, _OPTION)
            of_text = settings.get("text_config") or settings  # of a pair of image and text
            positions = of_text.get("max_position_embeddings")
            # XLNet and similar models have -1 or nothing: no limit.
            longest = min(longest, positions) if positions and positions > 0 else longest
        if self.max_length > longest:
            raise UserError(
                f"TokenizeForTransformer: max_length is {self.max_length}, but the model of {self.folder} takes "
                f"{longest} tokens; give at most that"
            )
