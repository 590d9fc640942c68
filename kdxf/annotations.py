"""Reads and writes the lists that say which image belongs to which class.

The form to write is a UTF-8 CSV with a header: ``image`` (POSIX path relative to the image root), ``label`` (class name
or class index) and any other columns. MMPretrain's ``path label`` text files and plain lists of paths are read as well.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kdxf.errors import UserError


def read_annotations(path: str | Path) -> pd.DataFrame:
    """Reads an annotation file.

    Args:
        path: ``.csv`` (with a header that names the column ``image``), else a text file with one ``path label`` or one
            ``path`` per line. Paths may hold spaces: a label is the last field of a line, and only if every line ends
            in an integer.

    Returns:
        A frame with the column ``image`` (str), ``label`` where the file has labels (str, as written), and the other
        columns of a CSV as pandas reads them.

    Raises:
        UserError: The file is missing, empty, or not of one of these forms.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such annotation file")
    return _read_csv(path) if path.suffix.lower() == ".csv" else _read_lines(path)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype={"image": "str", "label": "str"}, encoding="utf-8-sig", skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a UTF-8 CSV with a header: {reason}") from error
    if "image" not in frame.columns:
        found = ", ".join(map(str, frame.columns))
        raise UserError(f"{path}: no column 'image' (found: {found}); name it in the header")
    if bad := list(frame.index[frame["image"].isna()]):
        raise UserError(f"{path}: line {bad[0] + 2} has no image; remove the line or fill it in")
    if "label" in frame.columns and frame["label"].isna().any():
        if frame["label"].notna().any():
            line = int(frame.index[frame["label"].isna()][0]) + 2
            raise UserError(f"{path}: line {line} has no label; label every line, or none")
        frame = frame.drop(columns="label")
    return frame


def _read_lines(path: Path) -> pd.DataFrame:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    lines = [line for line in lines if line]
    if not lines:
        raise UserError(f"{path}: empty; expected one 'path label' or 'path' per line")
    pairs = [line.rsplit(maxsplit=1) for line in lines]
    if all(len(pair) == 2 and pair[1].isdecimal() for pair in pairs):
        return pd.DataFrame({"image": [p for p, _ in pairs], "label": [label for _, label in pairs]}, dtype="str")
    return pd.DataFrame({"image": lines}, dtype="str")


def write_annotations(frame: pd.DataFrame, path: str | Path) -> None:
    """Writes ``frame`` as a UTF-8 CSV: to a temporary name first, so that ``path`` is never half-written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        frame.to_csv(temporary, index=False, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_classes(path: str | Path) -> list[str]:
    """Reads ``classes.txt``: one class name per line, the line number (from 0) is the class index.

    Raises:
        UserError: The file is missing, not UTF-8, empty, or names a class twice.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such class list; it holds one class name per line")
    try:
        names = [name for line in path.read_text(encoding="utf-8-sig").splitlines() if (name := line.strip())]
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    if not names:
        raise UserError(f"{path}: empty; expected one class name per line")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{path}: the class {twice[0]!r} stands there twice; names must differ")
    return names


def write_classes(names: Sequence[str], path: str | Path) -> None:
    """Writes ``classes.txt``, one name per line, atomically."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def label_indices(labels: Sequence[str], classes: Sequence[str], source: str | Path) -> list[int]:
    """Turns labels as written (class names or indices) into class indices.

    A label that is a class name stands for that class even where names look like numbers.

    Args:
        labels: One label per row.
        classes: The class names, in index order.
        source: Names the annotation file in the error message.

    Raises:
        UserError: A label is neither a class name nor an index below ``len(classes)``.
    """
    of_name = {name: index for index, name in enumerate(classes)}
    for index in range(len(classes)):
        of_name.setdefault(str(index), index)
    try:
        return [of_name[label] for label in labels]
    except KeyError as error:
        raise UserError(
            f"{source}: the label {error.args[0]!r} is neither one of the {len(classes)} class names nor an index "
            f"from 0 to {len(classes) - 1}; check classes.txt"
        ) from error
