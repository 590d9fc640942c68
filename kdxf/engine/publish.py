"""Small checkpoints for inference, made from training checkpoints."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import torch

from kdxf.engine.checkpoint import load_checkpoint
from kdxf.errors import UserError
from kdxf.version import __version__
from kdxf_runtime.io.files import write_whole

_KEPT = ("meta", "state_dict")


def publish_checkpoint(source: str | Path, target: str | Path, ema: bool = True, part: str | None = None) -> Path:
    """Write a checkpoint without what only training needs (optimizer, schedulers, log history).

    Args:
        source: A training checkpoint.
        target: ``NAME.pth``; the file becomes ``NAME-<first 8 digits of its SHA-256>.pth``.
        ema: Of a model with averaged weights, keep those. mmengine stores them as ``state_dict``, and the weights
            that the optimizer worked on as ``ema_state_dict``; False keeps the latter.
        part: Keep this part of the model alone, such as ``'image_backbone'`` or ``'head'``. The weights keep their
            names, so that another model starts from them with
            ``init_cfg=dict(type='Pretrained', checkpoint=<file>, prefix='image_backbone.')`` in that part's config,
            or with ``load_from``.

    Returns:
        The file that was written.

    Raises:
        UserError: The target does not end with ``.pth``, or the source is no training checkpoint, has no averaged
            weights to leave out, or no such part.
    """
    target = Path(target)
    if target.suffix != ".pth":
        raise UserError(f"{target}: the name of the published checkpoint must end with .pth")
    checkpoint = load_checkpoint(source)
    if "state_dict" not in checkpoint:
        raise UserError(f"checkpoint {source} holds bare weights; there is nothing to drop")
    if not ema:
        if "ema_state_dict" not in checkpoint:
            raise UserError(f"checkpoint {source} has no averaged weights; leave --no-ema out")
        raw = checkpoint["ema_state_dict"]
        checkpoint["state_dict"].update({key[7:]: raw[key] for key in raw if key.startswith("module.")})
    if part is not None:
        checkpoint["state_dict"] = _part(checkpoint["state_dict"], part, source)
    published = {key: checkpoint[key] for key in _KEPT if key in checkpoint}
    published.setdefault("meta", {})["kdxf_version"] = __version__

    buffer = io.BytesIO()
    torch.save(published, buffer)
    digest = hashlib.sha256(buffer.getbuffer()).hexdigest()[:8]
    stem = re.sub(r"-[0-9a-f]{8}$", "", target.stem)
    final = target.with_name(f"{stem}-{digest}.pth")
    write_whole(buffer.getbuffer(), final)
    return final


def _part(state: dict[str, Any], part: str, source: str | Path) -> dict[str, Any]:
    kept = {name: weight for name, weight in state.items() if name.startswith(f"{part}.")}
    if not kept:
        parts = ", ".join(sorted({name.partition(".")[0] for name in state}))
        raise UserError(f"checkpoint {source} has no part {part!r}, only {parts}")
    return kept
