"""Made-up inputs of the size that a config's own pipeline gives, without its data."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import nn

from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr.record import OCRRecord

_HEIGHT, _WIDTH = 1440, 1080  # of a photograph
_LINES, _WORDS = 64, 8  # of its text: as much as a model will look at


def sample_maker(cfg: Config, model: nn.Module) -> Callable[[], dict]:
    """Gives what makes packed samples: an image of noise that is full of words, through the training pipeline.

    What would read files is replaced: the image loader, the word vectors and the transformer's tokenizer. The others
    do their work, so that the inputs have the very shapes of training.

    Args:
        cfg: With ``train_dataloader``.
        model: Its model; says how wide word vectors are.

    Raises:
        UserError: The config has no training pipeline.
    """
    stand_ins: dict[str, Callable[[Mapping[str, Any]], Callable]] = {
        "LoadImage": lambda step: _load_noise,
        "LoadImageFromFile": lambda step: _load_noise,
        "LookUpWordVectors": lambda step: partial(_make_vectors, step.get("max_tokens", 64), _vector_width(model)),
        "TokenizeForTransformer": lambda step: partial(_make_ids, step.get("max_length", 256)),
    }
    steps = []
    for step in _train_pipeline(cfg):
        stand_in = stand_ins.get(_name(step))
        steps.append(TRANSFORMS.build(dict(step)) if stand_in is None else stand_in(step))
    pipeline = Compose(steps)
    return lambda: pipeline({"img_path": "noise.jpg", "sample_idx": 0, "gt_label": 0, "ocr": _record()})


def _train_pipeline(cfg: Config) -> list[dict]:
    dataset = (cfg.get("train_dataloader") or {}).get("dataset")
    while dataset is not None and "pipeline" not in dataset:
        dataset = dataset.get("dataset") or next(iter(dataset.get("datasets", ())), None)
    if dataset is None:
        raise UserError(f"config {cfg.filename} has no train_dataloader.dataset.pipeline, which says the inputs' size")
    return dataset.pipeline


def _name(step: Mapping[str, Any]) -> str:
    kind = step["type"]
    return (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2]


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


def _make_ids(length: int, results: dict) -> dict:
    """Every vocabulary has an id 0."""
    return {**results, "text_ids": np.zeros(length, np.int64), "text_mask": np.ones(length, np.float32)}
