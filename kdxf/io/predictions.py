"""Files of predictions: what a model says of every image of a list, to score, mix or learn from without the model.

One Parquet file per model and list, which pandas opens as well. n images, K classes. Columns:

============== ==================================================================================
``image``      path, as in the annotation file (bytes that are not UTF-8: :mod:`kdxf_runtime.io.files`)
``label``      class index, or in multi-label data a list of them; null where it is not known
``pred_label`` the predicted class index, or a list of them
``pred_class`` its name; several are joined by ``|``
``score``      score of the best class
``scores``     scores of all K classes: float32, and float16 from :data:`MANY_CLASSES` classes on
``seen``       whether the model was trained on this image; null where its checkpoint does not say
``error``      why the image could not be read, else null
``fold``       k where the model ``source["inputs"][k]`` made this row, null where no single one
               did; only files that folds were gathered in have this column
============== ==================================================================================

A file of the best scores (``tools/test.py --topk``) has in place of ``scores`` the columns ``top_classes``, int32, and
``top_scores``, float32: lists of k, the best first. What needs all scores refuses it.

The file's metadata hold the class names and where the predictions come from.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kdxf.errors import UserError
from kdxf.io.csv_tables import read_csv
from kdxf.io.parquet_tables import read_parquet, read_parquet_schema
from kdxf.io.prediction_schema import (
    FILE_ADVICE,
    FILE_COLUMNS,
    KEY,
    TABLE_ADVICE,
    TABLE_COLUMNS,
    check_file,
    check_file_schema,
    check_scores,
    check_table,
    holds_best,
)
from kdxf.io.provenance import Provenance
from kdxf_runtime.io.files import NOT_UTF8, in_utf8, replacing
from kdxf_runtime.io.prediction_csv import joined
from kdxf_runtime.trust.temperature import MANY_CLASSES

_CHECKED = 1 << 20  # scores that are looked at together


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one model says of n images.

    Attributes:
        images: n paths, as in the annotation file.
        scores: float32 (n, K): probabilities. (n, 0) where only the best class was read; (n, k) with ``top``.
        classes: K class names; none of a table that was read without them.
        labels: int64 (n,), the true class, -1 where it is not known; in multi-label data bool (n, K). None where no
            label is known.
        predicted: In multi-label data bool (n, K), the classes that the model gives; else None, and the best class is.
        seen: bool (n,), whether the model was trained on the image; None where that is not known.
        errors: Why an image could not be read, by its index.
        fold: int16 (n,), of out-of-fold predictions the fold whose model made the row, -1 where no single one did;
            None without folds. It counts the ``inputs`` of the ``source`` that put the folds together, from
            0: fold k is ``source.inputs[k]``. A file made of that one (soft labels) keeps the numbers, and has its
            source in ``inputs``: fold k is ``source.inputs[0].source.inputs[k]``.
        source: Where they come from.
        best_class: int64 (n,), the best class as a table has it; None where it follows from the scores.
        best_score: float32 (n,), its score as a table has it; None where it follows from the scores.
        top: int32 (n, k), the classes of the scores where only the k best are known, the best first; else None.
    """

    images: list[str]
    scores: np.ndarray
    classes: tuple[str, ...]
    labels: np.ndarray | None = None
    predicted: np.ndarray | None = None
    seen: np.ndarray | None = None
    errors: Mapping[int, str] = field(default_factory=dict)
    fold: np.ndarray | None = None
    source: Provenance = field(default_factory=Provenance)
    best_class: np.ndarray | None = None
    best_score: np.ndarray | None = None
    top: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def multi_label(self) -> bool:
        """Whether an image may belong to several classes, or to none."""
        return self.predicted is not None

    def best(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the best class of each image, int64 (n,), and its score, float32 (n,)."""
        if self.best_class is not None and self.best_score is not None:
            return self.best_class, self.best_score
        if self.top is not None:
            return self.top[:, 0].astype(np.int64), self.scores[:, 0]
        classes = self.scores.argmax(axis=1) if len(self) else np.empty(0, np.int64)
        return classes, self.scores[np.arange(len(self)), classes].astype(np.float32, copy=False)

    def take(self, rows: np.ndarray) -> "Predictions":
        """Return the predictions at the indices ``rows``, int64 (m,), in that order."""
        columns = {name: getattr(self, name) for name in _PER_IMAGE}
        picked: dict[str, Any] = {name: values if values is None else values[rows] for name, values in columns.items()}
        listed = rows.tolist()
        return replace(
            self,
            images=[self.images[row] for row in listed],
            errors={new: self.errors[old] for new, old in enumerate(listed) if old in self.errors},
            **picked,
        )


_PER_IMAGE = ("scores", "labels", "predicted", "seen", "fold", "best_class", "best_score", "top")


def margins(scores: np.ndarray) -> np.ndarray:
    """Return how far the best score is above the second best, (n,), for scores (n, K); above 0 where K is 1."""
    if scores.shape[1] < 2:
        return scores[:, 0]
    second, first = np.partition(scores, -2, axis=1)[:, -2:].T
    return first - second


def multi_hot(rows: pa.ListArray | Iterable[Sequence[int] | None], num_classes: int) -> np.ndarray:
    """Return bool (n, K), True for each class index of a row; a row that is None has none."""
    lists = rows if isinstance(rows, pa.ListArray | pa.LargeListArray) else pa.array(rows, pa.list_(pa.int64()))
    table = np.zeros((len(lists), num_classes), bool)
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    table[np.repeat(np.arange(len(lists)), lengths), lists.flatten().to_numpy()] = True
    return table


def label_array(
    rows: Sequence[Sequence[int] | None], num_classes: int, *, multi_label: bool = False
) -> np.ndarray | None:
    """Return labels in the form of :class:`Predictions`: int64 (n,) or bool (n, K), None where none is known.

    Args:
        rows: The class indices of each of n images, exactly one unless ``multi_label``; None where they are not known.
        num_classes: K.
        multi_label: Whether an image may belong to several classes, or to none.
    """
    if all(row is None for row in rows):
        return None
    if multi_label:
        return multi_hot(rows, num_classes)
    return np.array([-1 if row is None else row[0] for row in rows], dtype=np.int64)


def write_predictions(predictions: Predictions, path: str | Path) -> None:
    """Write a file of predictions, under a temporary name first.

    Args:
        predictions: What to write.
        path: A ``.parquet`` file; its folder is made.

    Raises:
        UserError: A score is NaN or infinite.
    """
    path = Path(path)
    _check_finite(predictions.scores, predictions.images, path)
    with replacing(path) as temporary:
        pq.write_table(_to_table(predictions), temporary, compression="zstd")


def _to_table(predictions: Predictions) -> pa.Table:
    count, width = predictions.scores.shape
    values = predictions.scores.astype(np.float16 if width >= MANY_CLASSES else np.float32, copy=False)
    scores = {"scores": _lists(values)}
    if predictions.top is not None:
        scores = {"top_classes": _lists(predictions.top.astype(np.int32)), "top_scores": _lists(predictions.scores)}
    if predictions.predicted is None:
        best, _ = predictions.best()
        pred_label = pa.array(best, pa.int64())
        names = [predictions.classes[index] for index in best]
    else:
        indices = [np.flatnonzero(row).tolist() for row in predictions.predicted]
        pred_label = pa.array(indices, pa.list_(pa.int64()))
        names = [joined(predictions.classes[index] for index in row) for row in indices]
    columns = {
        "image": _strings(predictions.images),
        "label": _label_column(predictions),
        "pred_label": pred_label,
        "pred_class": _strings(names),
        "score": pa.array(predictions.scores.max(axis=1, initial=0).astype(np.float32)),
        **scores,
        "seen": pa.nulls(count, pa.bool_()) if predictions.seen is None else pa.array(predictions.seen, pa.bool_()),
        "error": _strings([predictions.errors.get(index) for index in range(count)]),
    }
    if predictions.fold is not None:
        columns["fold"] = pa.array(predictions.fold, pa.int16(), mask=predictions.fold < 0)
    note = {"classes": list(predictions.classes), "source": predictions.source.to_dict()}
    text = json.dumps(note, ensure_ascii=False).encode(errors=NOT_UTF8)  # JSON reads it back unchanged
    return pa.table(columns).replace_schema_metadata({KEY: text})


def _lists(values: np.ndarray) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), values.shape[1])


def _strings(values: Sequence[str | None]) -> pa.Array:
    return pa.array([None if value is None else in_utf8(value) for value in values], pa.string())


def _label_column(predictions: Predictions) -> pa.Array:
    labels = predictions.labels
    if labels is None:
        return pa.nulls(len(predictions), pa.list_(pa.int64()) if predictions.multi_label else pa.int64())
    if labels.ndim == 2:
        return pa.array([np.flatnonzero(row).tolist() for row in labels], pa.list_(pa.int64()))
    return pa.array(labels, pa.int64(), mask=labels < 0)


def read_predictions(
    path: str | Path, *, classes: Sequence[str] | None = None, scores: bool = True, best: bool = False
) -> Predictions:
    """Read a file of predictions.

    By default it is a file that :func:`write_predictions` wrote. With ``classes``, or without ``scores``, it may be any
    table of one class per image, CSV or Parquet, with the columns ``image``, ``pred_label`` and ``score``, and perhaps
    ``pred_class``, ``scores`` and ``seen``, such as ``tools/test.py --out`` writes. Nothing else of it is read then,
    the best class and its score are those of the table, and it may have an image several times.

    Args:
        path: The file.
        classes: The K class names, in index order, that the table must have been made with.
        scores: Whether scores beyond that of the best class are needed; only Parquet has them.
        best: Whether a file of the best scores suffices; the result then has ``top``.

    Raises:
        UserError: The file is missing, damaged or no such file; it has the best scores only; it names an image twice;
            a score is NaN or infinite; or a table lacks scores that are needed, or has other classes.
    """
    if classes is not None or not scores:
        return _read_table(path, classes, scores)
    table = read_parquet(_existing(path, FILE_ADVICE), FILE_ADVICE, FILE_COLUMNS)
    note = check_file(table, path, best)
    images = _images(table)
    check_each_once(images, path)
    top = None
    if holds_best(table.schema):
        size = table["top_classes"].type.list_size
        top = table["top_classes"].combine_chunks().flatten().to_numpy().astype(np.int32).reshape(-1, size)
        values = _flat(table["top_scores"], size)
    else:
        values = _flat(table["scores"], len(note.classes))
    _check_finite(values, images, path)
    seen = table["seen"]
    return Predictions(
        images=images,
        scores=values,
        classes=note.classes,
        labels=_labels(table["label"], len(note.classes)),
        predicted=_labels(table["pred_label"], len(note.classes)) if _is_list(table["pred_label"]) else None,
        seen=None if seen.null_count else seen.to_numpy(),
        errors={index: error for index, error in enumerate(table["error"].to_pylist()) if error is not None},
        fold=table["fold"].cast(pa.int16()).fill_null(-1).to_numpy() if "fold" in table.column_names else None,
        source=note.source,
        top=top,
    )


def _read_table(path: str | Path, classes: Sequence[str] | None, scores: bool) -> Predictions:
    table = _csv_or_parquet(_existing(path, TABLE_ADVICE))
    check_table(table, path)
    best = table["pred_label"].to_numpy().astype(np.int64)
    if classes is not None:
        _check_classes(table, best, classes, path)
    if scores and "scores" not in table.column_names:
        raise UserError(f"{path}: has no column 'scores', which this rule needs; write it with --out NAME.parquet")
    return Predictions(
        images=_images(table),
        scores=_table_scores(table, len(classes or ()), path) if scores else np.empty((len(best), 0), np.float32),
        classes=tuple(classes or ()),
        seen=_table_seen(table),
        best_class=best,
        best_score=table["score"].to_numpy().astype(np.float32),
    )


def _images(table: pa.Table) -> list[str]:
    return pc.utf8_normalize(table["image"].cast(pa.string()), form="NFC").to_pylist()


def _csv_or_parquet(path: Path) -> pa.Table:
    """Read a table; of a CSV, columns of text become what they are in Parquet where all their cells allow it."""
    if path.suffix.lower() == ".parquet":
        return read_parquet(path, TABLE_ADVICE, TABLE_COLUMNS)
    frame = read_csv(path)
    # No column of a CSV holds lists, and several may have no name.
    frame = frame[[name for name in TABLE_COLUMNS if name in frame.columns and name != "scores"]]
    table = pa.Table.from_pandas(frame.where(frame != ""), preserve_index=False)
    for name, kind in (("pred_label", pa.int64()), ("score", pa.float64()), ("seen", pa.bool_())):
        if name in table.column_names:
            with contextlib.suppress(pa.ArrowInvalid):  # the check of the columns says what is wrong
                place = table.column_names.index(name)
                table = table.set_column(place, name, table[name].cast(pa.string()).cast(kind))
    return table


def _check_classes(table: pa.Table, best: np.ndarray, classes: Sequence[str], path: str | Path) -> None:
    if best.max() >= len(classes) or best.min() < 0:
        raise UserError(
            f"{path}: predicts class {best.max()}, but there are {len(classes)} classes; give the classes.txt of the "
            "model with --classes"
        )
    if "pred_class" in table.column_names:
        pairs = pd.DataFrame({"index": best, "name": table["pred_class"].to_pandas()}).dropna().drop_duplicates()
        for index, name in zip(pairs["index"], pairs["name"].astype("str"), strict=True):
            if classes[index] != name:
                raise UserError(
                    f"{path}: class {index} is {name!r} there and {classes[index]!r} in classes.txt; give the "
                    "classes.txt of the model with --classes"
                )


def _table_seen(table: pa.Table) -> np.ndarray | None:
    return None if "seen" not in table.column_names or table["seen"].null_count else table["seen"].to_numpy()


def _table_scores(table: pa.Table, count: int, path: str | Path) -> np.ndarray:
    check_scores(table, count, path, "change --classes")
    scores = _flat(table["scores"], count)
    if not ((scores >= 0) & (scores <= 1.0001)).all():
        raise UserError(f"{path}: scores that are not between 0 and 1; the rule needs probabilities")
    return scores


def _flat(scores: pa.ChunkedArray, count: int) -> np.ndarray:
    values = scores.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return values.astype(np.float32, copy=False).reshape(len(scores), count)


def _check_finite(scores: np.ndarray, images: Sequence[str], path: str | Path) -> None:
    """Check the scores in parts, as one table of what is finite may take too much memory."""
    step = max(_CHECKED // max(scores.shape[1], 1), 1)
    for start in range(0, len(scores), step):
        finite = np.isfinite(scores[start : start + step])
        if not finite.all():
            image = images[start + int(finite.all(axis=1).argmin())]
            raise UserError(
                f"{path}: the scores of {image} are NaN or infinite, as of a model whose training diverged or whose "
                "half precision overflows; predict with another checkpoint, or without half precision"
            )


def check_each_once(images: Sequence[str], path: str | Path) -> None:
    """Check that every image occurs once in a list to predict, or in a file of predictions.

    Raises:
        UserError: An image occurs twice.
    """
    names = pd.Index([in_utf8(image) for image in images])
    again = names.duplicated()
    if again.any():
        image = names[again.argmax()]
        raise UserError(f"{path}: {image} stands there twice; each image has one prediction, so remove the other rows")


def read_source(path: str | Path) -> Provenance:
    """Read where a file of predictions comes from, without its rows.

    Raises:
        UserError: The file is missing, damaged or no such file.
    """
    return check_file_schema(read_parquet_schema(_existing(path, FILE_ADVICE), FILE_ADVICE), path).source


def _existing(path: str | Path, advice: str) -> Path:
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file of predictions; {advice}")
    return path


def _is_list(column: pa.ChunkedArray) -> bool:
    return pa.types.is_list(column.type) or pa.types.is_large_list(column.type)


def _labels(column: pa.ChunkedArray, num_classes: int) -> np.ndarray | None:
    if column.null_count == len(column):
        return None
    if not _is_list(column):
        return column.cast(pa.int64()).fill_null(-1).to_numpy()  # the column may be of unsigned numbers
    return multi_hot(column.combine_chunks(), num_classes)


def check_alike(files: Sequence[tuple[str, Predictions]]) -> None:
    """Check that files have the same images, in any order, and the same classes.

    Args:
        files: Names for messages, and predictions.

    Raises:
        UserError: They do not; says which file and which image or class.
    """
    (first, reference), *others = files
    for name, predictions in others:
        if predictions.classes != reference.classes:
            raise UserError(f"{name} and {first} have different classes: {_difference(predictions, reference)}")
        if predictions.multi_label != reference.multi_label:
            kinds = ("one label per image", "several labels per image")
            raise UserError(
                f"{name} predicts {kinds[predictions.multi_label]}, {first} {kinds[reference.multi_label]}; "
                "give files of one kind"
            )
        ours, theirs = set(predictions.images), set(reference.images)
        for missing, owner in ((theirs - ours, name), (ours - theirs, first)):
            if missing:
                raise UserError(
                    f"{owner} lacks {len(missing)} images that the other of {name} and {first} has, such as "
                    f"{min(missing)}; predict the same list with both models"
                )


def _difference(one: Predictions, other: Predictions) -> str:
    if len(one.classes) != len(other.classes):
        return f"{len(one.classes)} and {len(other.classes)} of them"
    index = next(i for i, (a, b) in enumerate(zip(one.classes, other.classes, strict=True)) if a != b)
    return f"class {index} is {one.classes[index]!r} in the one and {other.classes[index]!r} in the other"


def in_order(predictions: Predictions, images: Sequence[str]) -> Predictions:
    """Return the predictions of ``images``, in that order.

    Raises:
        UserError: One of them has no prediction.
    """
    known, wanted = (pd.Index(np.array(names, dtype=object)) for names in (predictions.images, images))
    rows = known.get_indexer(wanted)
    missing = rows < 0
    if missing.any():
        raise UserError(f"{missing.sum()} images have no prediction, such as {images[missing.argmax()]}")
    return predictions.take(rows)


def concatenate(parts: Sequence[Predictions]) -> Predictions:
    """Put predictions of different images one after the other.

    Args:
        parts: At least one, all of the same classes; a column that one of them lacks is left out, as is the source.
    """

    def stack(name: str) -> Any:
        columns = [getattr(part, name) for part in parts]
        return None if any(column is None for column in columns) else np.concatenate(columns)

    starts = np.cumsum([0, *map(len, parts)]).tolist()
    return Predictions(
        images=[image for part in parts for image in part.images],
        classes=parts[0].classes,
        errors={
            start + index: error
            for start, part in zip(starts, parts, strict=False)
            for index, error in part.errors.items()
        },
        **{name: stack(name) for name in _PER_IMAGE},
    )
