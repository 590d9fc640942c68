"""Pairs of an image and a text encoder that were trained together, from local folders: CLIP, SigLIP, Chinese-CLIP.

=============== ================== ============================================ ========================================
``model_type``  models             image: the shared space is                   text: the shared space is
=============== ================== ============================================ ========================================
clip            OpenAI's, LAION's  the class token, projected                   the token that ends the text, projected
chinese_clip    Chinese-CLIP       the class token, projected                   the class token, projected
siglip          SigLIP, SigLIP 2   what the attention pooling gives             the last of a fixed number of places,
                                                                                projected
=============== ================== ============================================ ========================================

A. Radford et al.: Learning Transferable Visual Models From Natural Language Supervision
(https://arxiv.org/abs/2103.00020); X. Zhai et al.: Sigmoid Loss for Language Image Pre-Training
(https://arxiv.org/abs/2303.15343); A. Yang et al.: Chinese CLIP (https://arxiv.org/abs/2211.01335).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.text_encoders.hugging_face_models import read_state
from kdxf.text.hugging_face import local_folder, read_config_json

KINDS = ("chinese_clip", "clip", "siglip")
_OPEN_CLIP = ("open_clip_config.json", "open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@dataclass(frozen=True)
class PairSettings:
    """What a config.json says of a pair.

    Attributes:
        kind: Of :data:`KINDS`.
        text: Settings of the text tower.
        channels: Width of the shared space; None in a SigLIP, whose towers say it themselves.
    """

    kind: str
    text: dict[str, Any]
    channels: int | None


def read_pair(source: str | Path | Mapping[str, Any], option: str) -> PairSettings:
    """Read the settings of a pair.

    Args:
        source: A folder with a config.json, or its content.
        option: The option's name for messages.

    Raises:
        UserError: There is no config.json, or it is not that of a pair.
    """
    if isinstance(source, Mapping):
        settings, where = dict(source), option
    else:
        folder = local_folder(source, option)
        if not (folder / "config.json").is_file() and any((folder / name).is_file() for name in _OPEN_CLIP):
            raise UserError(
                f"{option} {folder} is a model of open_clip, which kdxf does not read; take the same model in Hugging "
                "Face's format, a folder with config.json"
            )
        settings, where = read_config_json(folder, option), f"{option} {folder}"
    kind = settings.get("model_type")
    if kind not in KINDS:
        raise UserError(
            f"{where}: the model_type {kind!r} is no pair of image and text; known are {', '.join(KINDS)} (SigLIP 2 is "
            "a siglip, but for its naflex variants)"
        )
    channels = None if kind == "siglip" else settings.get("projection_dim", 512)
    return PairSettings(kind, dict(settings.get("text_config") or {}), channels)


def load_projection(projection: nn.Module, folder: str | Path, prefix: str, option: str) -> None:
    """Fill a projection with the weights in a folder.

    Args:
        projection: Changed in place.
        folder: As of :func:`~kdxf.models.text_encoders.hugging_face_models.load_weights`.
        prefix: Of the names of its weights, such as ``'text_projection.'``.
        option: The option's name for messages.

    Raises:
        UserError: The folder lacks the weights, or they have another size.
    """
    folder = local_folder(folder, option)
    state = read_state(folder, option)
    with torch.no_grad():
        for name, weight in projection.named_parameters():
            found = state.get(prefix + name)
            if found is None or found.shape != weight.shape:
                problem = "is missing" if found is None else f"has the shape {tuple(found.shape)}"
                raise UserError(
                    f"{option} {folder}: the weight {prefix}{name} of shape {tuple(weight.shape)} {problem}; the "
                    "weights are another model's, or incomplete"
                )
            weight.copy_(found)


def read_scale(folder: str | Path, option: str) -> float:
    """Return what a pair multiplies cosines with before the softmax: the exponential of its ``logit_scale``.

    Raises:
        UserError: The folder does not say it.
    """
    folder = local_folder(folder, option)
    scale: Tensor | None = read_state(folder, option).get("logit_scale")
    if scale is None:
        raise UserError(f"{option} {folder}: the weight logit_scale is missing; the weights are incomplete")
    return float(scale.float().exp())
