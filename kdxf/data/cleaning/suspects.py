"""Labels that are probably wrong, shown for a person to decide. n rows of the list, K classes."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kdxf.data.cleaning.decisions import Cleaned
from kdxf.data.cleaning.options import Options
from kdxf.data.cleaning.rules import improbable, last_of_class, reasons, reliable
from kdxf.data.cleaning.tables import read_tables
from kdxf.data.lists import ImageList
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices
from kdxf.io.pages import HTMLReport, Percent
from kdxf.io.predictions import Predictions, in_order
from kdxf.text.ocr.table import OCRTable


@dataclass(frozen=True)
class Suspects:
    """What was found.

    Attributes:
        table: One row per suspect, those taken for wrong first, the most suspicious first among them: ``image``,
            ``label`` (as the list writes it), ``suggested`` (class name), ``score`` (which the model gives it),
            ``reason``, ``decision`` (``keep``, ``drop`` or ``relabel``).
        classes: One row per class: ``class``, ``images``, ``judged``, ``accuracy`` (share of the judged predicted as
            labelled), ``mean_score`` (of what was predicted for them), ``suspects``, ``wrong``.
        judged: How many rows were judged.
        unpredicted: How many rows of those to judge had no predictions.
    """

    table: pd.DataFrame
    classes: pd.DataFrame
    judged: int
    unpredicted: int


def read_model(images: ImageList, classes: Sequence[str], files: Sequence[Path], options: Options) -> Predictions:
    """Read the predictions by which the labels of a list are judged.

    Args:
        images: The list, with labels.
        classes: The K class names, in index order.
        files: Tables of one model, at least one: out-of-fold or held-out predictions, since a model agrees with the
            labels that it was trained on.
        options: How to judge.

    Raises:
        UserError: A file does not fit, or the model was trained on an image whose label is judged.
    """
    paths = images.frame["image"]
    return read_tables(files, paths, classes, options.rule == "improbable", paths[_chosen(paths, options.only)])


def find_suspects(
    images: ImageList, classes: Sequence[str], model: Predictions, options: Options | None = None
) -> Suspects:
    """Judge the labels of a list.

    Args:
        images: The list, with labels.
        classes: The K class names, in index order.
        model: Predictions of its images (:func:`read_model`, :func:`kdxf.analysis.out_of_fold.out_of_fold`).
        options: How to judge.

    Raises:
        UserError: An image has two labels, or there is nothing to judge.
    """
    options = options or Options()
    frame, labels = images.frame, label_codes(images, classes)
    chosen = _chosen(frame["image"], options.only)
    rows = _predicted_rows(images, chosen, model, options.partial)
    model = in_order(model, frame["image"].iloc[rows].tolist())
    if options.rule == "reliable":
        verdict = reliable(labels[rows], model, options.accuracy)
    else:
        verdict = improbable(labels[rows], model, options.min_score)
    wrong = np.zeros(len(frame), bool)
    wrong[rows] = verdict.wrong
    spared = last_of_class(labels, wrong, options.seed)
    wrong &= ~spared
    shown = np.flatnonzero(verdict.suggested != labels[rows])
    shown = shown[np.lexsort((-verdict.suspicion[shown], ~wrong[rows[shown]]))]
    at = rows[shown]
    table = pd.DataFrame(
        {
            "image": frame["image"].to_numpy()[at],
            "label": frame["label"].to_numpy()[at],
            "suggested": np.array(classes, dtype=object)[verdict.suggested[shown]],
            "score": verdict.score[shown].astype(np.float64).round(4),
            "reason": reasons(labels[at], model.take(shown), classes, verdict.kept_whole[shown], spared[at]),
            "decision": np.where(wrong[at], options.prefill, "keep"),
        }
    ).drop_duplicates("image")
    per_class = _class_table(labels, rows, model, wrong, at, classes)
    return Suspects(table, per_class, len(rows), int(chosen.sum()) - len(rows))


def _predicted_rows(images: ImageList, chosen: np.ndarray, model: Predictions, partial: bool) -> np.ndarray:
    """Return the rows to judge: those that the model predicted."""
    predicted = chosen & images.frame["image"].isin(model.images).to_numpy()
    missing = chosen & ~predicted
    if missing.any() and not partial:
        first = images.frame["image"].iloc[int(missing.argmax())]
        raise UserError(
            f"{images.source}: {missing.sum()} of {chosen.sum()} rows have no prediction (first: {first}); give the "
            "tables of all folds, or --partial to leave such rows as they are"
        )
    if not predicted.any():
        raise UserError(f"{images.source}: no row to judge has a prediction; give tables of the same images")
    return np.flatnonzero(predicted)


def label_codes(images: ImageList, classes: Sequence[str]) -> np.ndarray:
    """Return the class index of each row of a list, int64 (n,).

    Raises:
        UserError: A label is no class, or an image has two labels.
    """
    codes, written = pd.factorize(images.frame["label"])
    labels = np.array(label_indices(written, classes, images.source), dtype=np.int64)[codes]
    pairs = pd.DataFrame({"image": images.frame["image"], "label": labels}).drop_duplicates()
    if len(twice := pairs.loc[pairs["image"].duplicated(), "image"]):
        raise UserError(f"{images.source}: {twice.iloc[0]} has two labels; tools/data/dedupe.py settles that first")
    return labels


def _chosen(images: pd.Series, pattern: str | None) -> np.ndarray:
    if pattern is None:
        return np.ones(len(images), bool)
    form = fnmatch.translate(pattern)
    chosen = (images.str.match(form) | images.str.rsplit("/", n=1).str[-1].str.match(form)).to_numpy(bool)
    if not chosen.any():
        raise UserError(f"--only {pattern}: no image of the list has such a path or file name")
    return chosen


def _class_table(
    labels: np.ndarray, rows: np.ndarray, model: Predictions, wrong: np.ndarray, at: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    def count(indices: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(indices, weights, minlength=len(classes))

    judged = count(labels[rows])
    predicted, score = model.best()
    divisor = np.where(judged > 0, judged, np.nan)
    return pd.DataFrame(
        {
            "class": list(classes),
            "images": count(labels),
            "judged": judged,
            "accuracy": (count(labels[rows], predicted == labels[rows]) / divisor).round(4),
            "mean_score": (count(labels[rows], score) / divisor).round(4),
            "suspects": count(labels[at]),
            "wrong": count(labels[wrong]),
        }
    )


_CLASSES, _UNFOLDED = 30, 10
_CHARACTERS = 160


def format_suspects(suspects: Suspects) -> str:
    """Return a short table of the suspects by decision."""
    decisions = suspects.table["decision"].value_counts()
    rows = [("rows judged", suspects.judged), ("suspects", len(suspects.table))]
    rows += [(f"  decision: {name}", int(count)) for name, count in decisions.items()]
    if suspects.unpredicted:
        rows.append(("without predictions, left as they are", suspects.unpredicted))
    return "\n".join(f"{name:<40}{count:>9}" for name, count in rows)


def format_cleaned(cleaned: Cleaned) -> str:
    """Return a short table of the rows kept, dropped and relabelled."""
    lines = [f"{name:<16}{count:>9}" for name, count in [*cleaned.counts.items(), ("in all", len(cleaned.frame))]]
    if cleaned.emptied:
        lines.append(f"warning: no rows left of {len(cleaned.emptied)} classes: {', '.join(cleaned.emptied)}")
    return "\n".join(lines)


def suspects_page(suspects: Suspects, title: str, root: Path, ocr: OCRTable | None, top: int) -> HTMLReport:
    """Build a page of the most suspicious pictures and of the classes that lose most.

    Args:
        suspects: What was found.
        title: Of the page.
        root: The image root.
        ocr: Has the text of the pictures.
        top: How many suspects to show.
    """
    page = HTMLReport(title, picture_width=220)
    page.summary(
        f"{len(suspects.table):,} suspects among {suspects.judged:,} rows. Edit the column decision of the CSV (keep, "
        "drop, or relabel with the right class in the column suggested), then run tools/data/clean.py apply."
    )
    if suspects.unpredicted:
        page.warning(f"{suspects.unpredicted:,} rows have no predictions and were not judged.")
    shown = suspects.table.head(top)
    page.heading(f"The {len(shown)} most suspicious" if len(shown) < len(suspects.table) else "All suspects")
    page.pictures(
        (root / row.image, "\n".join(_caption(row, text)))
        for row, text in zip(shown.itertuples(), short_texts(shown["image"].tolist(), ocr), strict=True)
    )
    worst = suspects.classes.sort_values(["wrong", "suspects"], ascending=False, kind="stable").head(_CLASSES)
    page.heading("Classes that lose most")
    page.text("Accuracy is the share of the judged images that are predicted as they are labelled.")
    rows = [
        (row.images, row.judged, Percent(row.accuracy * 100), Percent(row.mean_score * 100), row.suspects, row.wrong)
        for row in worst.itertuples()
    ]
    columns = ["class", "images", "judged", "accuracy, %", "mean score, %", "suspects", "taken for wrong"]
    table = [(name, *row) for name, row in zip(worst["class"], rows, strict=True)]
    page.table(columns, table, sortable=True, fold_after=_UNFOLDED)
    return page


def _caption(row: Any, text: str) -> list[str]:
    lines = [f"{row.decision}: {row.label} → {row.suggested} ({row.score:.2f})", row.reason]
    return [*lines, *([f"text: {text}"] if text else []), row.image]


def short_texts(images: Sequence[str], ocr: OCRTable | None) -> list[str]:
    """Return the start of the text of each image, empty where it has none or there is no table."""
    if ocr is None:
        return [""] * len(images)
    texts = (" ".join(ocr.record(row).texts) if row >= 0 else "" for row in ocr.rows_of(list(images)).tolist())
    return [text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + "…" for text in texts]
