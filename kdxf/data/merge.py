"""Several lists joined into one, whose rows say which list they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.class_names import order_ids

SOURCE_COLUMN = "source"


@dataclass(frozen=True)
class Batch:
    """A list to be joined.

    Attributes:
        name: The value for the column ``source``.
        frame: ``image`` (relative to the image root that all batches share), ``label`` (class names), other columns.
        classes: The class names of its class map, in index order.
    """

    name: str
    frame: pd.DataFrame
    classes: Sequence[str]


@dataclass(frozen=True)
class Merged:
    """The joined list.

    Attributes:
        frame: All rows, with the column ``source``; a batch that has that column keeps its values.
        classes: The class names: those of the first batch in its order, then new ones of the others.
        summary: One row per batch: ``source``, ``images``, ``already_there`` (images of earlier batches with the same
            label; left out), ``other_label`` (with another label), ``new_classes``.
    """

    frame: pd.DataFrame
    classes: list[str]
    summary: pd.DataFrame


def merge(batches: Sequence[Batch], prefer: str | None = None) -> Merged:
    """Join batches; an image that several of them list has one row.

    Args:
        batches: The lists, at least one, with different names.
        prefer: Which label counts if batches disagree on an image: ``first`` or ``last``; None makes it an error.

    Raises:
        UserError: Two batches have one name, or disagree on an image and ``prefer`` is None.
    """
    names = [batch.name for batch in batches]
    if len(set(names)) < len(names):
        raise UserError(f"two lists are called {max(names, key=names.count)!r}; give them different names with --names")
    classes = list(batches[0].classes)
    joined = batches[0].frame.head(0)
    rows = []
    for batch in batches:
        frame = batch.frame
        if SOURCE_COLUMN not in frame.columns:
            frame = frame.assign(**{SOURCE_COLUMN: batch.name})
        earlier = joined.drop_duplicates("image").set_index("image")["label"]
        before = frame["image"].map(earlier).to_numpy(dtype=object)
        known = frame["image"].isin(earlier.index).to_numpy()
        other = known & (before != frame["label"].to_numpy(dtype=object))
        if other.any() and prefer is None:
            row = int(np.argmax(other))
            raise UserError(
                f"{batch.name}: {frame['image'].iloc[row]} is {frame['label'].iloc[row]!r} there and {before[row]!r} "
                f"in an earlier list ({int(other.sum())} such images); choose with --prefer first or last"
            )
        new = order_ids(set(batch.classes) - set(classes))
        classes += new
        rows.append((batch.name, len(frame), int((known & ~other).sum()), int(other.sum()), len(new)))
        replaced = other if prefer == "last" else np.zeros(len(frame), bool)
        joined = joined[~joined["image"].isin(frame["image"][replaced])]
        joined = pd.concat([joined, frame[~known | replaced]], ignore_index=True)
    columns = ["source", "images", "already_there", "other_label", "new_classes"]
    return Merged(joined, classes, pd.DataFrame(rows, columns=columns))
