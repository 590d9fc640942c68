import json
import math

import numpy as np
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.table_columns import (
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    NumberColumn,
    TableColumns,
    read_boolean,
    read_date,
    read_number,
)

SOURCE = {"list": "train.csv", "sha256": "0" * 64, "rows": 3}
COLUMNS = TableColumns(
    (
        NumberColumn("price", (1.0, 2.0, 4.0)),
        NumberColumn("grams", (), 500.0, 250.0),
        CategoryColumn("shop", ("a", "b")),
        DateColumn("sold_on", 738_000.0, 100.0),
        BooleanColumn("organic"),
    ),
    SOURCE,
)


def test_each_kind_by_hand():
    row = {"price": "3", "grams": "750", "shop": " b ", "sold_on": "2021-07-25", "organic": "No"}
    day, year, week = 737_996, 2 * math.pi * 206 / 365.25, 2 * math.pi * 6 / 7  # a Sunday, the 206th day
    date = [1, (day - 738_000) / 100, math.sin(year), math.cos(year), math.sin(week), math.cos(week)]
    expected = [1, 1, 0.5, 1, 1, 0, 1, 0, *date, 1, -1]
    found = COLUMNS.encode(row)
    assert COLUMNS.width == len(expected) == 16 and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_is_unknown_or_far_away():
    assert COLUMNS.encode({"shop": "new"}).tolist() == [0.0] * 7 + [1.0] + [0.0] * 8
    assert COLUMNS.encode({"price": "99", "grams": "1e9"}).tolist()[:5] == [1, 1, 1, 1, 5]
    assert COLUMNS.encode({"price": "-1", "grams": "-1e9"}).tolist()[:5] == [1, 0, 0, 1, -5]


@pytest.mark.parametrize(
    "row", [{}, {"price": None, "shop": ""}, {"price": "cheap", "sold_on": "2024-02-30", "organic": "?"}]
)
def test_missing_cells_are_zeros(row):
    assert COLUMNS.encode(row).tolist() == [0.0] * 16


def test_cells_that_cannot_be_read_are_named():
    assert COLUMNS.unread({"price": "inf", "grams": "", "shop": "x", "organic": "maybe"}) == ["price", "organic"]


def test_cells():
    assert read_number("1.5") == 1.5 and read_number("12 kr") is None and read_number("nan") is None
    assert [read_date(text).isoformat() for text in ("2024/5/1 10:00", "2024年12月31日")] == [
        "2024-05-01",
        "2024-12-31",
    ]
    assert read_date("1.5.2024") is None
    assert read_boolean("YES") is True and read_boolean("否") is False and read_boolean("2") is None


def test_the_file_says_the_same(tmp_path):
    COLUMNS.save(tmp_path / "t.json")
    assert TableColumns.open(tmp_path / "t.json") == COLUMNS
    assert json.loads((tmp_path / "t.json").read_text())["source"] == SOURCE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "its format is 2, and 1 is known"),
        ({"columns": []}, "it has no columns, or one twice"),
        ({"columns": [{"kind": "boolean", "name": "a"}] * 2}, "it has no columns, or one twice"),
        ({"columns": [{"kind": "colour", "name": "a"}]}, "'colour'"),
        ({"columns": [{"kind": "number", "name": "a", "edges": [2.0, 1.0]}]}, "the edges of 'a' do not rise"),
        ({"columns": [{"kind": "number", "name": "a", "deviation": 0.0}]}, "the deviation of 'a' is not above 0"),
        ({"columns": [{"kind": "category", "name": "a", "values": [1]}]}, "a value of 'a' is no text"),
    ],
)
def test_a_file_of_something_else(tmp_path, change, message):
    COLUMNS.save(tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    (tmp_path / "t.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(UserError, match=f"is no file of tools/table.py .*{message}.*; write it anew"):
        TableColumns.open(tmp_path / "t.json")


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="no such file; tools/table.py writes it from a training list"):
        TableColumns.open(tmp_path / "t.json")
