"""Averages the predictions of several models, file after file, with two of them in memory at most."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kdxf.digests import file_digest
from kdxf.predictions import Predictions
from kdxf.recipes.ensemble_means import MEANS
from kdxf.recipes.ensemble_reading import Facts, read_alike
from kdxf.recipes.ensemble_units import Unit

_HALF = 0.5 - 1e-6  # float32 sums of weights


def average(units: Sequence[Unit], weights: Sequence[float], mean: str = "arithmetic", origin: str = "") -> Predictions:
    """Averages predictions: inside a group all models count the same, between the groups the weights do.

    Of several labels per image those are predicted that models with at least half of all weight predict.

    Args:
        units: Models and groups of models.
        weights: One for each unit; their sum is 1. Units of weight 0 are not read.
        mean: A name of :data:`~kdxf.recipes.ensemble_means.MEANS`.
        origin: Where the weights come from, for ``source``.

    Returns:
        The mean. ``seen`` is true of images that any model has seen, and ``fold`` is there where all files agree, see
        :class:`~kdxf.recipes.ensemble_reading.Facts`; ``source`` has ``mean``, ``weights`` (their origin) and, for
        each of the ``inputs``, its ``file``, ``digest``, ``unit``, ``weight`` and ``source``.

    Raises:
        UserError: A file cannot be read, or files differ in images, classes or labels.
    """
    shares = {
        file: (unit.name, weight / len(unit.files))
        for unit, weight in zip(units, weights, strict=True)
        for file in unit.files
        if weight
    }
    space, facts = MEANS[mean], Facts()
    inputs: list[dict[str, Any]] = []
    total = votes = np.zeros(1, np.float32)
    for file, predictions in read_alike(shares):
        unit, share = shares[file]
        facts.add(file, predictions)
        inputs.append(
            {
                "file": str(file),
                "digest": file_digest(file),
                "unit": unit,
                "weight": share,
                "source": predictions.source,
            }
        )
        part = space.enter(predictions.scores) * np.float32(share)
        total = np.add(part, total, out=part)
        if predictions.predicted is not None:
            votes = votes + predictions.predicted * np.float32(share)
    return Predictions(
        images=facts.images,
        scores=space.leave(total, facts.multi_label),
        classes=facts.classes,
        labels=facts.labels,
        predicted=votes >= _HALF if facts.multi_label else None,
        seen=facts.seen,
        errors=facts.errors,
        fold=facts.fold,
        source={"tool": "tools/recipes/ensemble.py", "mean": mean, "weights": origin, "inputs": inputs},
    )
