import numpy as np
import pandas as pd
import pytest

from kdxf.data.table import leaks
from kdxf.data.table.leaks import accuracy_alone, find_leaks, find_leaks_in_list

RANDOM = np.random.default_rng(0)
LABELS = np.arange(200) % 4


def texts(values):
    return pd.Series([None if value is None else str(value) for value in values], dtype=object)


def test_a_copy_of_the_label_and_noise():
    right, chance = accuracy_alone(texts(f"shelf {label}" for label in LABELS), LABELS)
    assert right == 1 and chance < 0.3
    right, _ = accuracy_alone(texts(RANDOM.integers(0, 4, 200)), LABELS)
    assert right < 0.45


def test_by_hand():
    """All of one class: whatever the fold, the commonest class is right. Two values, each of half the rows."""
    assert accuracy_alone(texts("ab" * 10), np.zeros(20, np.int64)) == (1.0, 1.0)
    assert accuracy_alone(texts("ab" * 10), np.array([0, 1] * 10))[0] == 1.0
    assert accuracy_alone(texts(["a"]), np.array([-1])) == (0.0, 0.0)


def test_numbers_in_the_order_of_the_classes_give_them_away():
    order = np.sort(LABELS)
    frame = pd.DataFrame({"row": texts(np.arange(200) + 0.5), "price": texts(RANDOM.normal(5, 1, 200).round(2))})
    (line,) = find_leaks(frame, order)
    assert line.startswith("the column 'row' alone names the class of 100% of the images (chance ")
    assert find_leaks(frame, None) == []


def test_identifiers():
    frame = pd.DataFrame({
        "sku": texts(f"SKU-{n}" for n in range(200)),
        "number": texts(np.random.default_rng(1).permutation(200)),
        "day": texts(pd.date_range("2020-01-01", periods=200).strftime("%Y-%m-%d")),
        "shop": texts(["a", "b"] * 100),
    })  # fmt: skip
    lines = find_leaks(frame, None)
    assert [line.split("'")[1] for line in lines] == ["sku", "number"]
    assert "is an identifier: 100% of its cells differ from all others" in lines[0]


def test_few_cells_are_not_judged():
    assert find_leaks(pd.DataFrame({"sku": texts([*range(10), *[None] * 190])}), LABELS) == []


def test_of_many_rows_some_are_drawn(monkeypatch):
    monkeypatch.setattr(leaks, "MOST", 100)
    assert "alone names the class of 100%" in find_leaks(pd.DataFrame({"shelf": texts(LABELS * 3 + 0.5)}), LABELS)[0]


@pytest.mark.parametrize("labelled", [True, False])
def test_a_list(tmp_path, labelled):
    rows = [f"{n}.jpg,{'xyz'[n % 3]},{n % 3},0{n}" for n in range(60)]
    header = "image,label,shelf,code" if labelled else "image,other,shelf,code"
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    found = find_leaks_in_list(tmp_path / "t.csv", ["shelf", "code"])
    assert [line.split("'")[1] for line in found] == (["shelf", "code"] if labelled else ["code"])
