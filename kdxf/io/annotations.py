"""Annotation files: lists that say which image belongs to which class.

The form to write is a UTF-8 CSV with a header: ``image`` (POSIX path relative to the image root), ``label`` (class name
or class index) and any other columns. MMPretrain's ``path label`` text files and plain lists of paths are read as well.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.files import write_whole
from kdxf.io.images import IMAGE_EXTENSIONS

_TEXT_COLUMNS = ("image", "label", "text")


def read_annotations(path: str | Path, empty_labels: bool = False) -> pd.DataFrame:
    """Read an annotation file.

    Args:
        path: ``.csv`` (with a header that names the column ``image``), else a text file with one ``path label`` or one
            ``path`` per line. Paths may hold spaces: a label is the last field of a line, and only if every line ends
            in an integer.
        empty_labels: Whether a row of a labelled CSV may have an empty label: the image belongs to no class.

    Returns:
        A frame with the column ``image`` (str), ``label`` where the file has labels (str, as written), ``text`` (str)
        where it has that, and the other columns of a CSV as pandas reads them. An empty field is the only missing
        value: ``NA`` or ``None`` may be the name of a class.

    Raises:
        UserError: The file is missing, empty, or not of one of these forms.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such annotation file")
    return _read_csv(path, empty_labels) if path.suffix.lower() == ".csv" else _read_lines(path)


def _read_csv(path: Path, empty_labels: bool) -> pd.DataFrame:
    frame = _parse_csv(path)
    if "image" not in frame.columns:
        found = ", ".join(map(str, frame.columns))
        raise UserError(f"{path}: no column 'image' (found: {found}); name it in the header")
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
    return frame


def _parse_csv(path: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            frame = pd.read_csv(
                path,
                dtype=dict.fromkeys(_TEXT_COLUMNS, "str"),
                encoding="utf-8-sig",
                index_col=False,
                skipinitialspace=True,
                keep_default_na=False,
                na_values=[""],
            )
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except (ValueError, pd.errors.ParserWarning) as error:
        raise UserError(f"{path}: not a CSV with a header: {' '.join(str(error).split())}") from error
    return frame.rename(columns=lambda name: str(name).strip())


def _read_lines(path: Path) -> pd.DataFrame:
    lines = _non_empty_lines(path)
    if not lines:
        raise UserError(f"{path}: empty; expected one 'path label' or 'path' per line")
    pairs = [_split_label(line) for line in lines]
    if all(label for _, label in pairs):
        return pd.DataFrame(
            {"image": [image for image, _ in pairs], "label": [label for _, label in pairs]}, dtype="str"
        )
    # 'photo 12' alone may be a path, but 'photo.jpg 12' is a path and its label.
    if any(label and PurePosixPath(image).suffix.lower() in IMAGE_EXTENSIONS for image, label in pairs):
        unlabelled = next(image for image, label in pairs if not label)
        raise UserError(f"{path}: the line {unlabelled!r} has no label; label every line, or none")
    return pd.DataFrame({"image": lines}, dtype="str")


def _split_label(line: str) -> tuple[str, str]:
    """Split ``path label``; the label is empty where the line does not end in an integer."""
    image, _, label = line.replace("\t", " ").rpartition(" ")
    return (image.rstrip(), label) if image and label.isdecimal() else (line, "")


def _non_empty_lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    return [stripped for line in text.split("\n") if (stripped := line.strip())]


def write_annotations(frame: pd.DataFrame, path: str | Path) -> None:
    """Write ``frame`` as a UTF-8 CSV: to a temporary name first, so that ``path`` is never half-written."""
    write_whole(frame.to_csv(index=False).encode(), Path(path))


def read_classes(path: str | Path) -> list[str]:
    """Read ``classes.txt``: one class name per line, the line number (from 0) is the class index.

    Raises:
        UserError: The file is missing, not UTF-8, empty, or names a class twice.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such class list; it holds one class name per line")
    names = _non_empty_lines(path)
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
