"""How much of the text of a dataset its pipeline leaves out: words beyond a limit, lines outside the crop.

Both are measured on the samples as they enter the pipeline, without loading a picture and without random numbers, so a
count changes no result.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kdxf.datasets.image_keys import leaf_datasets
from kdxf.datasets.transforms.features import LoadFeature
from kdxf.datasets.transforms.geometry import CenterCropKeepText
from kdxf.datasets.transforms.text import TokenizeOCR
from kdxf.registry import TRANSFORMS
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.line_boxes import upright_boxes

_SAMPLE = 500  # documents, spread evenly
_FEW_CUT = 0.05  # of the documents
_FEW_LOST = (
    0.2  # of the lines: a crop of the centre always loses some at the edges, and the words are read all the same
)
_LONG = 1.6  # long edge : short edge


def long_documents(dataset: Any) -> list[str]:
    """Describe each limit of a pipeline that more than 5 % of the documents exceed, and what to set instead.

    A limit is that of a transform with ``length_option``, such as ``max_tokens`` of ``LookUpWordVectors``.

    Args:
        dataset: A dataset with a pipeline, or wrappers around some.
    """
    return [message for leaf in _with_text(dataset) for message in _long_documents(leaf)]


def cropped_lines(dataset: Any) -> list[str]:
    """Describe each crop of the centre that leaves out more than a fifth of the lines of text, and what to use instead.

    A line of which less than half is shown counts as left out. Known are crops of a picture that is only resized by
    ``ResizeEdge`` before.

    Args:
        dataset: As for :func:`long_documents`.
    """
    return [message for leaf in _with_text(dataset) for message in _cropped_lines(leaf)]


def _with_text(dataset: Any) -> Iterator[Any]:
    for leaf in leaf_datasets(dataset):
        if hasattr(leaf, "get_data_info") and len(leaf) and "ocr" in leaf.get_data_info(0):
            yield leaf


def _records(leaf: Any) -> Iterator[OCRRecord]:
    for index in range(0, len(leaf), -(-len(leaf) // _SAMPLE)):
        record = leaf.get_data_info(index)["ocr"]
        if record.texts:
            yield record


def _long_documents(leaf: Any) -> Iterator[str]:
    steps = leaf.pipeline.transforms
    limits = [step for step in steps if hasattr(step, "length_option")]
    if not limits:
        return
    cut = next((step for step in steps if isinstance(step, TokenizeOCR)), None)
    found = [{"ocr": record} for record in _records(leaf)]
    samples = found if cut is None else [cut.transform(sample) for sample in found]
    for step in limits:
        lengths = np.array([step.length(sample) for sample in samples])
        limit = getattr(step, step.length_option)
        share = float((lengths > limit).mean()) if len(lengths) else 0.0
        if share > _FEW_CUT:
            enough = int(np.ceil(np.percentile(lengths, 95)))
            yield (
                f"{share:.0%} of the texts have more than {limit} {step.length_unit}, and what is beyond is left out: "
                f"95 % have at most {enough}; {step.length_option}={enough} of {type(step).__name__} would keep these"
            )


def _cropped_lines(leaf: Any) -> Iterator[str]:
    resize: tuple[int, str] | None = None
    for step in _image_steps(leaf.pipeline.transforms):
        name = type(step).__name__
        if name == "ResizeEdge":
            resize = step.scale, step.edge
        elif name in ("CenterCrop", "CenterCropKeepText"):
            yield from _describe(step, resize, list(_records(leaf)))
            return
        elif name not in ("LoadImage", "LoadImageFromFile"):
            return


def _image_steps(steps: Sequence[Any]) -> Sequence[Any]:
    """Return the steps that prepare a picture: those of the pipeline, or of the test view whose feature it loads."""
    loading = next((step for step in steps if isinstance(step, LoadFeature)), None)
    if loading is None:
        return steps
    return [TRANSFORMS.build(step) for step in loading.store.settings["test_image"]]


def _describe(crop: Any, resize: tuple[int, str] | None, records: Sequence[OCRRecord]) -> Iterator[str]:
    lines = lost = 0
    shapes = []
    for record in records:
        boxes = upright_boxes(record)
        if len(boxes):
            size = np.array([record.width, record.height])
            zoom = 1.0 if resize is None else resize[0] / _edge(size, resize[1])
            shown = _shown(crop, np.round(size * zoom).astype(int), boxes * zoom)
            lines, lost = lines + len(boxes), lost + int((shown < 0.5).sum())
            shapes.append(size.max() / size.min())
    if lines and lost / lines > _FEW_LOST:
        advice = "use CenterCropKeepText, as center_crop(keep_text=True) of kdxf.engine.config_parts does"
        if np.median(shapes) >= _LONG or isinstance(crop, CenterCropKeepText):
            advice = "use Letterbox, as letterbox() and random_letterbox() of kdxf.engine.config_parts do"
        yield (
            f"{type(crop).__name__} to {crop.crop_size[0]} px leaves out {lost / lines:.0%} of the lines of text from "
            f"the picture (half of the pictures are 1:{np.median(shapes):.1f} or longer); to show them {advice}"
        )


def _edge(size: np.ndarray, edge: str) -> float:
    return float({"short": size.min(), "long": size.max(), "width": size[0], "height": size[1]}[edge])


def _shown(crop: Any, size: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the fraction of each line (n, 4) that a crop of a picture of a width and height shows, float (n,)."""
    if isinstance(crop, CenterCropKeepText):
        left, top, width, height = crop.choose(size, boxes)
    else:
        width, height = np.minimum(crop.crop_size, size)
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
    low, high = np.maximum(boxes[:, :2], [left, top]), np.minimum(boxes[:, 2:], [left + width, top + height])
    return (high - low).clip(0).prod(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
