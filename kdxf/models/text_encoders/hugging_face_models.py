"""Hugging Face models from local folders, without running code from them, and with LoRA if wanted.

E. Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models (https://arxiv.org/abs/2106.09685).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kdxf.engine.checkpoint import load_checkpoint
from kdxf.errors import UserError
from kdxf.text.hugging_face import local_folder, read_config_json, read_json
from kdxf_runtime.optional import require

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")

# The layers that LoRA adapts where neither the config nor peft says so: queries and values, as in the paper.
_ADAPTED = {
    "chinese_clip_text_model": ("query", "value"),
    "chinese_clip_vision_model": ("q_proj", "v_proj"),
    "clip_text_model": ("q_proj", "v_proj"),
    "clip_vision_model": ("q_proj", "v_proj"),
    "siglip_text_model": ("q_proj", "v_proj"),
    "siglip_vision_model": ("q_proj", "v_proj"),
}

# Settings of a config.json that name code, or choose number format and kernels, which the experiment decides.
_IGNORED = ("auto_map", "attn_implementation", "experts_implementation", "quantization_config", "dtype", "torch_dtype")


def build_model(config: str | Path | Mapping[str, Any], option: str, architecture: str | None = None) -> Any:
    """Build the bare encoder (no pooler, no head) of an architecture, with random weights in float32.

    Args:
        config: A folder with a config.json, or the content of one: ``model_type`` and settings.
        option: Name of the config option in messages.
        architecture: Name of the class in transformers; by default that of its ``AutoModel``, which lacks some towers.

    Raises:
        UserError: The architecture is unknown, its settings do not fit, it has a decoder, or the package transformers
            is not installed.
    """
    transformers: Any = require("transformers", "transformers", option.partition(":")[0])
    if isinstance(config, Mapping):
        settings, where = dict(config), option
    else:
        folder = local_folder(config, option)
        settings, where = read_config_json(folder, option), str(folder / "config.json")
    settings = {key: value for key, value in settings.items() if key not in _IGNORED}
    kind = settings.pop("model_type", None)
    if kind is None:
        raise UserError(f"{where} names no model_type, such as 'bert'")
    if kind not in transformers.CONFIG_MAPPING:
        raise UserError(
            f"{where}: transformers {transformers.__version__} does not know the model_type {kind!r}; kdxf runs no "
            "code that comes with a model, so take another model or a newer transformers"
        )
    try:
        model_config = transformers.AutoConfig.for_model(kind, **settings)
        if model_config.is_encoder_decoder:
            raise UserError(f"{where}: {kind} is an encoder with a decoder; take an encoder, such as a BERT")
        model_config.use_cache = False  # only for generating text; gradient checkpointing would warn of it
        if architecture is None:
            model = transformers.AutoModel.from_config(model_config, trust_remote_code=False)
        else:
            model = getattr(transformers, architecture)(model_config)
    except UserError:
        raise
    except Exception as error:  # transformers checks settings in many ways
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{where}: {kind} cannot be built with these settings: {reason}") from error
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # its weights would not be used, which distributed training refuses
    return model


def load_weights(model: Any, folder: str | Path, option: str, prefix: str = "") -> None:
    """Fill a model of :func:`build_model` with the weights in a folder.

    Weights of heads and poolers in the checkpoint are left out; LoRA layers keep theirs.

    Args:
        model: Changed in place.
        folder: Contains ``model.safetensors`` or ``pytorch_model.bin``, or one of them in parts.
        option: Name of the config option in messages.
        prefix: What stands before the names of the model's weights in the folder; needed only where transformers does
            not know it.

    Raises:
        UserError: There are no weights, they would run code, or they belong to another model.
    """
    folder = local_folder(folder, option)
    state = {name.removeprefix(prefix): tensor for name, tensor in read_state(folder, option).items()}
    with _quiet():
        # transformers knows how names of weights changed over the years, and removes prefixes of models with heads.
        loaded, report = type(model).from_pretrained(
            None, config=model.config, state_dict=state, output_loading_info=True, ignore_mismatched_sizes=True
        )
    own = {name.replace(".base_layer.", "."): tensor for name, tensor in _plain_state(model)}
    mismatched = tuple(str(item[0]) for item in report["mismatched_keys"])  # in older versions with a prefix
    if misfits := sorted(name for name in own if any(other.endswith(name) for other in mismatched)):
        raise UserError(f"{option} {folder}: the weights do not fit config.json in their sizes (first: {misfits[0]})")
    if missing := sorted(own.keys() & set(report["missing_keys"])):
        raise UserError(
            f"{option} {folder}: {len(missing)} of the model's {len(own)} weights are missing (first: {missing[0]}); "
            "the weights are another model's, or incomplete"
        )
    source = loaded.state_dict()
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(source[name])


def _plain_state(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, tensor) for name, tensor in model.state_dict().items() if ".lora_" not in name]


def read_state(folder: Path, option: str) -> dict[str, Tensor]:
    """Read all weights in a folder.

    Raises:
        UserError: There are none, or they would run code.
    """
    for name in WEIGHT_FILES:
        if (folder / name).is_file():
            return load_checkpoint(folder / name)
        index = folder / f"{name}.index.json"
        if index.is_file():
            parts = set(read_json(index).get("weight_map", {}).values())
            return {key: value for part in sorted(parts) for key, value in load_checkpoint(folder / part).items()}
    raise UserError(
        f"{option} {folder} has no weights ({' or '.join(WEIGHT_FILES)}); download them, or give the folder as "
        "config in place of pretrained to start from scratch"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from listing the weights that are left out, and from showing progress bars."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def add_lora(
    model: Any,
    option: str,
    *,
    r: int = 8,
    alpha: float = 16,
    dropout: float = 0.0,
    target_modules: Sequence[str] | None = None,
) -> None:
    """Add trainable low-rank updates to linear layers, and freeze all other weights.

    Args:
        model: Changed in place. Its output stays the same at first.
        option: Name of the config option in messages.
        r: Rank of the updates.
        alpha: The updates are scaled by ``alpha / r``.
        dropout: Dropout probability of the updates' inputs.
        target_modules: Ends of the layers' names, such as ``['query', 'value']``; by default queries and values of
            the attention in CLIP and its kin, and peft's choice in other models.

    Raises:
        UserError: The model has no such layers, or the package peft is not installed.
    """
    peft: Any = require("peft", "transformers", option)
    kind = getattr(getattr(model, "config", None), "model_type", None)
    chosen = _ADAPTED.get(str(kind)) if target_modules is None else target_modules
    targets = None if chosen is None else list(chosen)
    config = peft.LoraConfig(r=r, lora_alpha=alpha, lora_dropout=dropout, target_modules=targets)
    try:
        peft.inject_adapter_in_model(config, model)
    except ValueError as error:
        names = {name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, nn.Linear)}
        raise UserError(
            f"{option}: set target_modules to names of linear layers; the model has {', '.join(sorted(names))}"
        ) from error
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".lora_" in name)


def merge_lora(model: nn.Module) -> None:
    """Add the updates to the weights that they adapt, and restore the plain layers; without updates nothing changes."""
    if not any(".lora_" in name for name, _ in model.named_parameters()):
        return
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(model.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge()
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, layer.get_base_layer())
