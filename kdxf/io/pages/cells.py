"""How the cells of a table are shown and by what they are sorted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

# Longer text is folded after so many characters.
FOLDED_FROM = 160
_NOTHING = "–"


@dataclass(frozen=True)
class Percent:
    """A figure in percent, with its interval if there is one: shown as ``82.1 (78.0–86.1)``, sorted by the value.

    Attributes:
        value: In percent, such as 82.1; None or not a number where it is undefined.
        low: The lower end of the interval.
        high: The upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if is_missing(self.value):
            return _NOTHING
        interval = "" if is_missing(self.low) or is_missing(self.high) else f" ({self.low:.1f}–{self.high:.1f})"
        return f"{self.value:.1f}{interval}"


@dataclass(frozen=True)
class Bar:
    """A share shown as a bar.

    Attributes:
        share: From 0 to 1; the cell is sorted by it.
        label: What stands in the bar; by default the share in percent.
    """

    share: float
    label: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell as the page has it.

    Attributes:
        text: What is shown.
        kind: ``number``, ``bar`` or ``text``.
        order: The number by which the cell is sorted; empty for one without a value, None for text.
        share: The length of a bar in percent.
    """

    text: str
    kind: str = "text"
    order: str | None = None
    share: str = ""

    @property
    def folded(self) -> tuple[str, str]:
        """Return the start of the text and the rest, which is empty unless the text is long."""
        return fold(self.text)


def fold(text: str, length: int = FOLDED_FROM) -> tuple[str, str]:
    """Divide text into a start of at most ``length`` characters, ending at a line or word if it can, and the rest."""
    if len(text) <= length * 1.25:  # it makes no sense to hide a few words
        return text, ""
    cut = max(text.rfind("\n", length // 3, length), text.rfind(" ", length // 2, length))
    cut = cut if cut > 0 else length
    return text[:cut].rstrip(), text[cut:].lstrip(" \n")


def is_missing(value: Any) -> bool:
    """Return whether it is None or not a number."""
    return value is None or (isinstance(value, Real) and math.isnan(value))


def lay_out(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[Cell]]:
    """Turn values into cells; the floats of a column get the same number of decimals.

    Raises:
        ValueError: A row has more or fewer cells than there are columns.
    """
    for number, row in enumerate(rows):
        if len(row) != len(columns):
            raise ValueError(f"rows: row {number} has {len(row)} cells, but there are {len(columns)} columns")
    decimals = [_decimals([row[place] for row in rows]) for place in range(len(columns))]
    return [[_cell(value, places) for value, places in zip(row, decimals, strict=True)] for row in rows]


def format_number(value: float, decimals: int | None = None) -> str:
    """Format a number for a person: thousands separated, floats with three significant digits.

    Args:
        value: An integer or a float.
        decimals: Of a float; by default as many as three significant digits need, none for a whole number. A value that
            would be shown as zero gets as many as it needs.
    """
    if isinstance(value, Integral):
        return f"{int(value):,}"
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    needed = 0 if value == round(value) else max(0, 2 - math.floor(math.log10(abs(value))))
    places = needed if decimals is None else decimals
    if value and abs(value) < 0.5 * 10**-places:
        return f"{value:.2g}"
    return f"{value:,.{places}f}"


def _decimals(values: Sequence[Any]) -> int | None:
    """Return the decimals with which the largest float has three significant digits."""
    floats = [
        abs(float(value))
        for value in values
        if isinstance(value, Real) and not isinstance(value, Integral) and math.isfinite(value)
    ]
    largest = max(floats, default=0.0)
    return max(0, 2 - math.floor(math.log10(largest))) if largest else None


def _cell(value: Any, decimals: int | None) -> Cell:
    if isinstance(value, Percent):
        return Cell(str(value), "number", "" if is_missing(value.value) else repr(float(value.value or 0)))
    if isinstance(value, Bar):
        share = min(max(float(value.share), 0.0), 1.0)
        return Cell(value.label or f"{value.share * 100:.1f} %", "bar", repr(float(value.share)), f"{share * 100:.1f}%")
    if is_missing(value):
        return Cell(_NOTHING, "number", "")
    if isinstance(value, Real) and not isinstance(value, bool):
        number = int(value) if isinstance(value, Integral) else float(value)
        return Cell(format_number(number, decimals), "number", repr(number))
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    return Cell(str(value))
