"""The columns of a table that stand beside a picture (price, shop, date, ...), as one vector of numbers.

What a column of a training list holds is fitted once (``tools/table.py``) and kept in a JSON file, which says which
list that was; the same file encodes every later row, in kdxf and in a bundle. A cell that is empty, or that a column of
numbers, dates or booleans cannot read, is *missing*: all of its numbers are 0, also the one that says that there is a
value. So a row of which nothing is known is a vector of zeros.

=========== ============================================================ =================================
kind        numbers                                                      example
=========== ============================================================ =================================
number      1, and ``standard``: (x - mean) / deviation, within -5..5;   with the edges 1, 2, 4 the number
            or ``quantile``: how far x reaches into each of B intervals  3 is 1; 1, 0.5
            between quantiles, from 0 to 1 (piecewise linear encoding,
            https://arxiv.org/abs/2203.05556)
category    a one for the value, the last place for an unknown one       of ``a``, ``b``: ``b`` is 0, 1, 0
date        1; days since the mean day, scaled; and sine and cosine of   ``2024-05-01`` is
            the day in the year and of the day in the week               1; ...; ...
boolean     1; and 1 or -1                                               ``yes`` is 1; 1
=========== ============================================================ =================================

Shapes: D numbers of a row.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.files import write_json
from kdxf_runtime.io.text_files import read_json_text

FORMAT = 1
Row = Mapping[str, str | None]
"""The cells of a row by the names of their columns, as written; an empty one is missing."""

_TRUE = frozenset({"1", "true", "yes", "y", "t", "是", "有"})
_FALSE = frozenset({"0", "false", "no", "n", "f", "否", "无"})
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")
_MOST_DEVIATIONS = 5.0


def read_number(text: str) -> float | None:
    """Return the number that a cell says, or None; infinity is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_date(text: str) -> date | None:
    """Return the day that a cell begins with, year first (``2024-05-01``, ``2024/5/1 10:00``, ``2024年5月1日``)."""
    found = _DATE.match(text)
    try:
        return None if found is None else date(*map(int, found.groups()))
    except ValueError:  # the 30th of February
        return None


def read_boolean(text: str) -> bool | None:
    """Return the truth value that a cell says, or None."""
    word = text.casefold()
    return True if word in _TRUE else False if word in _FALSE else None


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers.

    Attributes:
        name: Its name in the header.
        edges: The B + 1 edges of the intervals, rising; empty for ``standard``.
        mean: The mean of the training values.
        deviation: Their standard deviation, above 0.
    """

    name: str
    edges: tuple[float, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0
    kind: str = "number"

    @property
    def width(self) -> int:
        """How many numbers a cell becomes."""
        return 1 + (len(self.edges) - 1 if self.edges else 1)

    def encode(self, text: str) -> list[float] | None:
        """Return the numbers of a cell; None where it is no number."""
        value = read_number(text)
        if value is None:
            return None
        if not self.edges:
            scaled = (value - self.mean) / self.deviation
            return [1.0, min(max(scaled, -_MOST_DEVIATIONS), _MOST_DEVIATIONS)]
        pairs = zip(self.edges, self.edges[1:], strict=False)
        return [1.0, *(min(max((value - low) / (high - low), 0.0), 1.0) for low, high in pairs)]


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories.

    Attributes:
        name: Its name in the header.
        values: The values that are known, as written; each other one is the unknown value.
    """

    name: str
    values: tuple[str, ...]
    kind: str = "category"
    _places: Mapping[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {value: place for place, value in enumerate(self.values)})

    @property
    def width(self) -> int:
        """How many numbers a cell becomes."""
        return len(self.values) + 1

    def encode(self, text: str) -> list[float]:
        """Return the numbers of a cell."""
        numbers = [0.0] * self.width
        numbers[self._places.get(text, len(self.values))] = 1.0
        return numbers


