"""Hugging Face's image models as backbones, from local folders. Shapes: N batch, C channels, H height, W width."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from kdxf.errors import UserError
from kdxf.models.text_encoders.hugging_face_models import add_lora, build_model, load_weights, merge_lora
from kdxf.registry import MODELS
from kdxf.text.hugging_face import local_folder, read_config_json, read_json

KINDS = (
    "chinese_clip_vision_model",
    "clip_vision_model",
    "convnext",
    "convnextv2",
    "dinov2",
    "dinov2_with_registers",
    "dinov3_vit",
    "siglip_vision_model",
    "swin",
    "swinv2",
    "vit",
)
"""The ``model_type`` of what can be read. Of a model of image and text (``chinese_clip``, ``clip``, ``siglip``) that is
the image tower. SigLIP 2 is a ``siglip``, but for its naflex variants."""


@MODELS.register_module()
class HuggingFaceBackbone(BaseModule):
    """Encode an image with a model of Hugging Face, such as DINOv2, SigLIP 2 or Chinese-CLIP.

    ::

        init_cfg = dict(type='Pretrained', checkpoint='data/pretrained/chinese-clip-vit-base-patch16')
        image_backbone = dict(type='HuggingFaceBackbone', init_cfg=init_cfg)

    The feature is the one that the model was trained to give of a whole image: its pooled output, or else its class
    token or the mean of its tokens. For maps of features take ``TIMMBackbone``.

    The checkpoint is a folder with config.json and weights. The weights are read when training starts
    (:meth:`init_weights`); for testing and prediction they come from kdxf's checkpoint, and only config.json is needed.
    Only safetensors and pickles that run no code are read.

    Attributes:
        model_name: Name of the folder.
        out_channels: Width of the feature, C.
        normalization: Means and standard deviations of the three channels, in RGB and 0..255, that the weights were
            trained with (preprocessor_config.json); None where the folder does not say.

    Args:
        init_cfg: As above; the checkpoint is a folder, not a name on the Hugging Face hub.
        config: Instead of ``init_cfg``, an architecture to train from scratch: a folder with config.json, or a dict
            such as ``dict(model_type='dinov2', num_hidden_layers=2, ...)``.
        lora: Options of :func:`~kdxf.models.text_encoders.hugging_face_models.add_lora` (``r``, ``alpha``, ``dropout``,
            ``target_modules``): the model's own weights stay as they are and low-rank updates train.

    Raises:
        UserError: A folder or the package transformers is missing, the model is of another kind, or not exactly one of
            ``init_cfg`` and ``config`` is given.
    """

    init_cfg: Any
    _is_init: bool

    def __init__(
        self,
        init_cfg: dict[str, Any] | None = None,
        config: str | Mapping[str, Any] | None = None,
        lora: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        own = type(self).__name__
        folder = (init_cfg or {}).get("checkpoint")
        if (init_cfg is None) == (config is None) or (
            init_cfg and (init_cfg.get("type") != "Pretrained" or not folder)
        ):
            raise UserError(
                f"{own}: give init_cfg=dict(type='Pretrained', checkpoint='FOLDER'), or config to train from scratch"
            )
        self.option = f"{own}: {'checkpoint' if config is None else 'config'}"
        self.model = build_model(_vision_settings(folder if config is None else config, self.option), self.option)
        self.model.is_init = True  # otherwise BaseModule.init_weights would initialize its weights again
        for name, parameter in self.model.named_parameters():
            if name.endswith("mask_token"):  # of pretraining; distributed training refuses what is never used
                parameter.requires_grad_(False)
        if lora is not None:
            add_lora(self.model, f"{own}: lora", **lora)
        sizes = getattr(self.model.config, "hidden_sizes", None)
        self.out_channels: int = sizes[-1] if sizes else self.model.config.hidden_size
        self.model_name = Path(folder).name if folder else self.model.config.model_type
        self.normalization = _normalization(Path(folder).expanduser()) if folder else None

    def init_weights(self) -> None:
        """Load the weights of the folder; without one the model stays as transformers initialized it.

        Raises:
            UserError: The folder has no weights, or those of another model.
        """
        if self.init_cfg and not self._is_init:
            load_weights(self.model, self.init_cfg["checkpoint"], self.option)
        self._is_init = True

    def merge_lora(self) -> None:
        """Add LoRA's updates to the weights; the result is a model of the same config without ``lora``."""
        merge_lora(self.model)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Return features of images (N, 3, H, W) as a map of one pixel (N, C, 1, 1), which poolings leave as it is.

        Position embeddings are interpolated where the images have another size than in pretraining.
        """
        return (self._feature(x)[:, :, None, None],)

    def _feature(self, x: Tensor) -> Tensor:
        """Return the features (N, C) of images (N, 3, H, W)."""
        kind = self.model.config.model_type
        options = {"interpolate_pos_encoding": True} if kind in _INTERPOLATED else {}
        output = self.model(pixel_values=x, **options)
        feature = output.pooler_output
        if feature is None:
            tokens = output.last_hidden_state
            feature = tokens[:, 0] if kind == "vit" else tokens.mean(dim=1)
        return feature


_INTERPOLATED = ("chinese_clip_vision_model", "clip_vision_model", "siglip_vision_model", "swin", "swinv2", "vit")


def _vision_settings(source: str | Mapping[str, Any] | None, option: str) -> dict[str, Any]:
    """Return the settings of the image model, or of the image tower of a model of image and text."""
    settings = (
        dict(source) if isinstance(source, Mapping) else read_config_json(local_folder(str(source), option), option)
    )
    kind = settings.get("model_type")
    if f"{kind}_vision_model" in KINDS:
        settings = {**settings.get("vision_config", {}), "model_type": f"{kind}_vision_model"}
    elif kind not in KINDS:
        where = option if isinstance(source, Mapping) else f"{option} {source}"
        raise UserError(
            f"{where}: the model_type {kind!r} is none of {', '.join(KINDS)}, nor one of image and text with such an "
            "image tower; take TIMMBackbone for other models"
        )
    return settings


def _normalization(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    file = folder / "preprocessor_config.json"
    found = read_json(file) if file.is_file() else {}
    mean, std = found.get("image_mean"), found.get("image_std")
    if not found.get("do_normalize", True) or mean is None or std is None:
        return None
    return tuple(255 * value for value in mean), tuple(255 * value for value in std)
