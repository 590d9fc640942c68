from pathlib import Path

import pandas as pd
import pytest

from kdxf.data.balance import balance
from kdxf.errors import UserError

SIZES = {"a": 1000, "b": 399, "c": 150, "d": 99, "e": 4, "f": 100}
SOURCE = Path("train.csv")


def _frame(sizes=SIZES):
    rows = [(f"{label}/{number}.jpg", label, number) for label, count in sizes.items() for number in range(count)]
    return pd.DataFrame(rows, columns=["image", "label", "extra"])


def test_a_class_is_cut_to_the_largest_cap_that_it_reaches():
    frame = _frame()
    result = balance(frame, SOURCE, caps=[100, 400, 200]).frame
    assert result["label"].value_counts().to_dict() == {"a": 400, "b": 200, "c": 100, "d": 99, "e": 4, "f": 100}
    assert list(result.columns) == ["image", "label", "extra"] and not result["image"].duplicated().any()
    assert result["image"].tolist() == [image for image in frame["image"] if image in set(result["image"])]  # in order
    kept = result.loc[result["label"] == "a", "extra"]
    assert 400 < kept.mean() < 600  # drawn from all of them, not the first ones
    assert set(balance(frame, SOURCE, caps=[400, 200, 100], seed=1).frame["image"]) != set(result["image"])


def test_the_order_of_the_rows_does_not_matter():
    frame = _frame()
    one = balance(frame, SOURCE, caps=[50], minimum=10).frame
    other = balance(frame.sample(frac=1, random_state=0), SOURCE, caps=[50], minimum=10).frame
    assert sorted(one["image"]) == sorted(other["image"])


def test_a_small_class_is_lifted_by_repeating_its_rows_equally_often():
    frame = _frame({"a": 12, "b": 4})
    result = balance(frame, SOURCE, minimum=10)
    repeats = result.frame["image"].value_counts()
    assert result.frame["label"].value_counts().to_dict() == {"a": 12, "b": 10}
    assert sorted(repeats[repeats > 1]) == [2, 2, 3, 3]
    assert result.frame[result.frame["copy"] == 0].drop(columns="copy").reset_index(drop=True).equals(frame)
    assert result.frame.groupby("image")["copy"].max().max() == 2
    assert result.summary.values.tolist() == [
        ["as it was", 1, 12, 12],
        ["lifted to 10", 1, 4, 10],
        ["together", 2, 16, 22],
    ]


def test_the_summary_says_what_was_done():
    table = balance(_frame(), SOURCE, caps=[400, 200, 100], minimum=10).summary
    assert dict(zip(table["done"], table["classes"], strict=True)) == {
        "cut to 100": 1, "cut to 200": 1, "cut to 400": 1, "as it was": 2, "lifted to 10": 1, "together": 6,
    }  # fmt: skip


def test_mistakes():
    frame = _frame({"a": 3})
    with pytest.raises(UserError, match=r"^--at-least: must be 0 or more, not -1$"):
        balance(frame, SOURCE, minimum=-1)
    with pytest.raises(UserError, match=r"^--cap: must be at least 1, not 0$"):
        balance(frame, SOURCE, caps=[0, 5])
    with pytest.raises(UserError, match=r"^--cap 5 is below --at-least 10: a class cannot be cut and lifted$"):
        balance(frame, SOURCE, caps=[5], minimum=10)
    with pytest.raises(UserError, match=r"^train.csv: has the column 'copy', so rows were repeated before; give the"):
        balance(balance(frame, SOURCE, minimum=5).frame, SOURCE, minimum=10)
