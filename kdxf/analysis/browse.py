"""A page that shows samples as the model gets them: the original next to the pipeline's outputs."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.runner import set_random_seed
from mmpretrain.structures import DataSample

from kdxf.analysis.browse_samples import Draw, Draws, Mixed, Mixer
from kdxf.analysis.line_drawing import draw_boxes
from kdxf.engine.config import building
from kdxf.errors import UserError
from kdxf.io.pages import HTMLReport
from kdxf.registry import DATASETS
from kdxf_runtime.io.images import ImageReadError, read_image
from kdxf_runtime.ocr.record import OCRRecord

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
        cfg: A config from :func:`kdxf.engine.config.load_config`.
        out: The HTML file; the pictures are inside it.
        split: ``'train'``, ``'val'`` or ``'test'``: whose dataset and pipeline.
        number: Number of images, picked at random.
        draws: Passes of each image through the pipeline; by default 4 in training, else 1.
        mix: Show these images also after the batch augmentations, as one batch for each draw.
        seed: Of the pick and of the augmentations.

    Raises:
        UserError: The config cannot be used, has no such split, or nothing that mixes.
    """
    loader = cfg.get(f"{split}_dataloader")
    if loader is None:
        raise UserError(f"--split {split}: config {cfg.filename} has no {split}_dataloader")
    set_random_seed(seed)
    with building(cfg):
        source = Draws(DATASETS.build(loader.dataset))
        mixer = Mixer(cfg, loader) if mix else None
    size = len(source.dataset)
    picked = np.sort(np.random.default_rng(seed).permutation(size)[:number]).tolist()
    repeats = draws or (4 if split == "train" else 1)
    drawn = [[source.draw(index) for _ in range(repeats)] for index in picked]

    page = HTMLReport(f"{Path(cfg.filename).name}: samples of {split}", picture_width=_WIDTH)
    page.summary(
        f"{len(picked)} of {size:,} samples, each {repeats} times through the pipeline; seed {seed}. Check that its "
        "class can still be told from each picture, and that the text below it is what the model should read."
    )
    page.heading("What the model gets of each sample")
    _add_inputs(page, drawn[0][0])
    page.heading("Samples")
    classes = source.dataset.metainfo.get("classes")
    for index, row in zip(picked, drawn, strict=True):
        info = source.dataset.get_data_info(index)
        page.subheading(str(info.get("img_path")))
        page.pictures([_original(info), *_pictures(row, classes)])
    if mixer is not None:
        _add_mixed(page, mixer, list(zip(*drawn, strict=True)), classes)
    page.heading("Pipeline")
    page.table(["transform", "settings"], _settings(source))
    page.save(out)


def _add_inputs(page: HTMLReport, draw: Draw) -> None:
    rows = [
        (name, " x ".join(map(str, value.shape)), str(value.dtype).removeprefix("torch."))
        for name, value in draw.inputs.items()
    ]
    page.table(["input", "shape", "type"], rows)


def _original(info: Mapping[str, Any]) -> tuple[str | np.ndarray, str]:
    """Return the image with outlined and numbered OCR lines (or its path if it cannot be read), and its caption."""
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
    """Enlarge a small image by a whole factor, so that its pixels can be seen."""
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
    """Return the settings of a transform that are plain values."""
    settings = vars(transform).items()
    return {key: value for key, value in settings if key[0] != "_" and isinstance(value, int | float | str | tuple)}


_LONGEST = 400  # characters of a text
_MOST_LINES = 12
_MOST_CLASSES = 3
_LEAST_SHARE = 0.005


def describe_target(sample: DataSample, classes: Sequence[str] | None) -> str:
    """Describe the target of a sample, and its weight where it has one.

    Args:
        sample: With ``gt_label``, ``gt_score`` (which wins), ``sample_weight``, or none of them.
        classes: The class names; without them classes are shown by their indices.
    """
    if "gt_score" in sample:
        scores = sample.gt_score.float().cpu().numpy()
        best = [index for index in np.argsort(-scores, kind="stable") if scores[index] > _LEAST_SHARE]
        parts = [f"{scores[index]:.2f} {_name(index, classes)}" for index in best[:_MOST_CLASSES]]
        parts += [f"and {len(best) - _MOST_CLASSES} more"] if len(best) > _MOST_CLASSES else []
    elif "gt_label" in sample:
        parts = [_name(index, classes) for index in sample.gt_label.tolist()] or ["no class"]
    else:
        parts = ["no label"]
    weight = [f"weight {float(sample.sample_weight):.2f}"] if "sample_weight" in sample else []
    return "\n".join([", ".join(parts), *weight])


def describe_text(draw: Draw) -> str:
    """Return the text that the model sees after augmentation, or "" where it takes none."""
    inputs, results = draw.inputs, draw.results
    if "text_ids" in inputs:
        used = int((inputs["text_mask"] > 0).sum())
        lines = " / ".join(results["ocr"].texts)
        return _shortened(f"{used} of {len(inputs['text_mask'])} ids: {lines}") if used else "no text"
    if "text_weight" in inputs:
        weight = inputs["text_weight"].numpy()
        seen = [token for token, w in zip(results["tokens"], weight, strict=False) if w > 0]
        return _tokens(seen, len(results["tokens"]))
    if "ngram_weight" in inputs:
        count = int((inputs["ngram_weight"] > 0).sum())
        tokens = results["tokens"] if count else []
        return f"n-grams, {count}\n" * bool(count) + _tokens(tokens, len(results["tokens"]))
    return ""


def describe_lines(record: OCRRecord) -> str:
    """List the lines that OCR read, numbered as :func:`~kdxf.analysis.line_drawing.draw_boxes` numbers them."""
    if record.error is not None:
        return f"no text: {record.error}"
    scored = list(zip(record.texts, record.scores.tolist(), strict=True))
    lines = [f"{number}. {text} ({score:.2f})" for number, (text, score) in enumerate(scored[:_MOST_LINES], start=1)]
    lines += [f"… and {len(scored) - _MOST_LINES} more lines"] if len(scored) > _MOST_LINES else []
    return "\n".join(lines) or "no text"


def _tokens(seen: Sequence[str], count: int) -> str:
    if not seen:
        return f"no text (tokens silenced or unknown: {count})" if count else "no text"
    share = f"tokens, {count}" if len(seen) == count else f"tokens, {len(seen)} of {count}"
    return _shortened(f"{share}: {' '.join(seen)}")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _name(index: int, classes: Sequence[str] | None) -> str:
    return str(index) if classes is None else classes[index]
