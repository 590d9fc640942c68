import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from kdxf.io.charts import Line, bar_chart, column_chart, format_tick, heat_matrix, histogram, line_chart, scatter_chart


def _marks(svg, tag):
    """Attributes and titles of the elements that have a title."""
    root = ElementTree.fromstring(svg)
    return [(item.attrib, item.find("title").text) for item in root.iter(tag) if item.find("title") is not None]


def _words(svg):
    return [item.text for item in ElementTree.fromstring(svg).iter("text")]


def test_lines_lie_where_their_axes_say_and_leave_a_gap_where_there_is_no_value():
    lines = [
        Line("a & b", [0, 1, 2, 4], [0.0, 0.5, float("nan"), 1.0]),
        Line("chance", [0, 4], [0.25, 0.25], dashed=True),
    ]
    svg = line_chart(lines, "epoch", "accuracy", y_range=(0, 1))
    words = _words(svg)
    assert {"epoch", "accuracy", "a & b", "chance", "0", "0.2", "1", "4"} <= set(words)
    points = _marks(svg, "circle")
    assert [title for _, title in points] == [
        "a & b\nepoch: 0\naccuracy: 0",
        "a & b\nepoch: 1\naccuracy: 0.500",
        "a & b\nepoch: 4\naccuracy: 1",
    ]
    x, y = ([float(point[name]) for point, _ in points] for name in ("cx", "cy"))
    assert (x[1] - x[0]) * 4 == pytest.approx(x[2] - x[0], abs=0.3)
    assert (y[0] - y[1]) * 2 == pytest.approx(y[0] - y[2], abs=0.3) and y[2] < y[0]
    path = re.search(r'<path d="([^"]+)" fill="none" stroke="var\(--c0\)"', svg)[1]
    assert path.count("M") == 2 and path.count("L") == 1


def test_a_logarithmic_axis():
    svg = line_chart([Line("only", [1, 2, 4], [0, 1, 2])], "labels", "y", x_log=True)
    x = [float(point["cx"]) for point, _ in _marks(svg, "circle")]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.3)


def test_a_band_lies_around_its_line_and_one_line_needs_no_legend():
    svg = line_chart([Line("only", [0, 1], [2, 3], low=[1, 2], high=[3, 4])], "x", "y")
    corners = [pair.split(",") for pair in re.search(r'points="([^"]+)"', svg)[1].split()]
    assert len(corners) == 4 and corners[0][0] == corners[3][0] and float(corners[0][1]) > float(corners[3][1])
    assert "only" not in _words(svg)


def test_points_have_titles_groups_and_pictures():
    svg = scatter_chart(
        [0, 1, 2, np.nan], [0, 1, 4, 1], ["<a>", "b", "c", "d"], ["x", "y", "x", "x"], ["p1", "", "p2", ""]
    )
    points = _marks(svg, "circle")
    assert [title for _, title in points] == ["<a>", "b", "c"]
    assert [point["fill"] for point, _ in points] == ["var(--c0)", "var(--c1)", "var(--c0)"]
    assert [point.get("data-picture") for point, _ in points] == ["p1", None, "p2"]
    assert _words(svg) == ["x", "y"] and "data-find" in svg  # a map: a legend and no axes
    many = [str(number) for number in range(9)]
    svg = scatter_chart(range(9), range(9), many, many, x_label="mean", y_label="spread")
    assert len({point["fill"] for point, _ in _marks(svg, "circle")}) == 9
    assert {"mean", "spread", "0", "8"} <= set(_words(svg)) and "7.5" not in _words(svg)


def test_bars_are_as_long_as_their_values():
    svg = bar_chart(["牛奶", "a" * 30], {"images": [100, 25]}, "images")
    (long, one), (short, other) = _marks(svg, "rect")
    assert (one, other) == ("牛奶: 100 images", f"{'a' * 30}: 25 images")
    assert float(long["width"]) == pytest.approx(4 * float(short["width"]), abs=0.3) and long["x"] == short["x"]
    assert "a" * 23 + "…" in _words(svg)
    svg = bar_chart(["milk"], {"trained": [0.5], "predicted": [0.25]}, "share")
    assert [title for _, title in _marks(svg, "rect")] == ["milk\ntrained: 0.500", "milk\npredicted: 0.250"]
    assert {"trained", "predicted", "share"} <= set(_words(svg))


