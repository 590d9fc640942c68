"""A page that shows samples as the model will get them: the original beside what the pipeline makes of it."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed

from kdxf.apis.browse_captions import describe_lines, describe_target, describe_text
from kdxf.apis.browse_draws import Draw, Draws
from kdxf.apis.browse_mixing import Mixed, Mixer
from kdxf.apis.config_errors import explaining_config_errors
from kdxf.errors import UserError
from kdxf.html_report import HTMLReport
from kdxf.image_io import ImageReadError, read_image
from kdxf.registry import DATASETS
from kdxf.text.ocr.comparison.drawing import draw_boxes

_WIDTH = 216  # pixels of a picture; five of them fill a row
_BLANK = np.full((60, 160, 3), 238, np.uint8)


def browse(
    cfg: Config,
    out: str | Path,
    *,
    split: str = "train",
    number: int = 12,
    draws: int | None = None,
    mix: bool = False,
    seed: int = 0,
) -> None:
    """Write a page with samples of a config.

    Args:
        cfg: A config from :func:`kdxf.apis.config.load_config`.
        out: The HTML file; the pictures are inside it.
        split: ``'train'``, ``'val'`` or ``'test'``: whose dataset and pipeline.
        number: How many images, picked at random.
        draws: How often each goes through the pipeline; by default 4 times in training, else once.
        mix: Show also what the batch augmentations make of these images as a batch, once for each draw.
        seed: Of the pick and of the augmentations.

    Raises:
        UserError: The config cannot be used, has no such split, or nothing that mixes.
    """
    loader = cfg.get(f"{split}_dataloader")
    if loader is None:
        raise UserError(f"--split {split}: config {cfg.filename} has no {split}_dataloader")
    set_random_seed(seed)
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope") or "kdxf"), explaining_config_errors():
        source = Draws(DATASETS.build(loader.dataset))
        mixer = Mixer(cfg, loader) if mix else None
    size = len(source.dataset)
    picked = np.sort(np.random.default_rng(seed).permutation(size)[:number]).tolist()
    repeats = draws or (4 if split == "train" else 1)
    drawn = [[source.draw(index) for _ in range(repeats)] for index in picked]

    page = HTMLReport(f"{Path(cfg.filename).name}: samples of {split}", picture_width=_WIDTH)
    page.text(f"{len(picked)} of {size} samples, each {repeats} times through the pipeline; seed {seed}.")
    _add_inputs(page, drawn[0][0])
    classes = source.dataset.metainfo.get("classes")
    for index, row in zip(picked, drawn, strict=True):
        info = source.dataset.get_data_info(index)
        page.heading(str(info.get("img_path")))
        page.pictures([_original(info), *_pictures(row, classes)])
    if mixer is not None:
        _add_mixed(page, mixer, list(zip(*drawn, strict=True)), classes)
    page.heading("Pipeline")
    page.table(["transform", "settings"], _settings(source))
    page.save(out)


def _add_inputs(page: HTMLReport, draw: Draw) -> None:
    page.text("The model gets of each sample:")
    rows = [
        (name, " x ".join(map(str, value.shape)), str(value.dtype).removeprefix("torch."))
        for name, value in draw.inputs.items()
    ]
    page.table(["input", "shape", "type"], rows)


def _original(info: Mapping[str, Any]) -> tuple[str | np.ndarray, str]:
    """The image with the lines that OCR found in it, outlined and numbered."""
    record = info.get("ocr")
    caption = "original" if record is None else f"original\n{describe_lines(record)}"
    try:
        image = read_image(info["img_path"])
    except ImageReadError:
        return info["img_path"], caption  # the page says why
    boxes = np.zeros((0, 4, 2)) if record is None or not record.boxes.any() else record.boxes
    return draw_boxes(image, boxes, _WIDTH), caption


def _pictures(draws: Sequence[Draw], classes: Sequence[str] | None) -> Iterator[tuple[np.ndarray, str]]:
    for draw in draws:
        caption = [describe_target(draw.sample, classes), describe_text(draw)]
        yield _enlarged(draw.image), "\n".join(line for line in caption if line)


def _add_mixed(
    page: HTMLReport, mixer: Mixer, batches: Sequence[Sequence[Draw]], classes: Sequence[str] | None
) -> None:
    names = [type(part).__name__ for part in mixer.preprocessor.batch_augments.augments if part is not None]
    page.heading(f"Mixed by {' or '.join(names)}")
    page.text("The images above as batches, one for each draw, after the batch augmentations.")
    for draws in batches:
        mixed_batch = mixer.mix(draws)
        page.pictures((_enlarged(mixed.image), _mixed_caption(mixed, draws, classes)) for mixed in mixed_batch)


def _mixed_caption(mixed: Mixed, draws: Sequence[Draw], classes: Sequence[str] | None) -> str:
    lines = [describe_target(mixed.sample, classes)]
    lines += [f"text, {share:.2f}: {describe_text(draws[place])}" for place, share in (mixed.shares or {}).items()]
    return "\n".join(lines)


def _enlarged(image: np.ndarray | None) -> np.ndarray:
    """Shows small images pixel by pixel at twice their size or more."""
    if image is None:
        return _BLANK
    factor = max(1, _WIDTH // max(image.shape[:2]))
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)


def _settings(source: Draws) -> list[tuple[str, str]]:
    return [
        (type(transform).__name__, ", ".join(f"{name}={value!r}" for name, value in _plain(transform).items()))
        for pipeline in source.pipelines
        for transform in pipeline.transforms
        if transform != source._record
    ]


def _plain(transform: object) -> dict[str, Any]:
    """The settings of a transform that are plain values."""
    settings = vars(transform).items()
    return {key: value for key, value in settings if key[0] != "_" and isinstance(value, int | float | str | tuple)}
