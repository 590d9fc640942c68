"""The rows of a submission, in each of the formats. n images, K classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.recipes.submissions.ids import Sample
from kdxf.recipes.submissions.options import FORMATS
from kdxf_runtime.io.prediction_csv import joined


def make_table(
    predictions: Predictions,
    places: Mapping[str, int],
    form: str,
    *,
    columns: Sequence[str] = (),
    sample: Sample | None = None,
    class_as: str = "name",
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Write predictions as the rows of a submission; several labels of an image are joined by ``|``.

    Args:
        predictions: The predictions.
        places: Id to index of the image.
        form: One of :data:`~kdxf.recipes.submissions.options.FORMATS`.
        columns: Names of the columns; by default those of the sample, else those of the format.
        sample: A sample submission; its classes, in the format ``scores``, are the columns.
        class_as: How a class is written: ``'name'``, as the predictions call it, or ``'index'``.
        names: K readable names, for the third column of the format ``class``; by default the predictions' own.

    Raises:
        UserError: The columns do not fit the format, the sample has other classes or writes them otherwise, the format
            holds one class per image and the predictions several, or their scores are ranks, by which no class can be
            chosen.
    """
    rows = np.fromiter(places.values(), np.int64, len(places))
    columns = list(columns) or (sample.columns if sample else FORMATS[form])
    origin = f"{sample.file}" if sample else "--columns"
    if form == "scores":
        return _scores(predictions, places, rows, columns, sample)
    allowed = (3,) if form == "json" else (2, 3)
    if len(columns) not in allowed or len(set(columns)) < len(columns):
        number = " or ".join(map(str, allowed))
        raise UserError(f"{origin}: the format {form} has {number} different columns, not {', '.join(columns)}")
    if names is not None and (form, len(columns)) != ("class", 3):
        raise UserError("--class-names: are for the third column of the format class; name it: --columns ID CLASS NAME")
    if form == "json" and predictions.multi_label:
        raise UserError("--format json holds one class per image, and the predictions several; take class or scores")
    if not predictions.multi_label and predictions.source.holds_ranks():
        raise UserError(
            f"--format {form}: the scores are ranks (--mean rank), by which the classes of an image cannot be "
            "compared; average with another --mean"
        )
    if sample is not None:
        _check_writing(sample, predictions.classes, class_as)
    written = [str(index) for index in range(len(predictions.classes))] if class_as == "index" else predictions.classes
    values: list[Sequence] = [list(places), _written(predictions, rows, written)]
    if form == "json":
        values = [_json_ids(places, sample), _json_classes(values[1], sample, class_as)]
        values.append(predictions.scores.max(axis=1)[rows].astype(float))
    elif len(columns) == 3:
        values.append(_written(predictions, rows, predictions.classes if names is None else names))
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def _written(predictions: Predictions, rows: np.ndarray, names: Sequence[str]) -> list[str]:
    if predictions.predicted is None:
        return [names[index] for index in predictions.scores.argmax(axis=1)[rows].tolist()]
    return [joined(names[index] for index in np.flatnonzero(row).tolist()) for row in predictions.predicted[rows]]


def _json_ids(ids: Iterable[str], sample: Sample | None) -> list[Any]:
    return [name if sample is None else sample.json_ids.get(name, name) for name in ids]


def _json_classes(classes: Sequence[str], sample: Sample | None, class_as: str) -> list[int | str]:
    numbers = None if sample is None else sample.json_numbers
    if numbers is None:
        numbers = class_as == "index"
    return [int(name) if numbers and name.isdecimal() else name for name in classes]


def _scores(
    predictions: Predictions, places: Mapping[str, int], rows: np.ndarray, columns: Sequence[str], sample: Sample | None
) -> pd.DataFrame:
    classes = list(predictions.classes) if sample is None else sample.columns[1:]
    places_of = {name: index for index, name in enumerate(predictions.classes)}
    if sample is not None:
        _check_classes(sample, classes, places_of)
    elif len(columns) != 1 or columns[0] in places_of:
        raise UserError(
            f"--columns: the format scores takes one name, of the ids, which is no class; not {', '.join(columns)}"
        )
    order = [places_of[name] for name in classes]
    scores = predictions.scores[rows]
    table = pd.DataFrame(scores[:, order] if order != list(range(len(order))) else scores, columns=classes)
    table.insert(0, columns[0], list(places))
    return table


def _check_writing(sample: Sample, classes: Sequence[str], class_as: str) -> None:
    """Check that a sample whose classes are clearly numbers, or clearly names, is not filled with the other."""
    values = sample.values - {""}
    if not values:
        return
    numbers, names = all(map(str.isdecimal, values)), values <= set(classes)
    where = f"{sample.file}: its column {sample.columns[1]} holds"
    if class_as == "name" and numbers and not names and not all(map(str.isdecimal, classes)):
        raise UserError(
            f"{where} numbers such as {min(values)}, and the classes have names such as {classes[0]}; add --class-as "
            "index, or leave --sample out"
        )
    if class_as == "index" and names and not numbers:
        raise UserError(f"{where} names of classes such as {min(values)}; leave --class-as index out")


def _check_classes(sample: Sample, columns: Sequence[str], known: Mapping[str, int]) -> None:
    present = set(columns)
    unknown = [name for name in columns if name not in known]
    missing = [name for name in known if name not in present]
    for names, what in (
        (unknown, "has columns that are no class of the predictions"),
        (missing, "has no column for classes of the predictions"),
    ):
        if names:
            raise UserError(f"{sample.file}: {what}: {', '.join(names[:5])}; the class names must be the same")
