"""What a file of predictions must hold, checked once for everything that reads one (:mod:`kdxf.io.predictions`).

There are two formats. A *file of predictions* has the scores of all classes, or the best of each image with their
classes, and a note in its metadata with the class names and the source. A *table of the best classes* is any CSV or
Parquet with one class index per image.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from kdxf.errors import UserError
from kdxf.io.provenance import Provenance

KEY = b"kdxf.predictions"  # part of the file format, whatever this module is called
FILE_ADVICE = "give a file that tools/test.py --out NAME.parquet or tools/inference.py --save-probs wrote"
TABLE_ADVICE = "give a table that tools/test.py --out wrote"


@dataclass(frozen=True)
class Note:
    """The note in the metadata of a file of predictions.

    Attributes:
        classes: The names of the K classes.
        source: Where the predictions come from.
    """

    classes: tuple[str, ...]
    source: Provenance


def _is_text(kind: pa.DataType) -> bool:
    return types.is_string(kind) or types.is_large_string(kind)


def _is_index(kind: pa.DataType) -> bool:
    return types.is_integer(kind)


def _is_indices(kind: pa.DataType) -> bool:
    return _is_list(kind) and types.is_integer(kind.value_type)


def _is_list(kind: pa.DataType) -> bool:
    return types.is_list(kind) or types.is_large_list(kind)


def _is_scores(kind: pa.DataType) -> bool:
    return (_is_list(kind) or types.is_fixed_size_list(kind)) and types.is_floating(kind.value_type)


def _is_fixed_indices(kind: pa.DataType) -> bool:
    return types.is_fixed_size_list(kind) and types.is_integer(kind.value_type)


@dataclass(frozen=True)
class _Column:
    holds: str
    is_kind: Callable[[pa.DataType], bool]
    nulls: bool = False
    optional: bool = False


_FILE = {
    "image": _Column("a path", _is_text),
    "label": _Column("a class index, or a list of them", lambda kind: _is_index(kind) or _is_indices(kind), nulls=True),
    "pred_label": _Column("a class index, or a list of them", lambda kind: _is_index(kind) or _is_indices(kind)),
    "scores": _Column("a list of numbers", _is_scores),
    "seen": _Column("true or false", types.is_boolean, nulls=True),
    "error": _Column("a text", _is_text, nulls=True),
    "fold": _Column("a whole number", _is_index, nulls=True, optional=True),
}
_TABLE = {
    "image": _Column("a path", lambda kind: _is_text(kind) or _is_index(kind)),
    "pred_label": _Column("one class index", _is_index),
    "score": _Column("a number", lambda kind: types.is_floating(kind) or _is_index(kind)),
    "scores": _Column("a list of numbers", _is_scores, optional=True),
    "seen": _Column("true or false", types.is_boolean, nulls=True, optional=True),
    "pred_class": _Column("a text", _is_text, nulls=True, optional=True),
}
# A file of the best scores has these in the place of the column scores.
_BEST = {name: column for name, column in _FILE.items() if name != "scores"} | {
    "top_classes": _Column("a list of class indices", _is_fixed_indices),
    "top_scores": _Column("a list of numbers", _is_scores),
}
FILE_COLUMNS, TABLE_COLUMNS = (*_FILE, "top_classes", "top_scores"), tuple(_TABLE)


def holds_best(schema: pa.Schema) -> bool:
    """Tell whether a file of predictions has the best scores of each image in place of all."""
    return "scores" not in schema.names and "top_scores" in schema.names


def check_file_schema(schema: pa.Schema, path: str | Path) -> Note:
    """Check the columns and the note of a file of predictions, without its rows.

    Raises:
        UserError: It is no such file; says which column or which part of the note is wrong.
    """
    text = (schema.metadata or {}).get(KEY)
    if text is None:
        raise UserError(f"{path}: not a file of predictions with the scores of all classes; {FILE_ADVICE}")
    _check_types(schema, _BEST if holds_best(schema) else _FILE, path, FILE_ADVICE)
    label, predicted = schema.field("label").type, schema.field("pred_label").type
    if not types.is_null(label) and _is_list(label) != _is_list(predicted):
        raise UserError(f"{path}: one of label and pred_label holds lists and the other does not; {FILE_ADVICE}")
    return _read_note(text, path)


def check_file(table: pa.Table, path: str | Path, best: bool) -> Note:
    """Check a whole file of predictions.

    Args:
        table: The file's rows.
        path: The file, for messages.
        best: Whether the best scores of each image suffice.

    Raises:
        UserError: See :func:`check_file_schema`; it has the best scores only, and they do not suffice; or a row lacks
            something, has another number of scores than there are classes, or an index that is no class.
    """
    note = check_file_schema(table.schema, path)
    if holds_best(table.schema):
        if not best:
            raise UserError(
                f"{path}: holds only the best scores of each image, and this needs those of all {len(note.classes)} "
                "classes; write it again without --topk"
            )
        _check_nulls(table, _BEST, path, FILE_ADVICE)
        _check_best(table, len(note.classes), path)
        for name in ("label", "pred_label"):
            _check_indices(table, name, len(note.classes), path, FILE_ADVICE)
        return note
    _check_nulls(table, _FILE, path, FILE_ADVICE)
    for name in ("label", "pred_label"):
        _check_indices(table, name, len(note.classes), path, FILE_ADVICE)
    check_scores(table, len(note.classes), path, FILE_ADVICE)
    return note


def check_table(table: pa.Table, path: str | Path) -> None:
    """Check a table of the best classes.

    Raises:
        UserError: It has no rows, lacks a column, one has another type, or a row lacks something.
    """
    if not table.num_rows:
        raise UserError(f"{path}: has no rows; {TABLE_ADVICE}")
    _check_types(table.schema, _TABLE, path, TABLE_ADVICE)
    _check_nulls(table, _TABLE, path, TABLE_ADVICE)
    _check_indices(table, "pred_label", None, path, TABLE_ADVICE)


def check_scores(table: pa.Table, count: int, path: str | Path, advice: str) -> None:
    """Check that each row has a score for each of ``count`` classes.

    Raises:
        UserError: One has not.
    """
    column = table["scores"]
    if types.is_fixed_size_list(column.type):
        lengths = {column.type.list_size} if len(column) else set()
    else:
        lengths = set(pc.unique(pc.list_value_length(column)).to_pylist())
    if wrong := sorted(lengths - {count}):
        raise UserError(f"{path}: has rows of {wrong[0]} scores, but there are {count} classes; {advice}")
    if sum(chunk.flatten().null_count for chunk in column.chunks):
        raise UserError(f"{path}: the column scores has a list with a gap; {advice}")


def _check_best(table: pa.Table, count: int, path: str | Path) -> None:
    """Check that each image has as many scores as classes, falling, and each class once, below ``count``."""
    size = table["top_classes"].type.list_size
    check_scores(table.select(["top_scores"]).rename_columns(["scores"]), size, path, FILE_ADVICE)
    flat = table["top_classes"].combine_chunks().flatten()
    if not 0 < size <= count or flat.null_count:
        raise UserError(f"{path}: has {size} classes of each image, but there are {count}; {FILE_ADVICE}")
    classes = np.sort(flat.to_numpy().reshape(-1, size), axis=1)
    scores = table["top_scores"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, size)
    if len(classes) and (classes.min() < 0 or classes.max() >= count):
        raise UserError(f"{path}: the column top_classes has an index that is no class, of {count}; {FILE_ADVICE}")
    if (np.diff(classes, axis=1) == 0).any() or (np.diff(scores, axis=1) > 0).any():
        raise UserError(f"{path}: the best classes of an image are not in falling order, each once; {FILE_ADVICE}")


def _check_types(schema: pa.Schema, columns: Mapping[str, _Column], path: str | Path, advice: str) -> None:
    missing = [name for name, column in columns.items() if name not in schema.names and not column.optional]
    if missing:
        raise UserError(f"{path}: not a file of predictions, it lacks {', '.join(missing)}; {advice}")
    for name in columns:
        if schema.names.count(name) > 1:
            raise UserError(f"{path}: two columns are called {name}; {advice}")
    for field in (schema.field(name) for name in columns if name in schema.names):
        column = columns[field.name]
        if not column.is_kind(field.type) and not (column.nulls and types.is_null(field.type)):
            raise UserError(
                f"{path}: the column {field.name} is not {column.holds} per image, but {field.type}; {advice}"
            )


def _check_nulls(table: pa.Table, columns: Mapping[str, _Column], path: str | Path, advice: str) -> None:
    for name, column in columns.items():
        if name in table.column_names and not column.nulls and (empty := table[name].null_count):
            raise UserError(f"{path}: {empty} of {table.num_rows} rows have no {name}; {advice}")


def _check_indices(table: pa.Table, name: str, count: int | None, path: str | Path, advice: str) -> None:
    """Check that class indices are from 0 and, if ``count`` is given, below it; a missing list is one of no class."""
    column = table[name]
    if types.is_null(column.type):
        return
    values = pc.list_flatten(column) if _is_list(column.type) else column
    if _is_list(column.type) and values.null_count:
        raise UserError(f"{path}: the column {name} has a list with a gap; {advice}")
    bounds = pc.min_max(values).as_py()
    for index in (bounds["min"], bounds["max"]):
        if index is not None and (index < 0 or (count is not None and index >= count)):
            classes = "classes count from 0" if count is None or index < 0 else f"there are {count} classes"
            raise UserError(f"{path}: the column {name} has the class {index}, but {classes}; {advice}")


def _read_note(text: bytes, path: str | Path) -> Note:
    try:
        note = json.loads(text)
        if not isinstance(note, dict) or not {"classes", "source"} <= set(note):
            raise ValueError("it has no classes and source")
        classes = note["classes"]
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ValueError("its classes are not a list of names")
        return Note(tuple(classes), Provenance.from_dict(note["source"]))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: its note of classes and source is damaged ({error}); {FILE_ADVICE}") from error
