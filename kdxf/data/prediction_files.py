"""Read the tables that ``tools/test.py --out`` writes. n rows of the list, K classes.

n rows of the list, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kdxf.errors import UserError

_COLUMNS = ("image", "pred_label", "score")
_ADVICE = "give a table that tools/test.py --out wrote"


def read_prediction_file(file: Path) -> pa.Table:
    """Reads a table of predictions.

    Args:
        file: CSV or Parquet.

    Returns:
        One row per image: ``image``, ``pred_label`` (an integer), ``score``, and what else is there.

    Raises:
        UserError: The file is missing, or no such table.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such table of predictions; {_ADVICE}")
    try:
        table = pq.read_table(file) if file.suffix.lower() == ".parquet" else _read_csv(file)
    except (pa.ArrowInvalid, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{file}: not readable as CSV or Parquet ({reason}); {_ADVICE}") from error
    if not table.num_rows:
        raise UserError(f"{file}: has no rows; {_ADVICE}")
    if missing := [column for column in _COLUMNS if column not in table.column_names]:
        raise UserError(f"{file}: not a table of predictions, it lacks {', '.join(missing)}; {_ADVICE}")
    if not pa.types.is_integer(table["pred_label"].type) or table["pred_label"].null_count:
        raise UserError(f"{file}: the column pred_label is not one class index per image; {_ADVICE}")
    return table


def _read_csv(file: Path) -> pa.Table:
    """Reads a CSV whose classes may be called ``007`` or ``None``."""
    text = {"image": "str", "pred_class": "str"}
    frame = pd.read_csv(file, dtype=text, encoding="utf-8", keep_default_na=False, na_values=[""])
    return pa.Table.from_pandas(frame, preserve_index=False)


@dataclass(frozen=True)
class Predictions:
    """What one model says of the rows of a list.

    Attributes:
        name: What the model is called, such as ``image``.
        predicted: int64 (n,), the class index; -1 where the row has no prediction.
        score: float32 (n,), the score of that class, from 0 to 1; 0 where the row has no prediction.
        scores: float32 (n, K), the scores of all classes; zeros where the row has no prediction. None unless asked for.
    """

    name: str
    predicted: np.ndarray
    score: np.ndarray
    scores: np.ndarray | None = None


def read_predictions(
    name: str, files: Sequence[Path], images: pd.Series, classes: Sequence[str], all_scores: bool = False
) -> Predictions:
    """Reads tables of predictions, such as one for each fold, and brings them into the order of a list.

    The tables hold image paths as the test run opened them. How many folders to take off is found by trying: as many
    as bring most images of a table into the list. Images that the list does not have are passed over.

    Args:
        name: What the model is called.
        files: The tables, CSV or Parquet; none predicts an image that another one does.
        images: The paths of the list, (n,), each relative to the image root.
        classes: The K class names, in index order.
        all_scores: Whether the scores of all classes are needed; only Parquet has them.

    Raises:
        UserError: A file is not such a table, has other images or classes, or an image is predicted twice.
    """
    known = pd.Index(images.unique())
    place = known.get_indexer(images)
    predicted = np.full(len(known), -1, np.int64)
    score = np.zeros(len(known), np.float32)
    scores = np.zeros((len(known), len(classes)), np.float32) if all_scores else None
    for file in files:
        table = read_prediction_file(file)
        if all_scores and "scores" not in table.column_names:
            raise UserError(f"{file}: has no column 'scores', which this rule needs; write it with --out NAME.parquet")
        index, short = _find(table["image"].to_pandas().astype("str"), known, file)
        rows = np.flatnonzero(index >= 0)
        index = index[rows]
        again = pd.Series(index).duplicated().to_numpy() | (predicted[index] >= 0)
        if again.any():
            raise UserError(f"{file}: {short.iloc[rows[again.argmax()]]} is predicted twice; each image has one fold")
        predicted[index] = _classes_of(table, classes, file)[rows]
        score[index] = table["score"].to_numpy()[rows]
        if scores is not None:
            scores[index] = _all_scores(table, len(classes), file)[rows]
    if scores is not None:
        scores = scores[place]
    return Predictions(name, predicted[place], score[place], scores)


def _find(paths: pd.Series, known: pd.Index, file: Path) -> tuple[np.ndarray, pd.Series]:
    """Gives where in ``known`` each path is (-1: nowhere), and the path without the folders of its image root."""
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


def _classes_of(table: pa.Table, classes: Sequence[str], file: Path) -> np.ndarray:
    """Returns the predicted class indices, int64, after a look at whether they mean these classes."""
    codes = table["pred_label"].to_numpy().astype(np.int64)
    if codes.max() >= len(classes) or codes.min() < 0:
        raise UserError(
            f"{file}: predicts class {codes.max()}, but there are {len(classes)} classes; give the classes.txt of the "
            "model with --classes"
        )
    if "pred_class" in table.column_names:
        pairs = pd.DataFrame({"code": codes, "name": table["pred_class"].to_pandas()}).dropna().drop_duplicates()
        for code, shown in zip(pairs["code"], pairs["name"].astype("str"), strict=True):
            if classes[code] != shown:
                raise UserError(
                    f"{file}: class {code} is {shown!r} there and {classes[code]!r} in classes.txt; give the "
                    "classes.txt of the model with --classes"
                )
    return codes


def _all_scores(table: pa.Table, count: int, file: Path) -> np.ndarray:
    column = table["scores"].combine_chunks()
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    if lengths != [count]:
        shown = ", ".join(map(str, lengths))
        raise UserError(f"{file}: has {shown} scores per image, but there are {count} classes; change --classes")
    scores = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(-1, count)
    if not ((scores >= 0) & (scores <= 1.0001)).all():
        raise UserError(f"{file}: scores that are not between 0 and 1; the rule needs probabilities")
    return scores
