"""What a submission calls its images, and the sample submission that says so. n images."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kdxf.errors import UserError
from kdxf.io.csv_tables import read_csv
from kdxf.recipes.submissions.options import STYLES
from kdxf_runtime.io.text_files import read_json_text


@dataclass(frozen=True)
class Sample:
    """A sample submission.

    Attributes:
        file: Where it was read from.
        columns: Its columns or, in JSON, the keys of its entries; the first holds the ids.
        ids: Its ids, in order.
        values: What its second column holds, each once.
        json_ids: In JSON, each id as written in the file: ``'7'`` may be the number 7.
        json_numbers: In JSON, whether its second column holds whole numbers (True) or text (False); None where this is
            not clear.
    """

    file: Path
    columns: list[str]
    ids: list[str]
    values: frozenset[str] = frozenset()
    json_ids: Mapping[str, Any] = field(default_factory=dict)
    json_numbers: bool | None = None


def read_table(file: Path) -> pd.DataFrame:
    """Read a submission as text: a CSV with a header, or a JSON list of objects with the same keys.

    Raises:
        UserError: The file is missing or neither, or has no rows.
    """
    return _text(_read(file))


def _read(file: Path) -> pd.DataFrame:
    """Read a submission; values of JSON keep their types."""
    if not file.is_file():
        raise UserError(f"{file}: no such submission")
    if file.suffix.lower() == ".json":
        rows = read_json_text(file)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UserError(f"{file}: no JSON list of objects; a submission has one for each image")
        table = pd.DataFrame(rows, dtype=object)
    else:
        table = read_csv(file)
    if table.empty:
        raise UserError(f"{file}: has no rows; expected one per image")
    return table


def _text(table: pd.DataFrame) -> pd.DataFrame:
    return table.map(lambda value: "" if value is None else str(value))


def check_ids(ids: pd.Series, file: Path) -> None:
    """Check the ids of a submission.

    Raises:
        UserError: An id occurs twice.
    """
    twice = ids[ids.duplicated()]
    if len(twice):
        raise UserError(f"{file}: the id {twice.iloc[0]} stands there twice ({len(twice)} such rows); remove them")


def read_sample(file: Path) -> Sample:
    """Read a sample submission, whose first column holds the ids.

    Raises:
        UserError: It cannot be read, see :func:`read_table`, or an id occurs twice.
    """
    table = _read(file)
    text = _text(table)
    ids = text.iloc[:, 0]
    check_ids(ids, file)
    columns, values = list(map(str, table.columns)), frozenset(text.iloc[:, 1:2].to_numpy().ravel())
    if file.suffix.lower() != ".json":
        return Sample(file, columns, ids.tolist(), values)
    json_ids = dict(zip(ids, table.iloc[:, 0], strict=True))
    return Sample(file, columns, ids.tolist(), values, json_ids, _are_numbers(table.iloc[:, 1:2].to_numpy().ravel()))


def _are_numbers(values: Sequence[Any]) -> bool | None:
    kinds = {type(value) for value in values}
    return kinds == {int} if kinds in ({int}, {str}) else None


def name_images(images: Sequence[str], source: str | Path, style: str | None, sample: Sample | None) -> dict[str, int]:
    """Name the images and order them.

    Args:
        images: n paths.
        source: Names the file of predictions in messages.
        style: One of :data:`~kdxf.recipes.submissions.options.STYLES`; by default that in which most images
            are in the sample, without one ``name``.
        sample: Whose ids and order to take; by default all images in their order.

    Returns:
        Id to index of the image, in the order of the submission.

    Raises:
        UserError: There is no image, two have one id, or the ids are not those of the sample.
    """
    if not images:
        raise UserError(f"{source}: holds no image; predict a list with images")
    if style is None:
        style = "name" if sample is None else _most_alike(images, set(sample.ids))
    ids = [STYLES[style](image) for image in images]
    twice = next((name for name, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        pair = [image for image, name in zip(images, ids, strict=True) if name == twice]
        raise UserError(
            f"{source}: {pair[0]} and {pair[1]} would both have the id {twice}; choose another --id "
            f"({', '.join(STYLES)})"
        )
    places = {name: index for index, name in enumerate(ids)}
    if sample is None:
        return places
    _check_ids(places, sample, source)
    return {name: places[name] for name in sample.ids}


def _most_alike(images: Sequence[str], wanted: set[str]) -> str:
    return max(STYLES, key=lambda style: sum(STYLES[style](image) in wanted for image in images))


def _check_ids(places: dict[str, int], sample: Sample, source: str | Path) -> None:
    if missing := [name for name in sample.ids if name not in places]:
        raise UserError(
            f"{source}: has no prediction for {len(missing)} of the {len(sample.ids)} ids of {sample.file}: "
            f"{_some(missing)}; predict these images as well"
        )
    known = set(sample.ids)
    if extra := [name for name in places if name not in known]:
        raise UserError(
            f"{source}: has {len(extra)} images that {sample.file} does not have: {_some(extra)}; predict the list of "
            "the test images alone"
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
