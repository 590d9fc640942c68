"""What makes predictions fit to be learnt from: no model that saw the image, and no ground truth mixed in twice.

A model reproduces what it was trained on, with a confidence that says nothing; a soft label of its own training image
teaches the slip back to the next model. So such rows are refused wherever soft labels or pseudo-labels are made or
read, also for images without labels: a model that learnt its own pseudo-label would only confirm it.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log

from kdxf.errors import UserError
from kdxf.predictions import Predictions

_SHOWN = 3
_ADVICE = "take predictions of models that have not seen them (tools/recipes/kfold.py makes them)"
RATIO = "ground_truth_ratio"
"""Key of ``source``. A file that has it holds targets: they are trained on as they are. Others hold predictions."""


def check_unseen(predictions: Predictions, path: str, rows: np.ndarray | None = None, *, advice: str = _ADVICE) -> None:
    """Checks that no model behind the predictions was trained on their images.

    Where nobody knows (the checkpoint does not say), it is logged.

    Args:
        predictions: n predictions.
        path: Their file, for messages.
        rows: bool (n,), those that matter; None means all.
        advice: What to do, for the message.

    Raises:
        UserError: One was; names it and the first image.
    """
    if predictions.seen is None:
        print_log(
            f"{path} does not say which images its model was trained on: nobody checks whether it saw them",
            logger="current",
            level=logging.WARNING,
        )
        return
    seen = predictions.seen if rows is None else predictions.seen & rows
    if seen.any():
        raise UserError(
            f"{path}: {_who(_models(predictions.source))} was trained on "
            f"{predictions.images[seen.argmax()]} ({seen.sum()} such images), so what it says of them cannot be learnt "
            f"from; {advice}"
        )


def _who(models: Sequence[str]) -> str:
    more = len(models) - _SHOWN
    names = [*models[:_SHOWN], *([f"{more} others"] if more > 0 else [])]
    return " ".join(["its model", " or ".join(names)]).strip()


def _models(source: Mapping[str, Any]) -> list[str]:
    """Names the checkpoints that predictions come from, through any number of files between."""
    found = [str(source["checkpoint"])] if "checkpoint" in source else []
    for part in source.get("inputs", []):
        found += _models(part.get("source", {}))
    return found


def mixed_ratio(source: Mapping[str, Any]) -> float | None:
    """Gives the part of the ground truth that a file's targets hold, from 0; None of a file of plain predictions.

    A mean of targets holds targets as well; then it is the largest part in one of them.
    """
    if RATIO in source:
        return source[RATIO]
    ratios = [mixed_ratio(part.get("source", {})) for part in source.get("inputs", [])]
    return max((ratio for ratio in ratios if ratio is not None), default=None)
