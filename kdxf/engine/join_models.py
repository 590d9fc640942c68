"""One checkpoint for an ``EnsembleClassifier`` from those of its members."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import building, model_config
from kdxf.errors import UserError
from kdxf.io.provenance import TRAINING_DATA
from kdxf.registry import MODELS
from kdxf.version import __version__
from kdxf_runtime.io.files import write_whole


def join_models(cfg: Config, checkpoints: Sequence[str | Path], out: str | Path) -> Path:
    """Write a checkpoint that holds all members' weights, and whatever their trainings noted of the data.

    Weights that a member was not trained with, such as the backbone of a head on stored features, are those that its
    ``init_cfg`` names. Of averaged weights (EMA) the average is taken.

    Args:
        cfg: A config whose model is an ``EnsembleClassifier``.
        checkpoints: One for each member, in the order of the config.
        out: The file to write, ``NAME.pth``.

    Returns:
        ``out``.

    Raises:
        UserError: The model is no ensemble, the number of checkpoints is not that of its members, a checkpoint does
            not fit its member, or their classes differ.
    """
    out = Path(out)
    check_checkpoint_name(out)
    with building(cfg):
        model: Any = MODELS.build(model_config(cfg))
        members = getattr(model, "members", None)
        if members is None:
            raise UserError(f"{cfg.filename}: the model is no EnsembleClassifier, so there is nothing to join")
        if len(members) != len(checkpoints):
            raise UserError(f"{cfg.filename} has {len(members)} members, and {len(checkpoints)} checkpoints are given")
        contents = [load_checkpoint(path) for path in checkpoints]
        for member, content, path in zip(members, contents, checkpoints, strict=True):
            _fill(member, content, path)
    meta = joined_meta(contents, checkpoints)
    save_weights(model.state_dict(), meta, out)
    return out


def check_checkpoint_name(path: Path) -> None:
    """Check that weights can be written under this name.

    Raises:
        UserError: It does not end with ``.pth``.
    """
    if path.suffix != ".pth":
        raise UserError(f"{path}: the name of the checkpoint must end with .pth")


def save_weights(state: Mapping[str, Any], meta: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint of weights and ``meta``, whole or not at all."""
    buffer = io.BytesIO()
    torch.save({"meta": dict(meta), "state_dict": dict(state)}, buffer)
    write_whole(buffer.getbuffer(), path)


def _fill(member: nn.Module, content: dict[str, Any], path: str | Path) -> None:
    state = {
        name.removeprefix("module."): value
        for name, value in content.get("state_dict", content).items()
        if not name.startswith("data_preprocessor.")
    }
    own = member.state_dict()
    strangers = [name for name in state if name not in own or own[name].shape != state[name].shape]
    if strangers:
        raise UserError(f"{path} does not fit its member of the ensemble (first: {strangers[0]}); check their order")
    for name, part in member.named_children():
        keys = [key for key in own if key.startswith(f"{name}.")]
        missing = [key for key in keys if key not in state]
        if name == "data_preprocessor" or not missing:
            continue
        if missing != keys or (getattr(part, "init_cfg", None) or {}).get("type") != "Pretrained":
            raise UserError(
                f"{path} lacks {len(missing)} of the {len(keys)} weights of {name} (first: {missing[0]}); only a part "
                "with init_cfg=dict(type='Pretrained', ...) may be missing, and only as a whole"
            )
        part.init_weights()  # type: ignore[operator]
    member.load_state_dict(state, strict=False)


def joined_meta(contents: Sequence[Mapping[str, Any]], checkpoints: Sequence[str | Path]) -> dict[str, Any]:
    """Return the ``meta`` of a model that is made of several: their classes, and all data they were trained on.

    Args:
        contents: The checkpoints' contents.
        checkpoints: Their paths, for messages.

    Raises:
        UserError: Their classes differ.
    """
    metas = [content.get("meta") or {} for content in contents]
    classes = [(meta.get("dataset_meta") or {}).get("classes") for meta in metas]
    for names, path in zip(classes[1:], checkpoints[1:], strict=True):
        if names != classes[0]:
            raise UserError(f"{path} was trained on other classes than {checkpoints[0]}")
    joined: dict[str, Any] = {"kdxf_version": __version__}
    if names := metas[0].get("dataset_meta"):
        joined["dataset_meta"] = names
    keys = [meta["trained_on"] for meta in metas if meta.get("trained_on") is not None]
    if len(keys) == len(metas):
        joined["trained_on"] = torch.cat(keys).unique()
    data: list[Any] = []
    for entry in (entry for meta in metas for entry in meta.get(TRAINING_DATA, [])):
        if entry not in data:
            data.append(entry)
    if data:
        joined[TRAINING_DATA] = data
    return joined
