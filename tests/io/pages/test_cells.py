import numpy as np
import pytest

from kdxf.io.pages import Bar, Percent
from kdxf.io.pages.cells import fold, format_number, lay_out


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (np.int64(1000), "1,000"),
        (0.0, "0"),
        (0.82134, "0.821"),
        (12.345, "12.3"),
        (30.0, "30"),
        (1234.5678, "1,235"),
        (-0.5, "-0.500"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (np.float32(0.25), "0.250"),
    ],
)
def test_a_number_has_thousands_separated_and_three_digits(value, shown):
    assert format_number(value) == shown


def test_a_small_number_does_not_become_zero():
    assert format_number(0.00021, decimals=2) == "0.00021"
    assert format_number(0.0, decimals=2) == "0.00" and format_number(0.006, decimals=2) == "0.01"


def test_the_floats_of_a_column_have_the_decimals_of_the_largest():
    cells = lay_out(["a", "b"], [(0.5, 12.0), (0.125, 0.5), (None, 1), (float("nan"), True)])
    assert [[cell.text for cell in row] for row in cells] == [
        ["0.500", "12.0"],
        ["0.125", "0.5"],
        ["–", "1"],
        ["–", "yes"],
    ]
    assert [row[0].order for row in cells] == ["0.5", "0.125", "", ""]
    assert [row[1].kind for row in cells] == ["number", "number", "number", "text"]


def test_a_figure_in_percent_shows_its_interval_and_is_sorted_by_its_value():
    cells = lay_out(
        ["p"], [[Percent(82.06, 77.96, 86.1)], [Percent(5)], [Percent(None)], [Percent(float("nan"), 1, 2)]]
    )
    assert [row[0].text for row in cells] == ["82.1 (78.0–86.1)", "5.0", "–", "–"]
    assert [row[0].order for row in cells] == ["82.06", "5.0", "", ""]
    assert {row[0].kind for row in cells} == {"number"}


def test_a_bar_shows_its_share_and_stays_inside_the_cell():
    (half,), (wide,) = lay_out(["p"], [[Bar(0.5)], [Bar(1.5, "3 of 2")]])
    assert (half.text, half.share, half.order, half.kind) == ("50.0 %", "50.0%", "0.5", "bar")
    assert (wide.text, wide.share, wide.order) == ("3 of 2", "100.0%", "1.5")


def test_long_text_is_folded_at_a_word():
    start, rest = fold("word " * 100, length=50)
    assert start == " ".join(["word"] * 10) and rest == "word " * 90
    assert fold("牛" * 100, length=50) == ("牛" * 50, "牛" * 50)
    assert fold("a" * 60, length=50) == ("a" * 60, "")  # the few words more are not worth a click
    lines = "first line here\n" * 2 + "x" * 90
    assert fold(lines, length=40) == ("first line here\nfirst line here", "x" * 90)


def test_a_row_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="^rows: row 1 has 1 cells, but there are 2 columns$"):
        lay_out(["a", "b"], [(1, 2), (1,)])
