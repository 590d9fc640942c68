"""Soft labels to train with: out-of-fold predictions of one or more models, mixed with the ground truth."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, read_predictions
from kdxf.io.provenance import check_no_ranks, check_no_targets, check_unseen
from kdxf.io.targets import GROUND_TRUTH_RATIO, mix_ground_truth
from kdxf.recipes.ensembles.average import average
from kdxf.recipes.ensembles.members import make_units

TOOL = "tools/recipes/soft_labels.py"


def soft_labels(
    files: Sequence[Path], *, weights: Sequence[float] | None = None, ground_truth_ratio: float = GROUND_TRUTH_RATIO
) -> Predictions:
    """Mix ``ground_truth_ratio * truth + (1 - ground_truth_ratio) * mean``, the mean being that of the files.

    The result is the target of each image: its ``source`` has the ratio, and a dataset that reads it trains on it as it
    is. An image whose label no file knows has the mean alone.

    Args:
        files: Predictions of the same images, each by models that were not trained on them.
        weights: One for each file, >= 0; by default they count the same.
        ground_truth_ratio: The part of the ground truth, from 0 to 1. (Competitions were won with 7 parts truth and 3
            parts out-of-fold predictions, and with 6 and 4.)

    Raises:
        UserError: The ratio or the weights cannot be used, a file cannot be read, holds targets already, ranks or
            predictions of images that its model was trained on, files do not agree, or no label is known.
    """
    if not 0 <= ground_truth_ratio <= 1:
        raise UserError(f"--ground-truth-ratio {ground_truth_ratio:g}: give a part from 0 to 1")
    units = make_units(files)
    mean = average(units, _shares(weights, files), origin="equal" if weights is None else "given")
    if mean.seen is None or mean.seen.any():
        for file in files:
            check_unseen(read_predictions(file), str(file))
    for part in mean.source.inputs:
        check_no_targets(part.source, str(part.file))
        check_no_ranks(part.source, str(part.file))
    if mean.labels is None and ground_truth_ratio:
        raise UserError(
            f"{files[0]}: knows no label to mix in; give --ground-truth-ratio 0, or predict a labelled list"
        )
    scores = mean.scores if mean.labels is None else mix_ground_truth(mean.scores, mean.labels, ground_truth_ratio)
    return replace(mean, scores=scores, source=replace(mean.source, tool=TOOL, ground_truth_ratio=ground_truth_ratio))


def _shares(weights: Sequence[float] | None, files: Sequence[Path]) -> list[float]:
    weights = [1.0] * len(files) if weights is None else weights
    if len(weights) != len(files):
        raise UserError(f"--weights: {len(weights)} weights for {len(files)} files; give one for each")
    if not all(0 <= weight < np.inf for weight in weights) or not any(weights):
        raise UserError(f"--weights {' '.join(f'{weight:g}' for weight in weights)}: give numbers from 0, not all 0")
    return [weight / sum(weights) for weight in weights]
