"""Text encoder on a Hugging Face transformer that sees where the text stands in the picture.

Shapes: N batch, L tokens, D width.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.text_encoders.hugging_face_models import build_model
from kdxf.models.text_encoders.transformer_text_encoder import TransformerTextEncoder
from kdxf.registry import MODELS
from kdxf.text.hugging_face import local_folder, read_config_json
from kdxf_runtime.steps.transformer_tokens import BOX_UNITS

_KINDS = ("layoutlm", "layoutlmv3", "lilt")


@MODELS.register_module()
class LayoutTextEncoder(TransformerTextEncoder):
    """Encode a document with LayoutLM, LayoutLMv3 or LiLT, which also take the box of each token.

    ::

        text_encoder=dict(type='LayoutTextEncoder', pretrained='data/pretrained/lilt-infoxlm-base')

    It is used as :class:`TransformerTextEncoder`, with ``TokenizeForTransformer(boxes=True)`` of the same folder; all
    tokens of an OCR line have the box of the line. LayoutLMv3 reads its text alone, without the picture. Some
    weights of LayoutLMv3 and LiLT get no gradient, so that distributed training needs ``find_unused_parameters=True``.
    LayoutXLM and LayoutLMv2 are refused, since they need detectron2.

    LayoutLM: https://arxiv.org/abs/1912.13318, LayoutLMv3: https://arxiv.org/abs/2204.08387, LiLT:
    https://arxiv.org/abs/2202.13669.

    Args:
        pretrained: As of :class:`TransformerTextEncoder`, like all others.
        config: Likewise.
        **options: Likewise.

    Raises:
        UserError: A folder or a package is missing, or the model takes no boxes or does not support an option.
        ValueError: Not exactly one of ``pretrained`` and ``config`` is given, or ``pooling`` is unknown.
    """

    input_keys = ("text_ids", "text_mask", "text_boxes")

    def __init__(
        self, pretrained: str | None = None, config: str | Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(pretrained, config, **options)

    def _build(self, source: str | Mapping[str, Any]) -> Any:
        if isinstance(source, Mapping):
            settings = dict(source)
        else:
            settings = read_config_json(local_folder(Path(source), self.option), self.option)
        kind = settings.get("model_type")
        if kind not in _KINDS:
            remedy = (
                "it needs detectron2, which kdxf does not use; take a LiLT, such as lilt-infoxlm-base"
                if kind == "layoutlmv2"  # LayoutXLM's too
                else "TransformerTextEncoder is for models that take none"
            )
            raise UserError(f"{self.option}: boxes are for {', '.join(_KINDS)}, not for {kind}: {remedy}")
        if kind == "layoutlmv3":
            settings["visual_embed"] = False  # weights for the picture, which would stay unused
        model = build_model(settings, self.option)
        if kind == "layoutlm":
            model.pooler = nn.Identity()  # its forward calls one
        if model.config.max_2d_position_embeddings <= BOX_UNITS:
            raise UserError(
                f"{self.option}: the model has {model.config.max_2d_position_embeddings} places for boxes, which go "
                f"from 0 to {BOX_UNITS}; take a model with max_2d_position_embeddings above that"
            )
        return model

    def _hidden(self, text_ids: Tensor, mask: Tensor, text_boxes: Tensor | None) -> Tensor:
        """Return the last hidden states (N, L, D)."""
        if text_boxes is None:
            raise ValueError("LayoutTextEncoder needs text_boxes, which TokenizeForTransformer(boxes=True) makes")
        self._check_ids(text_ids)
        return self.model(input_ids=text_ids, bbox=text_boxes, attention_mask=mask.long()).last_hidden_state
