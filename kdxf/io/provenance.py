"""What makes predictions fit to be learnt from: no model that saw the image, no ground truth mixed in twice, no ranks.

A model reproduces what it was trained on, with a confidence that says nothing; a soft label of its own training image
teaches the slip back to the next model. So such rows are refused wherever soft labels or pseudo-labels are made or
read, also for images without labels: a model that learnt its own pseudo-label would only confirm it.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions

_SHOWN = 3
_ADVICE = "take predictions of models that have not seen them (tools/recipes/kfold.py makes them)"
RATIO = "ground_truth_ratio"
"""Key of ``source``. A file that has it holds targets: they are trained on as they are. Others hold predictions."""
TRAINING_DATA = "training_data"
"""Key of ``source``, and of a checkpoint's ``meta``: of each training of the model, the fingerprints of its files by
what they are, such as ``soft_label_file``, and by path (:mod:`kdxf.engine.hooks.training_data_hook`)."""


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


def second_hand(who: str, source: Mapping[str, Any]) -> str | None:
    """Says where models have learnt soft labels, by which labels of images that they have not seen reach them.

    The model of a fold learns targets of its training images. Those were made by models of other folds, and these were
    trained on the labels of the images that it is tested on.

    Args:
        who: The models, as the subject of the sentence.
        source: Of their predictions.

    Returns:
        A sentence without its full stop, or None where no soft labels were learnt, as far as is known.
    """
    files = _learnt(source)
    if not files:
        return None
    return (
        f"{who} learnt soft labels ({', '.join(files)}), and the models that made those were as a rule trained on "
        "labels of the images scored here: labels seen at second hand, by which scores may be somewhat too high"
    )


def _learnt(source: Mapping[str, Any]) -> list[str]:
    """Names the files of soft labels behind predictions, each once, through any number of files between."""
    found = [file for data in source.get(TRAINING_DATA, []) for file in data.get("soft_label_file", {})]
    for part in source.get("inputs", []):
        found += _learnt(part.get("source", {}))
    return list(dict.fromkeys(found))


def mixed_ratio(source: Mapping[str, Any]) -> float | None:
    """Gives the part of the ground truth that a file's targets hold, from 0; None of a file of plain predictions.

    A mean of targets holds targets as well; then it is the largest part in one of them.
    """
    if RATIO in source:
        return source[RATIO]
    ratios = [mixed_ratio(part.get("source", {})) for part in source.get("inputs", [])]
    return max((ratio for ratio in ratios if ratio is not None), default=None)


def check_no_targets(source: Mapping[str, Any], path: str | Path) -> None:
    """Checks that a file holds predictions, and no targets.

    Raises:
        UserError: It holds targets, as :func:`mixed_ratio` says.
    """
    if mixed_ratio(source) is not None:
        raise UserError(f"{path}: holds targets, with the ground truth in them; give predictions")


def check_no_ranks(source: Mapping[str, Any], path: str | Path) -> None:
    """Checks that a file's scores are probabilities, and no mean of ranks.

    Raises:
        UserError: They are ranks.
    """
    if holds_ranks(source):
        raise UserError(f"{path}: holds ranks, which are no probabilities; average with another --mean")


def holds_ranks(source: Mapping[str, Any]) -> bool:
    """Says whether a file's scores are a mean of ranks, or made of one: then they are no probabilities."""
    return source.get("mean") == "rank" or any(holds_ranks(part.get("source", {})) for part in source.get("inputs", []))
