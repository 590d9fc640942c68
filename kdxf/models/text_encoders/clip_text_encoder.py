"""The text tower of a pretrained pair, up to the space that it shares with the image.

Shapes: N batch, L tokens, D width, C channels.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdxf.errors import UserError
from kdxf.models.clip_pairs import load_projection, read_pair
from kdxf.models.text_encoders.hugging_face_models import build_model
from kdxf.models.text_encoders.transformer_text_encoder import TransformerTextEncoder, usable_mask
from kdxf.registry import MODELS
from kdxf.text.hugging_face import local_folder, open_tokenizer

_TOWERS = {"chinese_clip": "ChineseCLIPTextModel", "clip": "CLIPTextModel", "siglip": "SiglipTextModel"}
_PROJECTIONS = {"chinese_clip": "text_projection.", "clip": "text_projection.", "siglip": "text_model.head."}


@MODELS.register_module()
class ClipTextEncoder(TransformerTextEncoder):
    """Encode a text into the space that CLIP, SigLIP or Chinese-CLIP shares with the image.

    ::

        text_encoder=dict(type='ClipTextEncoder', pretrained='data/pretrained/chinese-clip-vit-base-patch16')

    It is used as :class:`TransformerTextEncoder`, with ``TokenizeForTransformer`` of the same folder; its feature can
    be compared with that of :class:`~kdxf.models.backbones.ClipImageEncoder` by their cosine. These models have few
    positions: 77 in CLIP, 64 in SigLIP, and Chinese-CLIP was trained with 52 tokens.

    Args:
        pretrained: Folder of the pair (:mod:`kdxf.models.clip_pairs`), not a name on the Hugging Face hub.
        config: Instead of ``pretrained``, an architecture to train from scratch: a folder with config.json, or a dict
            such as ``dict(model_type='clip', text_config=dict(...), projection_dim=512)``.
        dropout: Dropout probability of the result.
        frozen_stages: As of :class:`TransformerTextEncoder`.
        gradient_checkpointing: Likewise.
        lora: Likewise; the projection stays as it is too.
        init_cfg: Initialization, as everywhere in MMEngine.

    Raises:
        UserError: A folder, a package or the tokenizer of a SigLIP is missing, the model is no pair or does not support
            an option.
        ValueError: Not exactly one of ``pretrained`` and ``config`` is given.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        config: str | Mapping[str, Any] | None = None,
        dropout: float = 0.0,
        frozen_stages: int = -1,
        gradient_checkpointing: bool = False,
        lora: Mapping[str, Any] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            pretrained,
            config,
            dropout=dropout,
            frozen_stages=frozen_stages,
            gradient_checkpointing=gradient_checkpointing,
            lora=lora,
            init_cfg=init_cfg,
        )
        pair = read_pair(pretrained if config is None else config, self.option)  # type: ignore[arg-type]
        width = self.model.config.hidden_size
        self.kind, channels = pair.kind, pair.channels or self.model.config.projection_size
        self.project = nn.Linear(width, channels, bias=pair.kind == "siglip").requires_grad_(lora is None)
        self.out_channels = self.token_channels = channels
        self.no_text = nn.Parameter(torch.zeros(channels))
        self.pad_id = self._padding(pretrained if config is None else config) if pair.kind == "siglip" else None

    def load_pretrained(self, folder: str) -> None:
        """Load the weights in a folder, also those of the projection.

        Raises:
            UserError: It has no weights, or those of another model.
        """
        super().load_pretrained(folder)
        load_projection(self.project, folder, _PROJECTIONS[self.kind], self.option)

    def _build(self, source: str | Mapping[str, Any]) -> Any:
        pair = read_pair(source, self.option)
        self._prefix = "text_model." if pair.kind == "chinese_clip" else ""  # transformers knows the others'
        settings = {"projection_size": pair.text.get("hidden_size", 768)} if pair.kind == "siglip" else {}
        settings |= {**pair.text, "model_type": f"{pair.kind}_text_model"}
        tower = build_model(settings, self.option, _TOWERS[pair.kind])
        if pair.kind == "siglip":
            tower.head = nn.Identity()  # it is the projection, which stands outside of the tower in all kinds
        return tower

    def _padding(self, source: str | Mapping[str, Any] | None) -> int:
        """Return the id of the padding that the text tower of a SigLIP was trained with: that of its tokenizer."""
        if isinstance(source, Mapping):
            return int(self.model.config.pad_token_id or 0)
        found = open_tokenizer(local_folder(Path(str(source)), self.option), self.option).pad_token_id
        if found is None:
            raise UserError(f"{self.option} {source}: the tokenizer has no padding token, which a SigLIP needs")
        return int(found)

    def _document_features(self, text_ids: Tensor, text_mask: Tensor, text_boxes: Tensor | None) -> Tensor:
        has_text, mask = usable_mask(text_mask)
        output = self._run(text_ids, mask)
        pooled = output.last_hidden_state[:, 0] if self.kind == "chinese_clip" else output.pooler_output
        return torch.where(has_text, self.project(pooled), self.no_text)

    def _hidden(self, text_ids: Tensor, mask: Tensor, text_boxes: Tensor | None) -> Tensor:
        return self._run(text_ids, mask).last_hidden_state[:, : text_ids.size(1)]

    def _run(self, text_ids: Tensor, mask: Tensor) -> Any:
        self._check_ids(text_ids)
        if self.pad_id is None:
            return self.model(input_ids=text_ids, attention_mask=mask.long())
        # A SigLIP attends to the padding as well, and reads the text off its last place.
        places = (self.max_positions or text_ids.size(1)) - text_ids.size(1)
        padded = functional.pad(torch.where(mask, text_ids, self.pad_id), (0, places), value=self.pad_id)
        return self.model(input_ids=padded)
