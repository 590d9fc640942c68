"""Charts for a page, as plain SVG: lines, points, bars, columns, a matrix.

Plain SVG and not plotly, whose script alone is 4.8 MB in each page (plotly 7.1.0), a third of what a mail carries, and
which shows nothing where scripts do not run or the page is printed. These charts take a few kB, take their colours
from the stylesheet of :mod:`kdxf.io.pages`, so that they are also legible on dark ground, and each mark has a title
that says what it is.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from kdxf.io.pages.cells import format_number

_WIDTH = 720
_TOP, _RIGHT = 12, 16
# What a character of 13 pixels is wide; Chinese ones are as wide as high.
_NARROW, _WIDE = 7.2, 13.0
_LONGEST_NAME = 24
_COLOURS = 8
# From this ratio of the largest to the smallest value on, an axis that may be logarithmic is.
_LOG_FROM = 8
_MANY_COLUMNS = 2000


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: For the legend.
        x: (n,).
        y: (n,); values that are not numbers leave a gap.
        low: The lower edge of a band around it, such as a confidence interval, (n,).
        high: The upper edge.
        dashed: Whether it is dashed and grey, as a reference is drawn.
    """

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    low: Sequence[float] | np.ndarray | None = None
    high: Sequence[float] | np.ndarray | None = None
    dashed: bool = False


