"""Says in a few words what a sample is, for the captions of pictures."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from collections.abc import Sequence

import numpy as np
from mmpretrain.structures import DataSample

from kdxf.apis.browse_draws import Draw
from kdxf.text.ocr.record import OCRRecord

_LONGEST = 400  # characters of a text
_MOST_LINES = 12
_MOST_CLASSES = 3
_LEAST_SHARE = 0.005


def describe_target(sample: DataSample, classes: Sequence[str] | None) -> str:
    """Names what the model is to learn from a sample, and how much it counts if that is said.

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
    """Shows the text that is left after augmentation and that the model sees, or "" where it takes none."""
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
    """Lists the lines that OCR read, numbered as :func:`~kdxf.text.ocr.comparison.drawing.draw_boxes` numbers them."""
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
