"""Scores files of predictions side by side."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from mmengine.config import Config

from kdxf.errors import UserError
from kdxf.predictions import read_predictions
from kdxf.recipes.kfold_metrics import evaluate


def score(cfg: Config, files: Mapping[str, Path]) -> pd.DataFrame:
    """Scores files with the ``val_evaluator`` of a config.

    Args:
        cfg: The config.
        files: Name to file of predictions with labels.

    Returns:
        A row per file: ``name``, the number of ``images``, and the scores.

    Raises:
        UserError: A file cannot be read, an image has no label, or a metric needs what is not there.
    """
    rows = []
    for name, file in files.items():
        predictions = read_predictions(file)
        if predictions.labels is None:
            raise UserError(f"{file}: has no labels to score by; predict a labelled list")
        if predictions.labels.ndim == 1 and (without := predictions.labels < 0).any():
            raise UserError(
                f"{file}: {without.sum()} of its {len(predictions)} images have no label, such as "
                f"{predictions.images[without.argmax()]}; predict a labelled list"
            )
        rows.append({"name": name, "images": len(predictions), **evaluate(cfg, predictions)})
    return pd.DataFrame(rows)
