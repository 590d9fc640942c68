"""The image tower of a pretrained pair, up to the space that it shares with the text. Shapes: N batch, C channels."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from kdxf.models.backbones.hugging_face_backbone import HuggingFaceBackbone
from kdxf.models.clip_pairs import load_projection, read_pair
from kdxf.registry import MODELS


@MODELS.register_module()
class ClipImageEncoder(HuggingFaceBackbone):
    """Encode an image into the space that CLIP, SigLIP or Chinese-CLIP shares with the text.

    ::

        init_cfg = dict(type='Pretrained', checkpoint='data/pretrained/chinese-clip-vit-base-patch16')
        image_backbone = dict(type='ClipImageEncoder', init_cfg=init_cfg)

    It is :class:`HuggingFaceBackbone` with the projection behind it, so that its feature can be compared with that of
    :class:`~kdxf.models.text_encoders.ClipTextEncoder` of the same folder by their cosine. With ``lora`` the projection
    stays as it is too.

    Args:
        init_cfg: As of :class:`HuggingFaceBackbone`; the folder is that of a pair (:mod:`kdxf.models.clip_pairs`).
        config: Likewise.
        lora: Likewise.

    Raises:
        UserError: As of :class:`HuggingFaceBackbone`, or the model is no pair.
    """

    def __init__(
        self,
        init_cfg: dict[str, Any] | None = None,
        config: str | Mapping[str, Any] | None = None,
        lora: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg, config, lora)
        source = (init_cfg or {}).get("checkpoint") if config is None else config
        pair = read_pair(source, self.option)  # type: ignore[arg-type]  # one of both is given
        self.projection: nn.Module = nn.Identity()
        if pair.channels is not None:
            self.projection = nn.Linear(self.out_channels, pair.channels, bias=False).requires_grad_(lora is None)
            self.out_channels = pair.channels

    def init_weights(self) -> None:
        """Load the weights of the folder; without one the model stays as it was initialized.

        Raises:
            UserError: The folder has no weights, or those of another model.
        """
        if self.init_cfg and not self._is_init:
            load_projection(self.projection, self.init_cfg["checkpoint"], "visual_projection.", self.option)
        super().init_weights()

    def _feature(self, x: Tensor) -> Tensor:
        return self.projection(super()._feature(x))
