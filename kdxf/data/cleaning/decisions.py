"""A person's decisions about suspicious labels, applied to the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.balance import balance
from kdxf.data.lists import ImageList
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices
from kdxf.io.csv_tables import read_csv

DECISIONS = ("keep", "drop", "relabel")
_COLUMNS = ("image", "label", "suggested", "decision")


@dataclass(frozen=True)
class Cleaned:
    """A list after the decisions.

    Attributes:
        frame: The list: rows dropped, labels changed, rows of small classes repeated.
        counts: Rows of the list by what became of them: ``kept``, ``dropped``, ``relabelled``, and ``repeated``, the
            rows that were added.
        emptied: Labels that have no rows any more.
    """

    frame: pd.DataFrame
    counts: dict[str, int]
    emptied: list[str]


def apply_decisions(
    images: ImageList, decisions: Path, classes: Sequence[str], at_least: int = 0, seed: int = 0
) -> Cleaned:
    """Drop and relabel the rows of a list.

    Args:
        images: The list that the decisions are about; rows that they do not name stay.
        decisions: A CSV with the columns ``image``, ``label`` (that of the list, by name or index), ``suggested`` (the
            new label, where the decision is ``relabel``) and ``decision``, such as ``tools/data/clean.py find`` and the
            page of ``tools/review.py`` write.
        classes: The class names.
        at_least: Images that a class shall have; the rows of smaller ones are repeated
            (:func:`kdxf.data.balance.balance`). 0 repeats none.
        seed: Says which rows are repeated once more often.

    Raises:
        UserError: The decisions do not fit the list, or name an unknown class.
    """
    if at_least < 0:
        raise UserError(f"--at-least: is a number of images, not {at_least}")
    frame, table = images.frame, read_decisions(decisions)
    position = _match(frame, table, classes, images.source, decisions)
    decision = np.where(position >= 0, table["decision"].to_numpy(object)[position], "keep")
    relabel, kept = decision == "relabel", decision != "drop"
    wanted = table["suggested"].where(table["decision"] == "relabel", table["label"])
    label_indices(wanted.unique(), classes, decisions)
    new = _in_the_lists_form(wanted, frame["label"], classes, decisions)
    labels = np.where(relabel, new[position], frame["label"].to_numpy(object))
    result = frame.assign(label=pd.Series(labels, index=frame.index, dtype="str"))[kept]
    if result.empty:
        raise UserError(f"{decisions}: drops every row of {images.source}; keep some")
    full = balance(result, images.source, minimum=at_least, seed=seed).frame if at_least else result
    counts = {
        "kept": int((kept & ~relabel).sum()),
        "dropped": int((~kept).sum()),
        "relabelled": int(relabel.sum()),
        "repeated": len(full) - len(result),
    }
    return Cleaned(full, counts, sorted(set(frame["label"]) - set(result["label"])))


def _match(
    frame: pd.DataFrame, table: pd.DataFrame, classes: Sequence[str], source: Path, decisions: Path
) -> np.ndarray:
    """Return the row of the decisions for each row of the list, -1 for none, int64 (n,)."""
    unknown = ~table["image"].isin(frame["image"])
    if unknown.any():
        raise UserError(f"{decisions}: {table['image'][unknown].iloc[0]} is not in {source}; give the list of these")
    position = pd.Index(table["image"]).get_indexer(frame["image"])
    labels = frame["label"].to_numpy(object)
    given = np.where(position >= 0, table["label"].to_numpy(object)[position], labels)
    differs = given != labels
    if differs.any():  # the one may write names, the other indices
        theirs, ours = (
            label_indices(given[differs], classes, decisions),
            label_indices(labels[differs], classes, source),
        )
        differs[differs] = np.array(theirs) != np.array(ours)
    if differs.any():
        row = int(differs.argmax())
        raise UserError(
            f"{decisions}: {frame['image'].iloc[row]} is labelled {given[row]} there and {labels[row]} in {source}; "
            "give the list that was judged"
        )
    return position


def _in_the_lists_form(suggested: pd.Series, labels: pd.Series, classes: Sequence[str], source: Path) -> np.ndarray:
    """Write new labels as the list writes its own: as class names, or as indices."""
    if set(labels.unique()) <= set(classes):
        return suggested.to_numpy(object)
    codes, written = pd.factorize(suggested)
    return np.array([str(index) for index in label_indices(written, classes, source)], object)[codes]


def read_decisions(path: Path) -> pd.DataFrame:
    """Read a CSV of decisions: texts without spaces around them, each image once.

    Raises:
        UserError: The file is missing or lacks a column, an image stands there twice, or a decision is none of
            :data:`DECISIONS`.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file of decisions; tools/data/clean.py find writes one")
    table = read_csv(path, _COLUMNS, "give what tools/data/clean.py find writes")
    for name in _COLUMNS:
        table[name] = table[name].str.strip()
    if (again := table["image"].duplicated()).any():
        raise UserError(f"{path}: {table['image'][again].iloc[0]} is decided twice; keep one of the rows")
    table["decision"] = table["decision"].str.lower()
    if (wrong := ~table["decision"].isin(DECISIONS)).any():
        row = table[wrong].iloc[0]
        raise UserError(f"{path}: {row['image']} has the decision {row['decision']!r}; write {', '.join(DECISIONS)}")
    return table
