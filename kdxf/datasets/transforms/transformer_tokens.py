"""Token ids of OCR lines for a transformer, with the tokenizer of a Hugging Face folder."""

from collections.abc import Sequence

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.hugging_face import encode_text, local_folder, open_tokenizer, read_config_json
from kdxf_runtime.steps.transformer_tokens import TransformerTokens

_OPTION = "TokenizeForTransformer: tokenizer"


@TRANSFORMS.register_module()
class TokenizeForTransformer(TransformerTokens):
    """Joins the OCR lines, in reading order, and cuts them into the tokens of a Hugging Face tokenizer.

    Required keys: ``ocr``. Added keys: ``text_ids`` (int64 (L,)), ``text_mask`` (float32 (L,), 0 for padding, else 1 or
    with ``score_weights`` the weight of the token), and with ``boxes`` ``text_boxes`` (int64 (L, 4)).

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
        simplify: Whether to write traditional characters simplified (``優惠價`` as ``优惠价``), as most published
            Chinese models were trained on; needs the extra ``chinese``.
        normalize_units: Whether to write numbers with units, currencies and per cent signs in one way
            (:func:`~kdxf_runtime.tokenizers.base.normalize_units`): ``500 ml`` and ``500毫升`` both give ``500ml``.
        normalize_numerals: Whether to write numbers that are spelled in Chinese in digits
            (:func:`~kdxf_runtime.tokenizers.chinese_numerals.digits_for_numerals`): ``五百毫升`` as ``500毫升``.
        score_weights: Whether a token weighs as much as OCR was sure of its line: ``text_mask`` is the line's score, so
            that the poolings ``'mean'`` and ``'attention'`` of the encoder count unsure lines less. Special tokens
            weigh 1. By default all tokens weigh the same.
        boxes: Whether to add ``text_boxes``, the upright box of each token's line in thousandths of the picture (left,
            top, right, bottom), which ``LayoutTextEncoder`` takes. Special tokens and padding have zeros, as has text
            of unknown place.

    Raises:
        UserError: There is no tokenizer, ``max_length`` leaves no room for a word or exceeds the model's positions, or
            a package is missing; or ``score_weights`` or ``boxes`` need to know which characters a token stands for,
            and the tokenizer does not tell.
    """

    def __init__(
        self,
        tokenizer: str,
        max_length: int = 256,
        separator: str = " ",
        min_score: float = 0.0,
        chinese_only: bool = False,
        simplify: bool = False,
        normalize_units: bool = False,
        normalize_numerals: bool = False,
        score_weights: bool = False,
        boxes: bool = False,
    ) -> None:
        self.folder = local_folder(tokenizer, _OPTION)
        # Opened now: errors are reported at once, and workers that are forked later share the memory.
        opened = open_tokenizer(self.folder, _OPTION)
        super().__init__(
            max_length,
            separator,
            min_score,
            chinese_only,
            simplify,
            normalize_units,
            normalize_numerals,
            score_weights,
            boxes,
            pad_id=opened.pad_token_id or 0,
            special_tokens=opened.num_special_tokens_to_add(),
        )
        if (score_weights or boxes) and not opened.is_fast:
            option = "boxes" if boxes else "score_weights"
            raise UserError(
                f"TokenizeForTransformer: {option} needs a fast tokenizer, and {self.folder} has none; give a model "
                "whose folder has a tokenizer.json, or leave it out"
            )
        self._check_length(opened.model_max_length)

    def length(self, results: dict) -> int:
        """Return how many tokens the text of ``ocr`` has, with those that are left out."""
        text = self.separator.join(self.lines(results["ocr"])[1])
        return len(encode_text(open_tokenizer(self.folder, _OPTION), text)[0])

    def encode(self, text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        """Return the ids of a text, with the special tokens, ``max_length`` at most; and the characters of each."""
        # A copy of this transform in another process finds or opens that process's tokenizer.
        return encode_text(open_tokenizer(self.folder, _OPTION), text, self.max_length)

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
