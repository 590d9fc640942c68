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
        A row per file: ``name``, ``images`` (how many have a label) and the scores.

    Raises:
        UserError: A file cannot be read or has no labels, or a metric needs what is not there.
    """
    rows = []
    for name, file in files.items():
        predictions = read_predictions(file)
        if predictions.labels is None:
            raise UserError(f"{file}: has no labels to score by; predict a labelled list")
        rows.append({"name": name, "images": len(predictions), **evaluate(cfg, predictions)})
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Writes the table as Markdown, scores with two digits."""
    lines = [list(table.columns), ["---"] * len(table.columns)]
    for name, images, *scores in table.itertuples(index=False):
        lines.append([name, str(images), *("" if pd.isna(value) else f"{value:.2f}" for value in scores)])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