@dataclass(frozen=True)
class DateColumn:
    """A column of dates.

    Attributes:
        name: Its name in the header.
        mean: The mean of the training days, as days since 0001-01-01.
        deviation: Their standard deviation in days, above 0.
    """

    name: str
    mean: float
    deviation: float
    kind: str = "date"
    width = 6

    def encode(self, text: str) -> list[float] | None:
        """Return the numbers of a cell; None where it is no date."""
        day = read_date(text)
        if day is None:
            return None
        scaled = (day.toordinal() - self.mean) / self.deviation
        year, week = (2 * math.pi * part for part in (day.timetuple().tm_yday / 365.25, day.weekday() / 7))
        cycles = [math.sin(year), math.cos(year), math.sin(week), math.cos(week)]
        return [1.0, min(max(scaled, -_MOST_DEVIATIONS), _MOST_DEVIATIONS), *cycles]


@dataclass(frozen=True)
class BooleanColumn:
    """A column of truth values: 1/0, true/false, yes/no, 是/否.

    Attributes:
        name: Its name in the header.
    """

    name: str
    kind: str = "boolean"
    width = 2

    def encode(self, text: str) -> list[float] | None:
        """Return the numbers of a cell; None where it says neither."""
        value = read_boolean(text)
        return None if value is None else [1.0, 1.0 if value else -1.0]


Column = NumberColumn | CategoryColumn | DateColumn | BooleanColumn
_KINDS: dict[str, type[Any]] = {
    "number": NumberColumn,
    "category": CategoryColumn,
    "date": DateColumn,
    "boolean": BooleanColumn,
}
KINDS = tuple(_KINDS)
"""What a column may hold."""


@dataclass(frozen=True)
class TableColumns:
    """The columns that a model takes, and how they were fitted.

    Attributes:
        columns: In the order of the vector.
        source: ``list``, ``sha256`` and ``rows`` of the training list.
    """

    columns: tuple[Column, ...]
    source: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def width(self) -> int:
        """D."""
        return sum(column.width for column in self.columns)

    def encode(self, row: Row) -> np.ndarray:
        """Return the vector of a row, float32 (D,); columns that it does not have are missing."""
        numbers: list[float] = []
        for column in self.columns:
            text = (row.get(column.name) or "").strip()
            numbers += (column.encode(text) if text else None) or [0.0] * column.width
        return np.array(numbers, np.float32)

    def unread(self, row: Row) -> list[str]:
        """Return the names of the columns whose cell has something that they cannot read."""
        cells = {column: (row.get(column.name) or "").strip() for column in self.columns}
        return [column.name for column, text in cells.items() if text and column.encode(text) is None]

    def save(self, path: Path) -> None:
        """Write the file."""
        columns = [{key: value for key, value in asdict(one).items() if key[0] != "_"} for one in self.columns]
        write_json({"format": FORMAT, "source": dict(self.source), "columns": columns}, path)

    @classmethod
    def open(cls, path: str | Path) -> "TableColumns":
        """Read a file.

        Raises:
            UserError: There is none, or it is not one of these.
        """
        path = Path(path)
        if not path.is_file():
            raise UserError(f"{path}: no such file; tools/table.py writes it from a training list")
        content = read_json_text(path)
        try:
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']}, and {FORMAT} is known")
            columns = tuple(_column(dict(one)) for one in content["columns"])
            if not columns or len({column.name for column in columns}) < len(columns):
                raise ValueError("it has no columns, or one twice")
            return cls(columns, dict(content["source"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"{path}: is no file of tools/table.py ({' '.join(str(error).split())}); write it anew"
            ) from (error)


def _column(content: dict[str, Any]) -> Column:
    made: Column = _KINDS[content.pop("kind")](
        **{key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    )
    if isinstance(made, NumberColumn):
        edges = np.array(made.edges, np.float64)
        if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all() and len(edges) != 1):
            raise ValueError(f"the edges of {made.name!r} do not rise")
    if isinstance(made, NumberColumn | DateColumn) and not (made.deviation > 0 and math.isfinite(made.mean)):
        raise ValueError(f"the deviation of {made.name!r} is not above 0")
    if isinstance(made, CategoryColumn) and not all(isinstance(value, str) for value in made.values):
        raise ValueError(f"a value of {made.name!r} is no text")
    return made
