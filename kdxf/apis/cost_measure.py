"""Measures what a config costs: parameters, arithmetic, time and memory."""

import kdxf.registry  # isort: skip  (before the host, which it quietens)

import copy
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner.amp import autocast
from torch.utils.flop_counter import FlopCounterMode

import kdxf.datasets
import kdxf.engine
import kdxf.models  # noqa: F401  (registers, as the line before)
from kdxf.apis.collating import collate_function
from kdxf.apis.config_errors import explaining_config_errors
from kdxf.apis.cost_inputs import sample_maker
from kdxf.apis.largest_batch import largest_batch
from kdxf.errors import UserError
from kdxf.registry import MODELS

_WARM_UP = 2
_OUT_OF_MEMORY = "out of memory at batch size {}; give a smaller one with --batch-size"


@dataclass(frozen=True)
class Cost:
    """What one model costs on one device.

    Attributes:
        parameters: Numbers that the model holds, frozen ones included.
        macs: Multiply-add pairs of one prediction in convolutions, matrix products and attention; what papers and
            MMPretrain call FLOPs.
        inputs: Input name to its shape for one sample.
        batch_size: Samples in a batch, of training and of prediction.
        train_seconds: Median of a training step: mixing, forward, backward, optimizer; no loading, no hooks.
        predict_seconds: Median of a batch's prediction.
        train_memory: Peak bytes in training; of the GPU as PyTorch reserved them, without one of the whole process.
        predict_memory: The same in prediction.
        largest_batch: Most samples that train within the memory asked for; 0 if none do, None if not asked.
    """

    parameters: int
    macs: int
    inputs: dict[str, tuple[int, ...]]
    batch_size: int
    train_seconds: float
    predict_seconds: float
    train_memory: int
    predict_memory: int
    largest_batch: int | None


def measure(cfg: Config, *, batch_size: int | None = None, steps: int = 5, memory: int | None = None) -> Cost:
    """Measure a config on the GPU if there is one, else on the CPU. Call it in a process of its own.

    Weights are drawn at random, inputs are noise of the config's size. The precision is the config's: of its
    ``optim_wrapper`` in training, of ``test_cfg.fp16`` in prediction.

    Args:
        cfg: A config from :func:`kdxf.apis.config.load_config`; not changed.
        batch_size: By default that of ``train_dataloader``.
        steps: How many are timed, after two that are not.
        memory: Bytes of GPU memory, to find the largest batch for.

    Raises:
        UserError: The config cannot be used, or the batch does not fit into memory.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batch_size = batch_size or cfg.train_dataloader.batch_size
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope") or "kdxf"), explaining_config_errors():
        model = MODELS.build(_model_config(cfg)).to(device)
        optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        make_sample = sample_maker(cfg, model)
    packed, collate = make_sample(), collate_function(cfg.train_dataloader)

    def batch(size: int) -> dict:
        return collate([copy.deepcopy(packed) for _ in range(size)])

    def train(size: int) -> None:
        model.train_step(batch(size), optim_wrapper)

    def predict() -> None:
        with torch.no_grad(), autocast(enabled=(cfg.get("test_cfg") or {}).get("fp16", False)):
            model.test_step(batch(batch_size))

    macs = _count(model.eval(), batch(1))
    try:
        predict_seconds, predict_memory = _time(predict, steps)
        model.train()
        train_seconds, train_memory = _time(lambda: train(batch_size), steps)
    except torch.OutOfMemoryError as error:
        raise UserError(_OUT_OF_MEMORY.format(batch_size)) from error
    inputs = packed["inputs"] if isinstance(packed["inputs"], dict) else {"img": packed["inputs"]}
    return Cost(
        parameters=sum(weight.numel() for weight in model.parameters()),
        macs=macs,
        inputs={name: tuple(value.shape) for name, value in inputs.items()},
        batch_size=batch_size,
        train_seconds=train_seconds,
        predict_seconds=predict_seconds,
        train_memory=train_memory,
        predict_memory=predict_memory,
        largest_batch=None if memory is None else largest_batch(train, memory),
    )


def machine() -> str:
    """Names what is measured on."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")] or ["CPU"]
    load = f"load {os.getloadavg()[0]:.1f}"  # more than the threads: other work slowed the measurement down
    return f"{len(names)} x {names[0]}, {torch.get_num_threads()} threads, {load}, torch {torch.__version__}"


def _model_config(cfg: Config) -> dict[str, Any]:
    """The model's config as the Runner completes it; timm is not to download weights."""
    model = cfg.model.to_dict()
    if cfg.get("data_preprocessor") is not None:
        model.setdefault("data_preprocessor", cfg.data_preprocessor.to_dict())
    return _unloaded(model)


def _unloaded(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: False if key == "pretrained" and value is True else _unloaded(value) for key, value in part.items()
        }
    return [_unloaded(item) for item in part] if isinstance(part, list) else part


def _count(model: Any, batch: dict) -> int:
    inputs = model.data_preprocessor(batch)["inputs"]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(inputs, mode="tensor")
    return counter.get_total_flops() // 2


def _time(step: Callable[[], None], steps: int) -> tuple[float, int]:
    """Median seconds of a step, and the peak of memory so far."""
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(_WARM_UP + steps):
        start = time.perf_counter()
        step()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[_WARM_UP:]), _peak_memory()


def _peak_memory() -> int:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    # Linux counts in KiB, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
