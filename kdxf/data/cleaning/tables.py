"""Tables of predictions, such as one for each fold, brought together for the images of a list. n rows, K classes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions, concatenate, read_predictions
from kdxf.io.provenance import check_unseen


def read_tables(
    files: Sequence[Path],
    images: pd.Series,
    classes: Sequence[str],
    all_scores: bool = False,
    judged: pd.Series | None = None,
) -> Predictions:
    """Read the tables of one model, and keep the images of a list.

    The tables hold image paths as the test run opened them. How many folders to take off is found by trying: as many
    as bring most images of a table into the list.

    Args:
        files: At least one table, CSV or Parquet; none predicts an image that another one does.
        images: The paths of the list, (n,), each relative to the image root.
        classes: The K class names, in index order.
        all_scores: Whether the scores of all classes are needed; only Parquet has them.
        judged: Those of the images whose labels are judged; None means all.

    Returns:
        The predictions of the images that are in the list, each once, named as the list names them.

    Raises:
        UserError: A file is not such a table, has other images or classes, an image is predicted twice, or the model
            was trained on an image that is judged: it agrees with the label that it learnt.
    """
    known = pd.Index(images.unique())
    taken = np.zeros(len(known), bool)
    parts = []
    for file in files:
        table = read_predictions(file, classes=classes, scores=all_scores)
        index, short = _find(pd.Series(table.images, dtype="str"), known, file)
        rows = np.flatnonzero(index >= 0)
        index = index[rows]
        again = pd.Series(index).duplicated().to_numpy() | taken[index]
        if again.any():
            raise UserError(f"{file}: {short.iloc[rows[again.argmax()]]} is predicted twice; each image has one fold")
        taken[index] = True
        part = replace(table.take(rows), images=known[index].tolist())
        check_unseen(part, str(file), None if judged is None else known[index].isin(judged))
        parts.append(part)
    return concatenate(parts)


def _find(paths: pd.Series, known: pd.Index, file: Path) -> tuple[np.ndarray, pd.Series]:
    """Return where in ``known`` each path is (-1: nowhere), and the path without the folders of its image root."""
    best, short, rest = np.full(len(paths), -1), paths, paths
    for _ in range(1 + int(paths.str.count("/").max())):
        index = known.get_indexer(pd.Index(rest))
        if (index >= 0).sum() > (best >= 0).sum():
            best, short = index, rest
        if (best >= 0).all():
            break
        rest = rest.str.split("/", n=1).str[-1]
    if (best < 0).all():
        raise UserError(
            f"{file}: predicts none of the images of the list (first: {paths.iloc[0]} there, {known[0]} in the list)"
        )
    return best, short