def test_columns_stand_on_the_axis_which_is_logarithmic_for_a_wide_range():
    svg = column_chart(["a", "b", "c"], [40, 20, 10], "classes", "images")
    columns = _marks(svg, "rect")
    assert [title for _, title in columns] == ["a: 40 images", "b: 20 images", "c: 10 images"]
    heights = [float(column["height"]) for column, _ in columns]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.3) and heights[1] == pytest.approx(2 * heights[2], abs=0.3)
    assert len({float(column["y"]) + float(column["height"]) for column, _ in columns}) <= 2  # rounded
    svg = column_chart(["a", "b", "c"], [1000, 100, 10], "classes", "images")
    heights = [float(column["height"]) for column, _ in _marks(svg, "rect")]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.3)
    assert {"10", "100", "1,000"} <= set(_words(svg))
    assert _marks(column_chart(["x"] * 2001, [1] * 2001, "classes", "images"), "rect") == []


def test_a_histogram_counts_every_value_once():
    values = np.array([1.0, 1.0, 2.0, 40.0])
    marks = _marks(histogram(values, "characters"), "rect")
    assert [title for _, title in marks] == [
        "1 to 1.98: 2 images",
        "1.98 to 2.95: 1 images",
        "39.0 to 40: 1 images",
    ]
    log = _marks(histogram(np.geomspace(1, 1000, 400), "pixels", "files", log_scale=True), "rect")
    assert sum(int(re.search(r"(\d+) files", title)[1]) for _, title in log) == 400 and len(log) == 40
    assert len({round(float(mark["width"])) for mark, _ in log}) <= 2  # equal on the logarithmic axis
    assert len(_marks(histogram(np.array([5, 5]), "x"), "rect")) == 1


def test_a_matrix_draws_the_cells_that_are_not_empty():
    values = np.array([[4, 0], [2, 1]])
    svg = heat_matrix(
        values, ["牛奶", "b"], ["牛奶", "b"], lambda row, column: f"{row} as {column}", "true", "predicted"
    )
    cells = _marks(svg, "rect")
    assert [title for _, title in cells] == ["0 as 0", "1 as 0", "1 as 1"]
    assert [cell["fill-opacity"] for cell, _ in cells] == ["1.00", "0.57", "0.36"]  # 0.15 + 0.85 of the largest
    assert [cell["fill"] for cell, _ in cells] == ["var(--c0)", "var(--c1)", "var(--c0)"]
    assert cells[0][0]["x"] == cells[1][0]["x"] < cells[2][0]["x"] and cells[1][0]["y"] == cells[2][0]["y"]
    assert _words(svg).count("牛奶") == 2 and {"true", "predicted"} <= set(_words(svg))
    large = heat_matrix(np.eye(60), list("x" * 60), list("y" * 60), lambda *_: "cell", "true", "predicted")
    assert len(_marks(large, "rect")) == 60 and _words(large) == ["predicted", "true"]


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (2500.0, "2,500"), (0.25, "0.25"), (0.30000000000000004, "0.3"), (-2.0, "-2")]
)
def test_ticks_are_as_short_as_they_are_exact(value, shown):
    assert format_tick(value) == shown


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: line_chart([], "x", "y"), "lines: there is nothing to draw"),
        (lambda: scatter_chart([], [], []), "x: there is nothing to draw"),
        (lambda: scatter_chart([1], [1, 2], ["a"]), "y: 2 values for 1"),
        (lambda: scatter_chart([1], [1], ["a"], pictures=[]), "pictures: 0 values for 1"),
        (lambda: bar_chart([], {"a": []}, "x"), "names: there is nothing to draw"),
        (lambda: bar_chart(["a"], {"b": [1, 2]}, "x"), "b: 2 values for 1"),
        (lambda: column_chart(["a"], [], "x", "y"), "values: 0 values for 1"),
        (lambda: histogram(np.array([np.nan]), "x"), "values: there is nothing to draw"),
        (lambda: heat_matrix(np.zeros((0, 0)), [], [], str, "x", "y"), "values: there is no cell to draw"),
        (lambda: heat_matrix(np.eye(2), ["a"], ["a", "b"], str, "x", "y"), "row_names: 1 values for 2"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(draw, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        draw()
