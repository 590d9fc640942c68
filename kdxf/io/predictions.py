"""Predictions as files: what a model says of every image of a list, to be scored, mixed or learnt from without it.

One Parquet file per model and list, which pandas opens as well. n images, K classes. Columns:

============== ==================================================================================
``image``      path, as in the annotation file (bytes that are not UTF-8: :mod:`kdxf.io.files`)
``label``      class index, or in multi-label data a list of them; null where it is not known
``pred_label`` the predicted class index, or a list of them
``pred_class`` its name; several are joined by ``|``
``score``      score of the best class
``scores``     scores of all K classes: float32, and float16 from :data:`MANY_CLASSES` classes on
``seen``       whether the model was trained on this image; null where its checkpoint does not say
``error``      why the image could not be read, else null
``fold``       k where the model ``source["inputs"][k]`` made this row, null where no single one
               did; the column is there only where folds were put together
============== ==================================================================================

The file's metadata hold the class names and where the predictions come from.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kdxf.errors import UserError
from kdxf.io.files import NOT_UTF8, in_utf8, replacing
from kdxf.io.provenance import Provenance

MANY_CLASSES = 1000
_CHECKED = 1 << 20  # scores that are looked at together
_KEY = b"kdxf.io.predictions"
_ADVICE = "give a file that tools/test.py --out NAME.parquet or tools/inference.py --save-probs wrote"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one model says of n images.

    Attributes:
        images: n paths, as in the annotation file.
        scores: float32 (n, K): probabilities.
        classes: K class names.
        labels: int64 (n,), the true class, -1 where it is not known; in multi-label data bool (n, K). None where no
            label is known.
        predicted: In multi-label data bool (n, K), the classes that the model gives; else None, and the best class is.
        seen: bool (n,), whether the model was trained on the image; None where that is not known.
        errors: Why an image could not be read, by its index.
        fold: int16 (n,), of out-of-fold predictions the fold whose model made the row, -1 where no single one did;
            None where there are no folds. It counts the ``inputs`` of the ``source`` that put the folds together, from
            0: fold k is ``source.inputs[k]``. A file made of that one (soft labels) keeps the numbers, and has its
            source in ``inputs``: fold k is ``source.inputs[0].source.inputs[k]``.
        source: Where they come from.
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

    def __len__(self) -> int:
        return len(self.images)

    @property
    def multi_label(self) -> bool:
        """Whether an image may belong to several classes, or to none."""
        return self.predicted is not None


def multi_hot(rows: Iterable[Sequence[int] | None], num_classes: int) -> np.ndarray:
    """Gives bool (n, K), True for each class index of a row; a row that is None has none."""
    listed = list(rows)
    table = np.zeros((len(listed), num_classes), bool)
    for row, indices in enumerate(listed):
        table[row, list(indices or ())] = True
    return table


def label_array(
    rows: Sequence[Sequence[int] | None], num_classes: int, *, multi_label: bool = False
) -> np.ndarray | None:
    """Gives labels as :class:`Predictions` has them.

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
    """Writes a file of predictions, under a temporary name first.

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
    scores = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), width)
    if predictions.predicted is None:
        best = predictions.scores.argmax(axis=1) if count else np.empty(0, np.int64)
        pred_label = pa.array(best, pa.int64())
        names = [predictions.classes[index] for index in best]
    else:
        indices = [np.flatnonzero(row).tolist() for row in predictions.predicted]
        pred_label = pa.array(indices, pa.list_(pa.int64()))
        names = ["|".join(predictions.classes[index] for index in row) for row in indices]
    columns = {
        "image": _strings(predictions.images),
        "label": _label_column(predictions),
        "pred_label": pred_label,
        "pred_class": _strings(names),
        "score": pa.array(predictions.scores.max(axis=1, initial=0).astype(np.float32)),
        "scores": scores,
        "seen": pa.nulls(count, pa.bool_()) if predictions.seen is None else pa.array(predictions.seen, pa.bool_()),
        "error": _strings([predictions.errors.get(index) for index in range(count)]),
    }
    if predictions.fold is not None:
        columns["fold"] = pa.array(predictions.fold, pa.int16(), mask=predictions.fold < 0)
    note = {"classes": list(predictions.classes), "source": predictions.source.to_dict()}
    text = json.dumps(note, ensure_ascii=False).encode(errors=NOT_UTF8)  # of which JSON makes what was there
    return pa.table(columns).replace_schema_metadata({_KEY: text})


def _strings(values: Sequence[str | None]) -> pa.Array:
    return pa.array([None if value is None else in_utf8(value) for value in values], pa.string())


def _label_column(predictions: Predictions) -> pa.Array:
    labels = predictions.labels
    if labels is None:
        return pa.nulls(len(predictions), pa.list_(pa.int64()) if predictions.multi_label else pa.int64())
    if labels.ndim == 2:
        return pa.array([np.flatnonzero(row).tolist() for row in labels], pa.list_(pa.int64()))
    return pa.array(labels, pa.int64(), mask=labels < 0)


def read_predictions(path: str | Path) -> Predictions:
    """Reads a file of predictions.

    Raises:
        UserError: The file is missing, damaged or no such file, names an image twice, or has a score that is NaN or
            infinite.
    """
    table = _open(path, pq.read_table)
    meta = _meta(path, table.schema)
    images = table["image"].to_pylist()
    check_each_once(images, path)
    classes = tuple(meta["classes"])
    scores = table["scores"].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    scores = scores.reshape(len(images), len(classes))
    _check_finite(scores, images, path)
    seen = table["seen"]
    return Predictions(
        images=images,
        scores=scores,
        classes=classes,
        labels=_labels(table["label"], len(classes)),
        predicted=_labels(table["pred_label"], len(classes)) if _is_list(table["pred_label"]) else None,
        seen=None if seen.null_count else seen.to_numpy(),
        errors={index: error for index, error in enumerate(table["error"].to_pylist()) if error is not None},
        fold=table["fold"].fill_null(-1).to_numpy() if "fold" in table.column_names else None,
        source=Provenance.from_dict(meta["source"]),
    )


def _check_finite(scores: np.ndarray, images: Sequence[str], path: str | Path) -> None:
    """Checks the scores part by part: a table of what is finite may be too large."""
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
    """Checks that every image stands once in a list to predict, or in a file of predictions.

    Raises:
        UserError: One stands there twice.
    """
    names = pd.Index([in_utf8(image) for image in images])
    again = names.duplicated()
    if again.any():
        image = names[again.argmax()]
        raise UserError(f"{path}: {image} stands there twice; each image has one prediction, so remove the other rows")


def read_source(path: str | Path) -> Provenance:
    """Reads only where a file of predictions comes from.

    Raises:
        UserError: The file is missing, damaged or no such file.
    """
    return Provenance.from_dict(_meta(path, _open(path, pq.read_schema))["source"])


def _open(path: str | Path, read: Callable[[Path], Any]) -> Any:
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file of predictions; {_ADVICE}")
    try:
        return read(path)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{path}: not a Parquet file ({reason}); {_ADVICE}") from error


def _meta(path: str | Path, schema: pa.Schema) -> dict[str, Any]:
    note = (schema.metadata or {}).get(_KEY)
    if note is None or not {"image", "scores"} <= set(schema.names):
        raise UserError(f"{path}: not a file of predictions with the scores of all classes; {_ADVICE}")
    return json.loads(note)


def _is_list(column: pa.ChunkedArray) -> bool:
    return pa.types.is_list(column.type)


def _labels(column: pa.ChunkedArray, num_classes: int) -> np.ndarray | None:
    if column.null_count == len(column):
        return None
    if not _is_list(column):
        return column.fill_null(-1).to_numpy()
    return multi_hot(column.to_pylist(), num_classes)


def check_alike(files: Sequence[tuple[str, Predictions]]) -> None:
    """Checks that files speak of the same images and the same classes, each in any order of images.

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
        here, there = set(predictions.images), set(reference.images)
        for missing, owner in ((there - here, name), (here - there, first)):
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
    """Gives the predictions of ``images``, in that order.

    Raises:
        UserError: One of them has no prediction.
    """
    place = {image: index for index, image in enumerate(predictions.images)}
    missing = [image for image in images if image not in place]
    if missing:
        raise UserError(f"{len(missing)} images have no prediction, such as {missing[0]}")
    rows = np.array([place[image] for image in images], dtype=np.int64)

    def pick(column: np.ndarray | None) -> np.ndarray | None:
        return None if column is None else column[rows]

    return Predictions(
        images=list(images),
        scores=predictions.scores[rows],
        classes=predictions.classes,
        labels=pick(predictions.labels),
        predicted=pick(predictions.predicted),
        seen=pick(predictions.seen),
        errors={new: predictions.errors[old] for new, old in enumerate(rows.tolist()) if old in predictions.errors},
        fold=pick(predictions.fold),
        source=predictions.source,
    )
