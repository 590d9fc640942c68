"""Pseudo-labels: a model labels images that have none, and confident ones are kept. n images, K classes."""

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.cleaning.decisions import read_decisions
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_annotations
from kdxf.io.predictions import Predictions, check_each_once, read_predictions
from kdxf.io.provenance import Input, Provenance, check_no_ranks, check_no_targets, check_unseen
from kdxf_runtime.io.digests import file_digest

_ROWS = 1 << 16  # at a time, so that a copy of all scores is never made


@dataclass(frozen=True)
class Choice:
    """Which predictions are kept; all conditions that are given must hold.

    Attributes:
        threshold: The best score must be at least this.
        margin: The best score must be above the second by at least this.
        per_class: Of each class the surest this many that fulfil the others.
    """

    threshold: float | None = None
    margin: float | None = None
    per_class: int | None = None


def best_two(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the best class of each image, its score, and the second best score (0 where there is one class).

    Args:
        scores: float32 (n, K).

    Returns:
        int64 (n,), float32 (n,), float32 (n,).
    """
    best = scores.argmax(axis=1)
    first = scores[np.arange(len(scores)), best]
    second = np.zeros(len(scores), np.float32)
    if scores.shape[1] > 1:
        for start in range(0, len(scores), _ROWS):
            rows = slice(start, start + _ROWS)
            second[rows] = np.partition(scores[rows], -2, axis=1)[:, -2]
    return best, first, second


def choose(
    choice: Choice, classes: np.ndarray, first: np.ndarray, second: np.ndarray, usable: np.ndarray
) -> np.ndarray:
    """Choose the images that get a pseudo-label.

    Args:
        choice: The conditions.
        classes, first, second: What :func:`best_two` returns, each (n,).
        usable: bool (n,), images that may be chosen at all.

    Returns:
        int64 (m,), the indices of the chosen images, ascending.
    """
    keep = usable.copy()
    if choice.threshold is not None:
        keep &= first >= np.float32(choice.threshold)
    if choice.margin is not None:
        keep &= first - second >= np.float32(choice.margin)
    rows = np.flatnonzero(keep)
    if choice.per_class is None:
        return rows
    order = rows[np.lexsort((-first[rows], classes[rows]))]  # by class, the surest first; the earlier one of equals
    starts = np.searchsorted(classes[order], classes[order], side="left")
    return np.sort(order[np.arange(len(order)) - starts < choice.per_class])


TOOL = "tools/recipes/pseudo_label.py"
SCORE = "score"
_TEXT = "text"  # what OCRTextDataset reads where there is no OCR table
_OWN_COLUMNS = ("weight", "origin", "pseudo_score")


@dataclass(frozen=True)
class PseudoLabels:
    """Pseudo-labels, and the list to train with.

    Attributes:
        frame: The list to train with. Beside the columns of the labelled list it has ``weight``, ``origin``
            (``labelled`` or ``pseudo``) and ``pseudo_score``, the score of a pseudo-label.
        soft: The scores of all classes of the rows with a pseudo-label, for ``soft_label_file``.
        table: Per class: ``class``, ``predicted``, ``kept``, ``share`` (of those kept), ``mean_score``.
        unreadable: How many images were left out because they could not be read.
        source: Where the pseudo-labels come from.
    """

    frame: pd.DataFrame
    soft: Predictions
    table: pd.DataFrame
    unreadable: int
    source: Provenance

    def empty_classes(self) -> list[str]:
        """Name the classes that get no pseudo-label."""
        return self.table.loc[self.table["kept"] == 0, "class"].tolist()


def pseudo_label(
    file: Path,
    train: Path,
    choice: Choice,
    *,
    weight: float | str = 1.0,
    only_pseudo: bool = False,
    unlabelled: Path | None = None,
    decisions: Path | None = None,
) -> PseudoLabels:
    """Turn predictions into rows to train with.

    Args:
        file: Predictions (:mod:`kdxf.io.predictions`) of one label per image; labels that it knows are not looked at.
        train: The labelled list. All files name their images from the same image root.
        choice: Which predictions are kept.
        weight: Weight of a pseudo-label, >= 0, or :data:`SCORE`: its score. Labelled rows keep the weight that their
            list gives them, else 1.
        only_pseudo: Leave the labelled rows out.
        unlabelled: The list that was predicted. Its rows keep what it says in the columns that ``train`` has too, such
            as ``text``; without it those columns are empty.
        decisions: What a person decided about these predictions (:mod:`kdxf.data.cleaning.decisions`). A class that was
            accepted or chosen has the score 1, what was dropped is not kept.

    Raises:
        UserError: A file cannot be read or holds targets or ranks, they have different classes, an image is labelled
            already, a model was trained on an image that it is to label, no prediction is kept, or the labelled images
            have a ``text`` and that of the others is not known.
    """
    _check(choice, weight)
    predictions = read_predictions(file)
    if predictions.multi_label:
        raise UserError(f"{file}: predicts several labels per image; pseudo-labels are made of one label per image")
    check_no_targets(predictions.source, file)
    check_no_ranks(predictions.source, file)
    check_unseen(predictions, str(file))
    frame = _labelled(train, predictions, file)
    others = _others(unlabelled, frame, train, predictions, file)
    usable = np.ones(len(predictions), bool)
    usable[list(predictions.errors)] = False
    if decisions is not None:
        predictions, dropped = _decided(predictions, decisions, file)
        usable &= ~dropped
    best, first, second = best_two(predictions.scores)
    rows = choose(choice, best, first, second, usable)
    if not len(rows):
        raise UserError(f"{file}: none of {len(predictions)} predictions is sure enough; lower --threshold or --margin")
    written = _as_written(frame["label"], predictions.classes)
    found = {
        "image": np.array(predictions.images, object)[rows],
        "label": written[best[rows]],
        **{name: values[rows] for name, values in others.items()},
        "weight": first[rows].astype(float).round(6) if weight == SCORE else float(weight),
        "origin": "pseudo",
        "pseudo_score": first[rows].astype(float).round(6),
    }
    settings = {**asdict(choice), "weight": weight, "only_pseudo": only_pseudo}
    settings |= {"train": str(train), "train_digest": file_digest(train)}
    if unlabelled is not None:
        settings |= {"unlabelled": str(unlabelled), "unlabelled_digest": file_digest(unlabelled)}
    if decisions is not None:
        settings |= {"decisions": str(decisions), "decisions_digest": file_digest(decisions)}
    source = Provenance(tool=TOOL, inputs=(Input.of_file(file, predictions.source),), details=settings)
    parts = [pd.DataFrame(found, dtype=object)]
    return PseudoLabels(
        frame=pd.concat(parts if only_pseudo else [frame, *parts], ignore_index=True),
        soft=_soft(predictions, rows, source),
        table=_table(predictions.classes, best, first, rows),
        unreadable=len(predictions.errors),
        source=source,
    )


def _check(choice: Choice, weight: float | str) -> None:
    for option, value in (("--threshold", choice.threshold), ("--margin", choice.margin)):
        if value is not None and not 0 <= value <= 1:
            raise UserError(f"{option} {value:g}: give a number from 0 to 1")
    if weight != SCORE and not (isinstance(weight, int | float) and 0 <= weight < math.inf):
        raise UserError(f"--weight {weight}: give a number from 0, or 'score'")


def _labelled(train: Path, predictions: Predictions, file: Path) -> pd.DataFrame:
    """Read the labelled list, with the columns that tell its rows from the others."""
    frame = read_annotations(train).astype(object)
    if "label" not in frame:
        raise UserError(f"{train}: has no labels; give the labelled list, with the column 'label'")
    label_indices(frame["label"].unique(), predictions.classes, train)
    both = frame["image"].isin(pd.Index(predictions.images))
    if both.any():
        raise UserError(
            f"{file}: {both.sum()} of its images have a label in {train} already, such as "
            f"{frame['image'][both.idxmax()]}; predict images without labels"
        )
    for name, default in zip(_OWN_COLUMNS, (1, "labelled", None), strict=True):
        frame[name] = frame[name].fillna(default) if name in frame and default is not None else frame.get(name, default)
    return frame


def _others(
    unlabelled: Path | None, labelled: pd.DataFrame, train: Path, predictions: Predictions, file: Path
) -> dict[str, np.ndarray]:
    """Return the columns of the predicted list that the labelled list has too, for the images of the predictions."""
    frame = None if unlabelled is None else read_annotations(unlabelled, empty_labels=True).astype(object)
    if _TEXT in labelled and (frame is None or _TEXT not in frame):
        advice = f"add it to {unlabelled}" if unlabelled else "name the list that was predicted with --unlabelled"
        raise UserError(
            f"{train}: has a column '{_TEXT}', which the new rows need too; {advice}, or remove it if an OCR table "
            "(ocr_file) has the texts"
        )
    if frame is None:
        return {}
    check_each_once(frame["image"].tolist(), str(unlabelled))
    images = pd.Index(predictions.images)
    lacking = images[~images.isin(frame["image"])]
    if len(lacking):
        raise UserError(
            f"{unlabelled}: lacks {len(lacking)} of the images of {file}, such as {lacking[0]}; give the list that was "
            "predicted"
        )
    shared = [name for name in labelled.columns if name in frame and name not in ("image", "label", *_OWN_COLUMNS)]
    joined = frame.set_index("image").loc[images, shared]
    return {name: joined[name].to_numpy() for name in shared}


def _decided(predictions: Predictions, decisions: Path, file: Path) -> tuple[Predictions, np.ndarray]:
    """Make certain what a person decided.

    Returns:
        The predictions with the score 1 for the classes that a person accepted or chose, and which images were dropped,
        bool (n,).
    """
    table = read_decisions(decisions)
    rows = pd.Index(predictions.images).get_indexer(table["image"])
    if (rows < 0).any():
        image = table["image"].iloc[(rows < 0).argmax()]
        raise UserError(f"{decisions}: {image} is not in {file}; give the predictions that were reviewed")
    asked = np.array(label_indices(table["label"], predictions.classes, decisions), np.int64)
    best, _ = predictions.best()
    known = best if predictions.labels is None else predictions.labels
    other = (asked != best[rows]) & (asked != known[rows])
    if other.any():
        place = int(other.argmax())
        raise UserError(
            f"{decisions}: {table['image'].iloc[place]} is {table['label'].iloc[place]} there and "
            f"{predictions.classes[best[rows[place]]]} in {file}; give the predictions that were reviewed"
        )
    kept = (table["decision"] != "drop").to_numpy()
    wanted = table["suggested"].where(table["decision"] == "relabel", table["label"])[kept]
    scores = predictions.scores.copy()
    scores[rows[kept]] = 0
    scores[rows[kept], label_indices(wanted, predictions.classes, decisions)] = 1
    dropped = np.zeros(len(predictions), bool)
    dropped[rows[~kept]] = True
    return replace(predictions, scores=scores), dropped


def _as_written(labels: pd.Series, classes: tuple[str, ...]) -> np.ndarray:
    """Return each class as the labelled list writes it: by name, or by index."""
    names = set(labels) <= set(classes)
    return np.array(classes if names else list(map(str, range(len(classes)))), object)


def _soft(predictions: Predictions, rows: np.ndarray, source: Provenance) -> Predictions:
    """Return finished targets with no ground truth in them and none to mix in, as the labels are the model's own."""
    return replace(predictions.take(rows), labels=None, source=replace(source, ground_truth_ratio=0.0))


def _table(classes: tuple[str, ...], best: np.ndarray, first: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    predicted = np.bincount(best, minlength=len(classes))
    kept = np.bincount(best[rows], minlength=len(classes))
    total = np.bincount(best[rows], weights=first[rows], minlength=len(classes))
    with np.errstate(invalid="ignore"):
        mean = total / kept
    return pd.DataFrame(
        {"class": classes, "predicted": predicted, "kept": kept, "share": kept / len(rows), "mean_score": mean}
    )
