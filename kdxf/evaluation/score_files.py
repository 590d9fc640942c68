"""Score saved predictions side by side, with bootstrap intervals. R files, n images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mmengine.config import Config

from kdxf.apis.stages import last_stage
from kdxf.errors import UserError
from kdxf.evaluation.scoring import evaluate
from kdxf.io.pages import markdown_table
from kdxf.io.predictions import Predictions
from kdxf.io.provenance import check_no_targets
from kdxf.recipes.ensembles.members import Facts, read_alike

LEVEL = 0.95


def bootstrap(
    values: Callable[[np.ndarray], Sequence[float] | np.ndarray], count: int, draws: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """Return bootstrap intervals: the bounds of :data:`LEVEL` of the values when images are drawn with replacement.

    Values of one call are of the same images, so that a difference of two models is compared image by image. The same
    images are drawn each time.

    Args:
        values: Gives an array of values, of the images of these indices, int64 (count,); NaN where one is not defined.
        count: The number of images.
        draws: How often they are drawn.

    Returns:
        The lower bounds and the upper ones: float64 arrays of the shape of the values.
    """
    random = np.random.default_rng(0)
    drawn = np.array([values(random.integers(count, size=count)) for _ in range(draws)])
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


# Columns of a scoreboard.
SEEN = "trained on"
RANGE = ["top-1 from", "top-1 to"]
GAIN = ["gain", "gain from", "gain to"]


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """Scores of several files.

    Attributes:
        table: A row per file: ``name``; ``images``, their number; ``trained on``, how many of them its model was
            trained on, missing where nobody knows; and the scores. Where an image has one label also, in percent, the
            95 % confidence interval of top-1 accuracy (``top-1 from``, ``top-1 to``) and its difference to the first
            row's (``gain``) with the interval of that (``gain from``, ``gain to``).
        notes: What to know about them, each a sentence.
        classes: A row per class that has images: ``class``, ``images``, and per file, under its name, the percentage of
            them that is right. None where an image may have several labels.
    """

    table: pd.DataFrame
    notes: Sequence[str]
    classes: pd.DataFrame | None = None

    def markdown(self) -> str:
        """Return it as Markdown: numbers with two digits, an interval in one cell, the notes below."""
        scores = self.table.drop(columns=[SEEN, *RANGE, *GAIN], errors="ignore")
        titles = list(scores.columns)
        cells = [[name, str(images), *map(_digits, rest)] for name, images, *rest in scores.itertuples(index=False)]
        if RANGE[0] in self.table:
            titles.append("top-1, 95 %")
            for row, (low, high) in zip(cells, self.table[RANGE].to_numpy(), strict=True):
                row.append(f"{low:.2f} to {high:.2f}")
        if GAIN[0] in self.table:
            titles.append(f"top-1 against {self.table['name'][0]}, 95 %")
            for row, (gain, low, high) in zip(cells, self.table[GAIN].to_numpy(), strict=True):
                row.append("" if np.isnan(gain) else f"{gain:+.2f} ({low:+.2f} to {high:+.2f})")
        return markdown_table(titles, cells) + "".join(f"\n{note}\n" for note in self.notes)

    def classes_markdown(self) -> str:
        """Return the classes as Markdown, those first where the files differ most.

        Raises:
            UserError: An image may have several labels.
        """
        if self.classes is None:
            raise UserError("--per-class: these predictions have several labels per image; see the config's metrics")
        names = list(self.classes.columns[2:])
        spread = self.classes[names].max(axis=1) - self.classes[names].min(axis=1)
        ordered = self.classes.loc[spread.sort_values(ascending=False, kind="stable").index]
        cells = [[name, str(images), *(f"{share:.0f}" for share in shares)]
                 for name, images, *shares in ordered.itertuples(index=False)]  # fmt: skip
        return markdown_table(list(ordered.columns), cells)


def score(cfg: Config, files: Mapping[str, Path]) -> Scoreboard:
    """Score files of the same images with the ``val_evaluator`` of a config; one file at a time is in memory.

    The evaluator's metrics may be slow, so the intervals are those of top-1 accuracy, whatever the metrics are.

    Args:
        cfg: The config; of one with stages, the last counts.
        files: Name to file of predictions with labels.

    Raises:
        UserError: The config has no metrics, a file cannot be read or holds targets, files differ in images, classes
            or labels, an image has no label, or a metric needs what the files lack.
    """
    cfg = last_stage(cfg)
    rows, hits, ranks, facts = [], [], [], Facts()
    for name, (file, predictions) in zip(files, read_alike(files.values(), best=True), strict=True):
        _check(file, predictions)
        facts.add(file, predictions)
        seen = None if predictions.seen is None else int(predictions.seen.sum())
        rows.append({"name": name, "images": len(predictions), SEEN: seen, **evaluate(cfg, predictions)})
        if not predictions.multi_label:
            hits.append(predictions.best()[0] == predictions.labels)
        if predictions.source.holds_ranks():
            ranks.append(name)
    table = pd.DataFrame(rows).astype({SEEN: "Int64"})
    if not hits:
        return Scoreboard(table, _notes(table, ranks))
    right = np.stack(hits, axis=1)
    classes = hits_by_class(right, predictions.labels, predictions.classes, list(files))
    return Scoreboard(table.assign(**_intervals(right)), _notes(table, ranks), classes)


def _check(file: Path, predictions: Predictions) -> None:
    labels = predictions.labels
    check_no_targets(predictions.source, file)
    if labels is None:
        raise UserError(f"{file}: has no labels to score by; predict a labelled list")
    if labels.ndim == 1 and (without := labels < 0).any():
        raise UserError(
            f"{file}: {without.sum()} of its {len(predictions)} images have no label, such as "
            f"{predictions.images[without.argmax()]}; predict a labelled list"
        )


def hits_by_class(right: np.ndarray, labels: Any, names: Sequence[str], files: Sequence[str]) -> pd.DataFrame:
    """Return what is right, bool (n, R), class by class, for the labels (n,).

    Returns:
        A row per class that has images: ``class``, ``images``, and the percentage that is right under each of R names.
    """
    found = pd.DataFrame(100.0 * right, columns=list(files)).groupby(labels)
    table = found.mean()
    table.insert(0, "images", found.size())
    table.insert(0, "class", [names[label] for label in table.index])
    return table.reset_index(drop=True)


def _intervals(hits: np.ndarray) -> dict[str, np.ndarray]:
    """Find the columns of intervals, in percent, of what is right: bool (n, R)."""
    count, right = len(hits), hits.astype(float)

    def values(rows: np.ndarray) -> np.ndarray:
        shares = 100 * (np.bincount(rows, minlength=count) @ right) / count
        return np.stack([shares, shares - shares[0]])

    low, high = bootstrap(values, count)
    columns = dict(zip(RANGE, (low[0], high[0]), strict=True))
    if hits.shape[1] > 1:
        gains = np.stack([values(np.arange(count))[1], low[1], high[1]])
        gains[:, 0] = np.nan
        columns |= dict(zip(GAIN, gains, strict=True))
    return columns


def _digits(score: float) -> str:
    return "" if np.isnan(score) else f"{score:.2f}"


def _notes(table: pd.DataFrame, ranks: Sequence[str]) -> list[str]:
    notes = [
        f"{name}: its model was trained on {seen} of these {images} images, so its scores are too high."
        for name, images, seen in table[["name", "images", SEEN]].itertuples(index=False)
        if not pd.isna(seen) and seen
    ]
    if unknown := table["name"][table[SEEN].isna()].tolist():
        notes.append(f"Not known is which images the models were trained on of: {', '.join(unknown)}.")
    if ranks:
        notes.append(
            f"Ranks, no probabilities, are the scores of: {', '.join(ranks)}; only metrics that go class by class "
            "(ROC-AUC, average precision) are right for them."
        )
    return notes
