"""Class maps: the index, the id (as the data have it) and the name of each class.

``classes.txt`` holds the names in index order; ``classes.csv`` has the columns ``index``, ``id``, ``name`` and others.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from kdxf.data.lists import check_result
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_classes, write_annotations, write_classes
from kdxf.io.class_names import order_ids
from kdxf.io.csv_tables import read_csv

CLASSES_CSV, CLASSES_TXT = "classes.csv", "classes.txt"


def read_class_map(path: Path) -> pd.DataFrame:
    """Read a class map.

    Args:
        path: ``classes.csv``, or a text file of names, whose ids are the names.

    Returns:
        One row per class in index order: ``index`` (from 0), ``id``, ``name``.

    Raises:
        UserError: The file is missing or no class map.
    """
    if path.suffix.lower() != ".csv":
        names = read_classes(path)
        return pd.DataFrame({"index": range(len(names)), "id": names, "name": names})
    if not path.is_file():
        raise UserError(f"{path}: no such class map; it is the classes.csv of tools/data/split.py or a classes.txt")
    frame = read_csv(path, ("index", "id", "name"), "give the classes.csv of tools/data/split.py")
    if frame["index"].tolist() != [str(index) for index in range(len(frame))]:
        raise UserError(f"{path}: the column 'index' must count from 0, one row per class; sort it, close its gaps")
    for column in ("id", "name"):
        if (twice := frame.loc[frame[column].duplicated(), column]).size:
            raise UserError(f"{path}: the {column} {twice.iloc[0]!r} stands there twice; they must differ")
    return frame[["index", "id", "name"]].assign(index=range(len(frame)))


def class_map_beside(source: Path) -> Path | None:
    """Find ``classes.csv``, else ``classes.txt``, in the folder of a list."""
    return next((path for name in (CLASSES_CSV, CLASSES_TXT) if (path := source.parent / name).is_file()), None)


def new_class_map(ids: Iterable[str], names: dict[str, str] | None = None) -> pd.DataFrame:
    """Give class ids numbers in their order (:func:`kdxf.io.class_names.order_ids`).

    Args:
        ids: The ids; each may come several times.
        names: Id to name; by default the id is the name.
    """
    ordered = order_ids(ids)
    shown = ordered if names is None else [names[item] for item in ordered]
    return pd.DataFrame({"index": range(len(ordered)), "id": ordered, "name": shown})


def class_map_or_new(path: Path | None, labels: Iterable[str]) -> pd.DataFrame:
    """Read the class map at ``path``; without one numbers the classes of ``labels``."""
    return new_class_map(labels) if path is None else read_class_map(path)


def class_indices(labels: pd.Series, classes: pd.DataFrame, source: Path) -> np.ndarray:
    """Turn labels as a list has them (names, ids or indices) into class indices.

    Args:
        labels: The labels, (n,).
        classes: The class map.
        source: The list, for messages.

    Returns:
        int64 (n,).

    Raises:
        UserError: A label is no class of the map, or the labels may be ids as well as indices.
    """
    codes, written = pd.factorize(labels)
    names, of_id = classes["name"].tolist(), dict(zip(classes["id"], classes["index"], strict=True))
    if not set(written) <= set(names) and set(written) <= set(of_id):
        indices = {str(index) for index in classes["index"]}
        if twofold := [label for label in written if label in indices and label != str(of_id[label])]:
            raise UserError(
                f"{source}: the label {twofold[0]!r} is the id of one class and the index of another; write names "
                "(tools/data/convert.py does)"
            )
        return np.array([of_id[label] for label in written], np.int64)[codes]
    return np.array(label_indices(written, names, source), np.int64)[codes]


def check_class_files(folder: Path, inputs: Iterable[Path], overwrite: bool) -> None:
    """Find out before the work whether :func:`write_class_files` may write into ``folder``.

    Raises:
        UserError: See :func:`kdxf.data.lists.check_result`.
    """
    inputs = list(inputs)
    for name in (CLASSES_CSV, CLASSES_TXT):
        check_result(folder / name, inputs, overwrite)


def write_class_files(classes: pd.DataFrame, folder: Path, excel: bool = False) -> None:
    """Write ``classes.csv``, as a list ``excel`` or not, and ``classes.txt`` into ``folder``."""
    write_annotations(classes, folder / CLASSES_CSV, excel)
    write_classes(classes["name"], folder / CLASSES_TXT)