@dataclass(frozen=True)
class _Axis:
    """Values from ``low`` to ``high`` on pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (map(math.log, (self.low, self.high, value))) if self.log else (self.low, self.high, value)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            steps = (1, 2, 5) if len(powers) <= 4 else (1,)
            return [step * 10.0**power for power in powers for step in steps if self._has(step * 10.0**power)]
        rough = (self.high - self.low) / 5
        if rough <= 0:
            return [self.low]
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(number * step, 12) for number in range(first, last + 1)]

    def _has(self, value: float) -> bool:
        return self.low * 0.999 <= value <= self.high * 1.001


def line_chart(
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    height: int = 320,
    x_log: bool = False,
) -> str:
    """Draw lines over a common axis, with a legend if there are several.

    Args:
        lines: The lines, drawn in this order.
        x_label: The label of the horizontal axis.
        y_label: The label of the vertical axis.
        x_range: What the horizontal axis covers; by default all values.
        y_range: What the vertical axis covers; by default all values.
        height: In pixels, at a width of 720.
        x_log: Whether the horizontal axis is logarithmic; its values are above 0.

    Raises:
        ValueError: There is no point to draw.
    """
    every_y = [values for line in lines for values in (line.y, line.low, line.high) if values is not None]
    x_range = x_range or _range([line.x for line in lines], "lines")
    y_range = y_range or _range(every_y, "lines")
    legend = (
        _legend(
            [
                (line.name, _GREY if line.dashed else _colour(index, len(lines)), line.dashed)
                for index, line in enumerate(lines)
            ]
        )
        if len(lines) > 1
        else ("", 0)
    )
    frame, x, y = _frame(x_range, y_range, x_label, y_label, height, legend[1], x_log=x_log)
    parts = [frame, legend[0]]
    for index, line in enumerate(lines):
        colour = _GREY if line.dashed else _colour(index, len(lines))
        if line.low is not None and line.high is not None:
            edge = [*zip(line.x, line.low, strict=True), *reversed([*zip(line.x, line.high, strict=True)])]
            corners = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in edge if math.isfinite(b))
            parts.append(f'<polygon points="{corners}" fill="{colour}" fill-opacity=".15"/>')
        style = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(f'<path d="{_path(line, x, y)}" fill="none" stroke="{colour}" stroke-width="2"{style}/>')
        if not line.dashed and len(line.x) <= 200:
            parts += [
                _titled(
                    f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" fill="{colour}"',
                    f"{line.name}\n{x_label}: {format_number(a)}\n{y_label}: {format_number(b)}",
                )
                for a, b in zip(line.x, line.y, strict=True)
                if math.isfinite(b)
            ]
    return _svg(_WIDTH, height + legend[1], parts, f"{y_label} over {x_label}")


def scatter_chart(
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray,
    titles: Sequence[str],
    groups: Sequence[str] | None = None,
    pictures: Sequence[str] | None = None,
    x_label: str = "",
    y_label: str = "",
    height: int = 560,
) -> str:
    """Draw points, of which each says what it is, with a box that searches their titles.

    Args:
        x: (n,).
        y: (n,).
        titles: Shown at a point, n of them.
        groups: The group of each point, which gives its colour; up to 8 are named in a legend.
        pictures: Shown at a point: names that :meth:`kdxf.io.pages.HTMLReport.keep` gave, or empty, n of them.
        x_label: The label of the horizontal axis; without labels, as for a map, there are no axes.
        y_label: The label of the vertical axis.
        height: In pixels, at a width of 720.

    Raises:
        ValueError: There is no point to draw, or the numbers of values differ.
    """
    _same_length(len(x), y=y, titles=titles, groups=groups, pictures=pictures)
    names = list(dict.fromkeys(groups)) if groups is not None else []
    legend = (
        _legend([(name, _colour(i, len(names)), False) for i, name in enumerate(names)])
        if (1 < len(names) <= _COLOURS)
        else ("", 0)
    )
    x_range, y_range = _padded(_range([x], "x")), _padded(_range([y], "y"))
    frame, across, down = _frame(x_range, y_range, x_label, y_label, height, legend[1], bare=not (x_label or y_label))
    number = {name: index for index, name in enumerate(names)}
    radius = 3 if len(x) > 1500 else 4
    parts = [frame, legend[0]]
    for index, title in enumerate(titles):
        if not (math.isfinite(x[index]) and math.isfinite(y[index])):
            continue
        colour = _colour(number[groups[index]], len(names)) if groups is not None else _colour(0, 1)
        picture = f' data-picture="{escape(pictures[index])}"' if pictures is not None and pictures[index] else ""
        place = f'cx="{across(x[index]):.1f}" cy="{down(y[index]):.1f}" r="{radius}"'
        parts.append(_titled(f'<circle {place} fill="{colour}" fill-opacity=".75"{picture}', title))
    return _svg(_WIDTH, height + legend[1], parts, "points", find="find points")


def bar_chart(names: Sequence[str], series: Mapping[str, Sequence[float]], label: str) -> str:
    """Draw horizontal bars, which leave room for long names; with several series, side by side with a legend.

    Args:
        names: What is counted, n of them, from the top.
        series: Name to values, not below 0, n of them.
        label: The label of the axis.

    Raises:
        ValueError: There is nothing to draw, or the numbers of values differ.
    """
    if not len(names) or not series:
        raise ValueError("names: there is nothing to draw")
    _same_length(len(names), **dict(series))
    left = 12 + max(_text_width(_short(name)) for name in names)
    legend = (
        _legend([(name, _colour(i, len(series)), False) for i, name in enumerate(series)])
        if (len(series) > 1)
        else ("", 0)
    )
    thickness = 14 if len(series) == 1 else 8
    step = thickness * len(series) + 8
    top = _TOP + legend[1]
    bottom = top + step * len(names)
    largest = max((float(value) for values in series.values() for value in values), default=0.0)
    x = _Axis(0, largest or 1, left, _WIDTH - _RIGHT - 48)
    parts = [legend[0]]
    for tick in x.ticks():
        parts.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top}" y2="{bottom}"/>')
        parts.append(_text(x(tick), bottom + 16, format_tick(tick), "middle", "faint"))
    for row, name in enumerate(names):
        middle = top + step * (row + 0.5)
        parts.append(_text(left - 6, middle + 4.5, _short(name), "end"))
        for index, (of, values) in enumerate(series.items()):
            y = middle + (index - len(series) / 2) * thickness
            place = f'x="{left:.1f}" y="{y:.1f}" width="{x(values[row]) - left:.1f}" height="{thickness - 1}"'
            said = format_number(values[row])
            title = f"{name}\n{of}: {said}" if len(series) > 1 else f"{name}: {said} {label}"
            parts.append(_titled(f'<rect {place} fill="{_colour(index, len(series))}"', title))
            if len(series) == 1:
                parts.append(_text(x(values[row]) + 5, middle + 4.5, said, "start", "faint"))
    parts.append(_text((left + _WIDTH) / 2, bottom + 36, label, "middle"))
    return _svg(_WIDTH, bottom + 44, parts, label)


def column_chart(names: Sequence[str], values: Sequence[float], x_label: str, y_label: str) -> str:
    """Draw columns for any number of names, which are shown while the pointer is over a column.

    The vertical axis is logarithmic if the values, all above 0, have a wide range. Above 2,000 names it is one shape.

    Args:
        names: n of them.
        values: Not below 0, n of them.
        x_label: The label of the horizontal axis, on which the columns are numbered from 1.
        y_label: The label of the vertical axis.

    Raises:
        ValueError: There is nothing to draw, or the numbers of values differ.
    """
    _same_length(len(names), values=values)
    _, high = _range([values], "values")
    positive = min((float(value) for value in values if value > 0), default=1.0)
    log = high >= 50 * positive
    low = positive / 2 if log else 0.0
    frame, x, y = _frame((0.5, len(names) + 0.5), (low, high or 1), x_label, y_label, 260, 0, y_log=log, whole=True)
    width = max(0.2, (x.end - x.start) / len(names) * 0.9)
    parts = [frame]
    if len(names) > _MANY_COLUMNS:
        tops = "".join(f"L{x(i + 1):.2f} {y(max(value, low)):.1f}" for i, value in enumerate(values))
        parts.append(f'<path d="M{x.start} {y.start}{tops}L{x.end} {y.start}Z" fill="{_colour(0, 1)}"/>')
    else:
        for index, (name, value) in enumerate(zip(names, values, strict=True)):
            top = y(max(value, low))
            place = f'x="{x(index + 1) - width / 2:.2f}" y="{top:.1f}" width="{width:.2f}" height="{y.start - top:.1f}"'
            title = f"{name}: {format_number(value)} {y_label}"
            parts.append(_titled(f'<rect {place} fill="{_colour(0, 1)}"', title))
    return _svg(_WIDTH, 260, parts, f"{y_label} by {x_label}")


def histogram(values: np.ndarray, label: str, count_label: str = "images", log_scale: bool = False) -> str:
    """Draw a histogram of 40 columns.

    Args:
        values: (n,), above 0 if ``log_scale``.
        label: The label of the values.
        count_label: What is counted.
        log_scale: Whether the axis of values may be logarithmic: it is if their range is wide.

    Raises:
        ValueError: There is no value.
    """
    low, high = _range([values], "values")
    log = log_scale and high >= _LOG_FROM * low
    edges = np.geomspace(low, high, 41) if log else np.linspace(low, high if high > low else low + 1, 41)
    counts, _ = np.histogram(np.asarray(values, np.float64).clip(edges[0], edges[-1]), edges)
    frame, x, y = _frame((edges[0], edges[-1]), (0.0, float(counts.max())), label, count_label, 240, 0, x_log=log)
    parts = [frame]
    for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count:
            place = f'x="{x(start):.1f}" y="{y(count):.1f}" width="{max(0.5, x(end) - x(start) - 0.7):.1f}"'
            title = f"{format_number(start)} to {format_number(end)}: {count:,} {count_label}"
            parts.append(_titled(f'<rect {place} height="{y.start - y(count):.1f}" fill="{_colour(0, 1)}"', title))
    return _svg(_WIDTH, 240, parts, f"{count_label} by {label}")


def heat_matrix(
    values: np.ndarray,
    row_names: Sequence[str],
    column_names: Sequence[str],
    title: Callable[[int, int], str],
    row_label: str,
    column_label: str,
) -> str:
    """Draw a matrix whose cells are the darker the larger they are, with a box that searches the cells' titles.

    Cells of 0 stay empty, so that a matrix of many classes stays small. The names stand beside it if they fit. Where
    rows and columns have the same names, the diagonal has a colour of its own.

    Args:
        values: (n, m), not below 0.
        row_names: n names, from the top.
        column_names: m names, from the left.
        title: Says what is shown at the cell of a row and a column, such as ``milk taken for cream: 3 of 20``.
        row_label: What the rows are.
        column_label: What the columns are.

    Raises:
        ValueError: There is no cell, or the numbers of names differ.
    """
    if values.size == 0:
        raise ValueError("values: there is no cell to draw")
    _same_length(values.shape[0], row_names=row_names)
    _same_length(values.shape[1], column_names=column_names)
    named = max(values.shape) <= 50
    margin = 30 + (max(_text_width(_short(name)) for name in [*row_names, *column_names]) if named else 0)
    side = max(4.0, min(26.0, (_WIDTH - margin) / max(values.shape)))
    size = min(13.0, side)
    width, height = margin + side * values.shape[1] + 2, margin + side * values.shape[0] + 2
    place = f'x="{margin:.1f}" y="{margin:.1f}" width="{side * values.shape[1]:.1f}"'
    parts = [f'<rect {place} height="{side * values.shape[0]:.1f}" fill="none" class="axis"/>']
    parts.append(_text((margin + width) / 2, 13, column_label, "middle"))
    parts.append(
        _text(0, 0, row_label, "middle", extra=f'transform="translate(13 {(margin + height) / 2:.1f}) rotate(-90)"')
    )
    if named:
        for index, name in enumerate(row_names):
            y = margin + side * (index + 0.5) + size * 0.35
            parts.append(_text(margin - 6, y, _short(name), "end", extra=f'font-size="{size:.1f}"'))
        for index, name in enumerate(column_names):
            turn = (
                f'transform="translate({margin + side * (index + 0.5) + size * 0.35:.1f} {margin - 6:.1f}) rotate(-90)"'
            )
            parts.append(_text(0, 0, _short(name), "start", extra=f'font-size="{size:.1f}" {turn}'))
    square = list(row_names) == list(column_names)
    largest = float(values.max()) or 1.0
    for row, column in np.argwhere(values > 0).tolist():
        colour = _colour(0 if square and row == column else 1, 2)
        opacity = 0.15 + 0.85 * float(values[row, column]) / largest
        cell = f'x="{margin + column * side:.1f}" y="{margin + row * side:.1f}" width="{side:.1f}" height="{side:.1f}"'
        parts.append(_titled(f'<rect {cell} fill="{colour}" fill-opacity="{opacity:.2f}"', title(row, column)))
    return _svg(width, height, parts, f"{row_label} by {column_label}", find="find cells")


_GREY = "var(--faint)"


def _colour(index: int, count: int) -> str:
    """Return one of 8 colours of the stylesheet; of more, one of equal lightness that differs from the last."""
    return f"var(--c{index})" if count <= _COLOURS else f"hsl({index * 137.5 % 360:.0f} 65% 50%)"


def _frame(
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    x_label: str,
    y_label: str,
    height: float,
    legend: float,
    *,
    x_log: bool = False,
    y_log: bool = False,
    bare: bool = False,
    whole: bool = False,
) -> tuple[str, _Axis, _Axis]:
    """Draw the axes and return them; ``height`` is without the legend, ``whole`` marks only whole numbers."""
    top, bottom = _TOP + legend, height + legend - (8 if bare else 44)
    y = _Axis(*y_range, bottom, top, y_log)
    marks = [(tick, format_tick(tick)) for tick in y.ticks()]
    left = 8.0 if bare else 30 + max((_text_width(mark) for _, mark in marks), default=0)
    x = _Axis(*x_range, left, _WIDTH - _RIGHT, x_log)
    if bare:
        return "", x, y
    parts = []
    for tick, mark in marks:
        parts.append(f'<line class="grid" x1="{left:.1f}" x2="{x.end}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(_text(left - 6, y(tick) + 4.5, mark, "end", "faint"))
    for tick in x.ticks():
        if not whole or tick == round(tick):
            parts.append(f'<line class="axis" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
            parts.append(_text(x(tick), bottom + 18, format_tick(tick), "middle", "faint"))
    parts.append(f'<line class="axis" x1="{left:.1f}" x2="{x.end}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(_text((left + x.end) / 2, bottom + 38, x_label, "middle"))
    turn = f'transform="translate(13 {(top + bottom) / 2:.1f}) rotate(-90)"'
    parts.append(_text(0, 0, y_label, "middle", extra=turn))
    return "".join(parts), x, y


def format_tick(value: float) -> str:
    """Format a number of an axis, as short as it is exact."""
    return f"{value:,.0f}" if value == round(value) else f"{value:.12g}"


def _legend(entries: Sequence[tuple[str, str, bool]]) -> tuple[str, float]:
    """Return rows of names with their colours, and their height."""
    parts, x, y = [], 8.0, 14.0
    for name, colour, dashed in entries:
        width = 34 + _text_width(_short(name))
        if x > 8 and x + width > _WIDTH:
            x, y = 8.0, y + 20
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        parts.append(f'<line x1="{x}" x2="{x + 18}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="4"{dash}/>')
        parts.append(_text(x + 24, y + 4.5, _short(name), "start"))
        x += width + 8
    return "".join(parts), y + 10


def _path(line: Line, x: _Axis, y: _Axis) -> str:
    """Return the path, with a gap where a value is not a number."""
    steps, joined = [], False
    for a, b in zip(line.x, line.y, strict=True):
        if math.isfinite(b):
            steps.append(f"{'L' if joined else 'M'}{x(a):.1f} {y(b):.1f}")
        joined = math.isfinite(b)
    return "".join(steps)


def _range(groups: Sequence[Sequence[float] | np.ndarray], argument: str) -> tuple[float, float]:
    values = np.concatenate([np.asarray(group, np.float64) for group in groups]) if groups else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        raise ValueError(f"{argument}: there is nothing to draw")
    return float(values.min()), float(values.max())


def _padded(bounds: tuple[float, float]) -> tuple[float, float]:
    margin = (bounds[1] - bounds[0]) * 0.03 or 1.0
    return bounds[0] - margin, bounds[1] + margin


def _same_length(count: int, **others: Sequence | np.ndarray | None) -> None:
    for name, values in others.items():
        if values is not None and len(values) != count:
            raise ValueError(f"{name}: {len(values)} values for {count}")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _text_width(text: str) -> float:
    return sum(_WIDE if ord(character) > 0x2E7F else _NARROW for character in text)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "", extra: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind} {extra}>{escape(text)}</text>'


def _titled(start: str, title: str) -> str:
    """Close the element that ``start`` opens, with a title inside."""
    return f"{start}><title>{escape(title)}</title></{start[1:].split(' ', 1)[0]}>"


def _svg(width: float, height: float, parts: Sequence[str], label: str, find: str = "") -> str:
    find = f' data-find="{find}"' if find else ""
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg {box} role="img" aria-label="{escape(label)}"{find}>{"".join(parts)}</svg>'
