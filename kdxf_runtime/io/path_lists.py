"""Lists of images as text: a path per line, or MMPretrain's ``path label``; and what tells them from tables."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.images import IMAGE_EXTENSIONS

_TABLES = (".csv", ".tsv")


def is_table(path: Path, lines: Sequence[str]) -> bool:
    """Tell whether a list is a table with a header, by its name and its lines; those of a ``.csv`` are not looked at.

    A ``.tsv`` may also be paths and indices without a header, and a ``.txt`` may be a table.
    """
    return (path.suffix.lower() in _TABLES and not _are_pairs(lines)) or _is_header(lines)


def _are_pairs(lines: Sequence[str]) -> bool:
    """Tell whether a ``.tsv`` has no header but paths and indices, as MMPretrain writes them."""
    return bool(lines) and all(_split_label(line)[1] for line in lines)


def _is_header(lines: Sequence[str]) -> bool:
    """Tell whether a text list begins with the header of a table: two or more names, one of them ``image``."""
    first = lines[0] if lines else ""
    return any(sign in first and "image" in map(str.strip, first.split(sign)) for sign in "\t,;")


def split_lines(lines: Sequence[str], path: Path) -> tuple[list[str], list[str] | None]:
    """Return the paths of a list, and their labels as they are written; None where there are none.

    Paths may hold spaces: a label is the last field of a line, and only if every line ends in an integer.

    Args:
        lines: The lines that are not empty.
        path: The list, for messages.

    Raises:
        UserError: There are no lines, only some have a label, or one is neither a path nor a path and its label.
    """
    if not lines:
        raise UserError(f"{path}: empty; expected one 'path label' or 'path' per line")
    if lines[0] == "image":
        raise UserError(f"{path}: its first line is the header of a table; call the file .csv, or remove the line")
    pairs = [_split_label(line) for line in lines]
    if all(label for _, label in pairs):
        return [image for image, _ in pairs], [label for _, label in pairs]
    # 'photo 12' alone may be a path, but 'photo.jpg 12' is a path and its label.
    if any(label and _is_picture(image) for image, label in pairs):
        unlabelled = next(image for image, label in pairs if not label)
        raise UserError(f"{path}: the line {unlabelled!r} has no label; label every line, or none")
    if (odd := next((line for line in lines if _has_other_label(line)), None)) is not None:
        raise UserError(
            f"{path}: the line {odd!r} is more than a path, and a label in such a list is an integer; write a CSV with "
            "the columns image and label"
        )
    return list(lines), None


def _split_label(line: str) -> tuple[str, str]:
    """Split ``path label``; the label is empty where the line does not end in an integer."""
    image, _, label = line.replace("\t", " ").rpartition(" ")
    return (image.rstrip(), label) if image and label.isdecimal() else (line, "")


def _is_picture(image: str) -> bool:
    return PurePosixPath(image).suffix.lower() in IMAGE_EXTENSIONS


def _has_other_label(line: str) -> bool:
    """Tell whether a line is the path of a picture with more after it: ``a.jpg milk``, ``a.jpg,3``, ``a.jpg -1``."""
    return not _is_picture(line) and any(_is_picture(part) for part in re.split(r"[\t,; ]", line)[:-1])
