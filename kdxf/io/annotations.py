"""Annotation files: lists that say which image belongs to which class.

The form to write is a UTF-8 CSV with a header: ``image`` (POSIX path relative to the image root), ``label`` (class name
or class index) and any other columns. The same is read with tabs (``.tsv``) or semicolons, and in UTF-16; and so are
MMPretrain's ``path label`` text files and plain lists of paths. What is none of these is refused, not guessed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.csv_tables import as_numbers, read_csv, write_csv
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.path_lists import is_table, split_lines
from kdxf_runtime.io.text_files import read_lines

_TEXT_COLUMNS = ("image", "label", "text")


def read_annotations(path: str | Path, empty_labels: bool = False, as_written: Iterable[str] = ()) -> pd.DataFrame:
    """Read an annotation file.

    Args:
        path: A table with a header that names the column ``image`` (``.csv``, with tabs ``.tsv``;
            :func:`kdxf.io.csv_tables.read_csv` says what else is read), or a text file with one ``path label`` or one
            ``path`` per line. Paths may hold spaces: a label is the last field of a line, and only if every line ends
            in an integer.
        empty_labels: Whether a row of a labelled table may have an empty label: the image belongs to no class.
        as_written: Other columns that stay texts, whatever they hold.

    Returns:
        A frame with the column ``image`` (str), ``label`` where the file has labels (str, as written), ``text`` (str)
        where it has that, and the other columns: numbers where all are written as such, else str, so that the id
        ``007`` stays what it is. An empty field is the only missing value: ``NA`` or ``null`` may be the name of a
        class.

    Raises:
        UserError: The file is missing, empty, or not of one of these forms.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such annotation file")
    lines = [] if path.suffix.lower() == ".csv" else read_lines(path)
    if is_table(path, lines):
        return _read_table(path, empty_labels, as_written)
    images, labels = split_lines(lines, path)
    return pd.DataFrame({"image": images, **({} if labels is None else {"label": labels})}, dtype="str")


def _read_table(path: Path, empty_labels: bool, as_written: Iterable[str]) -> pd.DataFrame:
    frame = as_numbers(read_csv(path, ["image"], "name it in the header"), (*_TEXT_COLUMNS, *as_written))
    if frame.empty:
        raise UserError(f"{path}: has a header and no rows; expected one row per image")
    for name in {"image", "label"} & set(frame.columns):
        frame[name] = frame[name].fillna("").str.strip()
    without_image = frame["image"].eq("")
    if without_image.any():
        raise UserError(f"{path}: data row {without_image.argmax() + 1} has no image; remove the row or fill it in")
    if "label" in frame.columns:
        without_label = frame["label"].eq("")
        if without_label.all():
            return frame.drop(columns="label")
        if without_label.any() and not empty_labels:
            raise UserError(f"{path}: data row {without_label.argmax() + 1} has no label; label every row, or none")
        written = pd.Series(frame["label"].unique())  # few, where the rows are millions
        written = written[written != ""]
        if written.str.fullmatch(r"\d+\.0+").all():
            raise UserError(
                f"{path}: the labels are decimal numbers, such as {written.iloc[0]}, as "
                "spreadsheets write them where a cell was empty; write whole numbers or the names of the classes"
            )
    return frame


def write_annotations(frame: pd.DataFrame, path: str | Path, excel: bool = False) -> None:
    """Write ``frame`` as a UTF-8 CSV: to a temporary name first, so that ``path`` is never half-written.

    Args:
        frame: The table.
        path: The file.
        excel: Whether a person opens it in Excel (:mod:`kdxf.io.csv_tables`); :func:`read_annotations` reads both.
    """
    write_csv(frame, Path(path), excel)


def read_classes(path: str | Path) -> list[str]:
    """Read ``classes.txt``: one class name per line, the line number (from 0) is the class index.

    Raises:
        UserError: The file is missing, not UTF-8, empty, or names a class twice.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such class list; it holds one class name per line")
    names = read_lines(path)
    if not names:
        raise UserError(f"{path}: empty; expected one class name per line")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise UserError(f"{path}: the class {name!r} stands there {count} times; names must differ")
    return names


def write_classes(names: Iterable[str], path: str | Path) -> None:
    """Write ``classes.txt``, one name per line, atomically."""
    write_whole("".join(f"{name}\n" for name in names).encode(), Path(path))


def label_indices(labels: Iterable[str], classes: Sequence[str], source: str | Path) -> list[int]:
    """Turn labels as written (class names or indices) into class indices.

    A label that is a class name stands for that class. Class names that are numbers, such as ``1`` to ``137``, could be
    mistaken for the index of another class; then indices are not accepted.

    Args:
        labels: One label per row.
        classes: The class names, in index order.
        source: Names the annotation file in the error message.

    Raises:
        UserError: A label is neither a class name nor an index below ``len(classes)``.
    """
    of_index = {str(index): index for index in range(len(classes))}
    of_name = {name: index for index, name in enumerate(classes)}
    numbers = [name for name, index in of_name.items() if of_index.get(name, index) != index]
    known = of_name if numbers else of_index | of_name
    try:
        return [known[label] for label in labels]
    except KeyError as error:
        names = f"one of the {len(classes)} class names"
        if numbers:
            reason = f"not {names} (indices are not accepted where a name such as {numbers[0]!r} looks like one)"
        else:
            reason = f"neither {names} nor an index from 0 to {len(classes) - 1}"
        raise UserError(f"{source}: the label {error.args[0]!r} is {reason}; check classes.txt") from error
