import logging

import numpy as np
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.steps.table import EncodeTable
from kdxf_runtime.table_columns import CategoryColumn, NumberColumn, TableColumns


@pytest.fixture
def step(tmp_path):
    columns = NumberColumn("price", (), 2.0, 1.0), CategoryColumn("shop", ("a",))
    TableColumns(columns, {"list": "t.csv"}).save(tmp_path / "t.json")
    return EncodeTable(str(tmp_path / "t.json"))


def test_a_row(step):
    results = step({"columns": {"price": "3", "shop": "b", "else": "x"}})
    assert results["table"].tolist() == [1, 1, 0, 1] and results["table"].dtype == np.float32
    assert step({"columns": {}})["table"].tolist() == [0, 0, 0, 0]


def test_an_odd_cell_is_warned_of_once(step, caplog):
    with caplog.at_level(logging.WARNING, "kdxf_runtime"):
        for name in ("a.jpg", "b.jpg"):
            assert step({"img_path": name, "columns": {"price": "cheap"}})["table"].tolist() == [0] * 4
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("a.jpg: the column 'price' of ") and "has 'cheap', which is no number" in line


def test_no_columns(step):
    message = r"^EncodeTable: the dataset hands no columns on; set columns=\['price', 'shop'\] in its config$"
    with pytest.raises(UserError, match=message):
        step({"ocr": None})
