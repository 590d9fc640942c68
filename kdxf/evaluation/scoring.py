"""Scores of predictions in files, by a config's evaluators, and the table of all folds."""

import kdxf.registry  # isort: skip  (before the host, which it quietens)

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.registry import DefaultScope

import kdxf.evaluation  # noqa: F401  (registers)
from kdxf.engine.config import explaining_config_errors
from kdxf.errors import UserError
from kdxf.io.pages import markdown_table
from kdxf.io.predictions import Predictions

GATHERED = "out-of-fold"
_CHUNK = 256  # images that metrics get together
_BEST_NOTE = (
    "The checkpoint of each fold is the best one on the fold that it is scored on, so these scores are somewhat too "
    "high; --checkpoint last has none of that.\n"
)


def evaluate(cfg: Config, predictions: Predictions) -> dict[str, float]:
    """Score predictions with the ``val_evaluator`` of a config.

    Where only the best scores of each image are known, the others count as 0.

    What a metric reads besides labels and class scores, such as the outputs of a second head, is not in a file.

    Args:
        cfg: The config.
        predictions: Predictions with labels.

    Returns:
        The scores that are numbers, by name.

    Raises:
        UserError: There is no ``val_evaluator``; a metric cannot be built, does not fit the predictions, or needs what
            the file lacks; or two metrics give one score.
    """
    if not cfg.get("val_evaluator"):
        raise UserError(f"config {cfg.filename} has no val_evaluator to score by; give a config that validates")
    scope = cfg.get("default_scope") or "kdxf"
    with DefaultScope.overwrite_default_scope(scope), explaining_config_errors():
        evaluator = Evaluator(copy.deepcopy(cfg.val_evaluator))
        _check_topk(evaluator.metrics, predictions)
        evaluator.dataset_meta = {"classes": predictions.classes, "multi_label": predictions.multi_label}
        scores = _scores(evaluator.metrics, predictions)
    plain = {name: _plain(value) for name, value in scores.items()}
    return {name: value for name, value in plain.items() if isinstance(value, int | float)}


def _check_topk(metrics: Sequence[BaseMetric], predictions: Predictions) -> None:
    if predictions.top is None:
        return
    known = predictions.top.shape[1]
    for metric in metrics:
        wanted = getattr(metric, "topk", None)
        if wanted is not None and max(np.atleast_1d(wanted)) > known:
            raise UserError(
                f"{type(metric).__name__} needs the {max(np.atleast_1d(wanted))} best scores of each image, and the "
                f"file holds {known}; write it again with a greater --topk"
            )


def _scores(metrics: Sequence[BaseMetric], predictions: Predictions) -> dict[str, Any]:
    """Do what mmengine's evaluator does, but name the metric that fails."""
    samples = _samples(predictions)
    while chunk := list(islice(samples, _CHUNK)):
        for metric in metrics:
            with _explaining(metric):
                metric.process(None, chunk)
    scores: dict[str, Any] = {}
    for metric in metrics:
        with _explaining(metric):
            found = metric.evaluate(len(predictions))
        if both := found.keys() & scores.keys():
            raise UserError(f"val_evaluator: two metrics give the score {min(both)}; give one of them another prefix")
        scores |= found
    return scores


@contextmanager
def _explaining(metric: BaseMetric) -> Iterator[None]:
    name = type(metric).__name__
    try:
        yield
    except UserError:
        raise
    except KeyError as error:
        raise UserError(
            f"{name} needs {error} of each image, which is not in files of predictions; leave it out of val_evaluator"
        ) from error
    except ValueError as error:
        raise UserError(f"{name} cannot score these predictions: {error}") from error


def _samples(predictions: Predictions) -> Iterator[dict[str, Any]]:
    labels, predicted = predictions.labels, predictions.predicted
    best, _ = predictions.best()
    for index, image in enumerate(predictions.images):
        guess = best[index : index + 1] if predicted is None else np.flatnonzero(predicted[index])
        sample = {
            "img_path": image,
            "pred_score": torch.tensor(_all_scores(predictions, index)),
            "pred_label": torch.tensor(guess),
            "num_classes": len(predictions.classes),
        }
        if labels is not None and labels.ndim == 2:
            sample["gt_label"] = torch.tensor(np.flatnonzero(labels[index]))
        elif labels is not None and labels[index] >= 0:
            sample["gt_label"] = torch.tensor(labels[index : index + 1])
        yield sample


def _all_scores(predictions: Predictions, index: int) -> np.ndarray:
    if predictions.top is None:
        return predictions.scores[index]
    scores = np.zeros(len(predictions.classes), np.float32)
    scores[predictions.top[index]] = predictions.scores[index]
    return scores


def _plain(value: Any) -> Any:
    single = isinstance(value, np.generic) or (isinstance(value, torch.Tensor) and value.numel() == 1)
    return value.item() if single else value


def fold_table(
    folds: Mapping[int, tuple[int, Mapping[str, float]]], gathered: tuple[int, Mapping[str, float]]
) -> pd.DataFrame:
    """Return scores as a table.

    Args:
        folds: Of each fold, the number of images and the scores.
        gathered: The same of all out-of-fold predictions together.

    Returns:
        A row per fold, then ``mean``, ``std`` (n - 1 in the denominator) and ``std error`` (that of the mean: std over
        the root of n; folds share training images, so it is rather too small), then :data:`GATHERED`; the columns are
        ``fold``, ``images`` and the scores.
    """
    rows = pd.DataFrame(
        [{"fold": f"fold_{number}", "images": count, **scores} for number, (count, scores) in folds.items()]
    )
    numbers = rows.drop(columns=["fold", "images"])
    end = pd.DataFrame(
        [
            {"fold": "mean", "images": pd.NA, **numbers.mean()},
            {"fold": "std", "images": pd.NA, **numbers.std()},
            {"fold": "std error", "images": pd.NA, **numbers.sem()},
            {"fold": GATHERED, "images": gathered[0], **gathered[1]},
        ]
    )
    table = pd.concat([rows.astype({"images": "Int64"}), end.astype({"images": "Int64"})], ignore_index=True)
    return table[["fold", "images", *numbers.columns]]


def markdown(table: pd.DataFrame, checkpoint: str, note: str | None = None) -> str:
    """Return the table as Markdown, with a note where the checkpoints were chosen by the scores themselves.

    Args:
        table: The table.
        checkpoint: ``'last'`` or ``'best'``.
        note: Another note.
    """
    notes = ([_BEST_NOTE] if checkpoint == "best" else []) + ([f"{note}.\n"] if note else [])
    return "\n".join([scores_markdown(table), *notes])


def scores_markdown(table: pd.DataFrame) -> str:
    """Return names, numbers of images and scores, in this order, as Markdown; scores with two digits."""
    rows = [
        [name, "" if pd.isna(images) else str(images), *("" if pd.isna(score) else f"{score:.2f}" for score in scores)]
        for name, images, *scores in table.itertuples(index=False)
    ]
    return markdown_table(list(table.columns), rows)
