"""Cost of a config, measured on made-up inputs: parameters, arithmetic, time, memory, largest batch."""

import kdxf.registry  # isort: skip  (before the host, which it quietens)

import copy
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.runner.amp import autocast
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import kdxf.datasets
import kdxf.engine
import kdxf.models  # noqa: F401  (registers, as the line before)
from kdxf.datasets.collate import collate_function
from kdxf.engine.config import building, model_config, type_name
from kdxf.engine.precision import choose_precision
from kdxf.errors import UserError
from kdxf.inference.pipeline import dataset_config
from kdxf.registry import MODELS, TRANSFORMS
from kdxf_runtime.io.machine import peak_memory
from kdxf_runtime.ocr.record import OCRRecord

_HEIGHT, _WIDTH = 1440, 1080  # of a photograph
_LINES, _WORDS = 64, 8  # of its text: as much as a model will look at


def sample_maker(cfg: Config, model: nn.Module) -> Callable[[], dict]:
    """Return a function that makes packed samples: a noise image full of words, through the training pipeline.

    Transforms that read files are replaced: the image loader, the word vectors and the transformer's tokenizer. The
    others run, so that the inputs have the shapes of training.

    Args:
        cfg: With ``train_dataloader``.
        model: Its model, which knows the dimension of the word vectors.

    Raises:
        UserError: The config has no training pipeline.
    """
    stand_ins: dict[str, Callable[[Mapping[str, Any]], Callable]] = {
        "LoadImage": lambda step: _load_noise,
        "LoadImageFromFile": lambda step: _load_noise,
        "LookUpWordVectors": lambda step: partial(_make_vectors, step.get("max_tokens", 64), _vector_width(model)),
        "TokenizeForTransformer": lambda step: partial(
            _make_ids, step.get("max_length", 256), step.get("boxes", False)
        ),
    }
    steps = []
    for step in dataset_config(cfg, "train_dataloader").pipeline:
        stand_in = stand_ins.get(type_name(step))
        steps.append(TRANSFORMS.build(dict(step)) if stand_in is None else stand_in(step))
    pipeline: Any = Compose(steps)
    sample = {"img_path": "noise.jpg", "sample_idx": 0, "gt_label": 0, "columns": {}}
    return lambda: pipeline({**sample, "ocr": _record()})


def _vector_width(model: nn.Module) -> int:
    encoders: list[Any] = [part for part in model.modules() if "text" in getattr(part, "input_keys", ())]
    widths = [part.in_channels for part in encoders if hasattr(part, "in_channels")]  # one may hold others
    if not widths:
        raise UserError("the pipeline looks word vectors up, but the model has no text encoder that takes them")
    return widths[0]


def _record() -> OCRRecord:
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    texts = [" ".join("".join(random.choice(letters, 6)) for _ in range(_WORDS)) for _ in range(_LINES)]
    tops = np.linspace(0, _HEIGHT - 20, _LINES)
    boxes = [[(20, top), (_WIDTH - 20, top), (_WIDTH - 20, top + 15), (20, top + 15)] for top in tops]
    scores = np.ones(_LINES, np.float32)
    return OCRRecord("noise.jpg", texts, scores, np.array(boxes, np.float32), _WIDTH, _HEIGHT, "noise", None)


def _load_noise(results: dict) -> dict:
    image = np.random.default_rng(0).integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    return {**results, "img": image, "img_shape": image.shape[:2], "ori_shape": image.shape[:2]}


def _make_vectors(length: int, width: int, results: dict) -> dict:
    random = np.random.default_rng(0)
    return {
        **results,
        "text": random.standard_normal((length, width), np.float32),
        "text_weight": np.ones(length, np.float32),
        "text_box": random.random((length, 4), np.float32),
    }


def _make_ids(length: int, with_boxes: bool, results: dict) -> dict:
    """Make token ids without a tokenizer; every vocabulary has an id 0."""
    return {
        **results,
        "text_ids": np.zeros(length, np.int64),
        "text_mask": np.ones(length, np.float32),
        **({"text_boxes": np.zeros((length, 4), np.int64)} if with_boxes else {}),
    }


_MOST = 4096


def largest_batch(step: Callable[[int], None], memory: int) -> int:
    """Find the largest batch that can be trained.

    Args:
        step: Runs a training step on a given number of samples.
        memory: Bytes that PyTorch may take, at most what the GPU has. CUDA itself needs about half a gigabyte more.

    Returns:
        Number of samples, from 2 to 4096; 0 if not even two fit (batch statistics need two).
    """
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(memory / torch.cuda.get_device_properties(0).total_memory)
    try:
        return search(lambda size: _fits(step, size))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def search(fits: Callable[[int], bool], least: int = 2, most: int = _MOST) -> int:
    """Find the largest number that fits by doubling and then bisection; all numbers below a fitting one must fit.

    Args:
        fits: Returns whether a number fits.
        least: The smallest to try.
        most: The largest to try.

    Returns:
        The number; 0 if ``least`` does not fit.
    """
    good, bad = 0, least
    while bad <= most and fits(bad):
        good, bad = bad, bad * 2
    bad = min(bad, most + 1)
    while good and bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def _fits(step: Callable[[int], None], size: int) -> bool:
    try:
        for _ in range(2):  # the optimizer's state comes with the first step
            step(size)
        torch.cuda.synchronize()
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    return True


_WARM_UP = 2
_OUT_OF_MEMORY = "out of memory at batch size {}; give a smaller one with --batch-size"


@dataclass(frozen=True)
class Cost:
    """Cost of one model on one device.

    Attributes:
        parameters: Number of parameters, frozen ones included.
        macs: Multiply-add operations of one prediction in convolutions, matrix products and attention; papers and
            MMPretrain call them FLOPs.
        inputs: Input name to its shape for one sample.
        batch_size: Samples in a batch, of training and of prediction.
        train_seconds: Median of a training step: mixing, forward, backward, optimizer; no loading, no hooks.
        predict_seconds: Median of a batch's prediction.
        train_memory: Peak bytes in training: reserved by PyTorch on the GPU; without a GPU, of the whole process.
        predict_memory: The same in prediction.
        largest_batch: Most samples that can be trained within the given memory; 0 if none, None if no memory was given.
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
        cfg: A config from :func:`kdxf.engine.config.load_config`; not changed.
        batch_size: By default that of ``train_dataloader``.
        steps: Number of timed steps, after two that are not timed.
        memory: Bytes of GPU memory, to find the largest batch for.

    Raises:
        UserError: The config cannot be used, or the batch does not fit into memory.
    """
    cfg = copy.deepcopy(cfg)
    choose_precision(cfg)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batch_size = batch_size or cfg.train_dataloader.batch_size
    with building(cfg):
        model = MODELS.build(model_config(cfg)).to(device)
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
    """Describe the hardware and the version of torch."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")] or ["CPU"]
    load = f"load {os.getloadavg()[0]:.1f}"  # more than the threads: other work slowed the measurement down
    return f"{len(names)} x {names[0]}, {torch.get_num_threads()} threads, {load}, torch {torch.__version__}"


def _count(model: Any, batch: dict) -> int:
    inputs = model.data_preprocessor(batch)["inputs"]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(inputs, mode="tensor")
    return counter.get_total_flops() // 2


def _time(step: Callable[[], None], steps: int) -> tuple[float, int]:
    """Return the median seconds of a step, and the peak memory so far in bytes."""
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
    return statistics.median(seconds[_WARM_UP:]), torch.cuda.max_memory_reserved() if on_gpu else peak_memory()
