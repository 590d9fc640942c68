from pathlib import Path

import pandas as pd
import pytest

from kdxf.data.subset import Choice, subset
from kdxf.errors import UserError
from kdxf.io.class_map import new_class_map

TRAIN, VAL = Path("train.csv"), Path("val.csv")
CLASSES = new_class_map(["a", "b", "c", "d", "e"], {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"})


def _lists():
    """Training: 5 of A, 20 of B, 50 of C, 100 of D (by index), none of E; validation: two of each."""
    sizes = {"A": 5, "B": 20, "C": 50, "3": 100}
    train = [(f"{label}{number}.jpg", label) for label, count in sizes.items() for number in range(count)]
    val = [(f"v{label}{number}.jpg", label) for label in "ABCDE" for number in range(2)]
    return {TRAIN: pd.DataFrame(train, columns=["image", "label"]), VAL: pd.DataFrame(val, columns=["image", "label"])}


def test_classes_of_a_size_in_the_first_list_are_chosen_in_all_lists():
    result = subset(_lists(), CLASSES, Choice(sizes=(20, 50)))
    assert result.lists[TRAIN]["label"].value_counts().to_dict() == {"C": 50, "B": 20}
    assert result.lists[VAL]["label"].tolist() == ["B", "B", "C", "C"]
    assert result.classes.values.tolist() == [[0, "b", "B", 20, 1], [1, "c", "C", 50, 2]]
    assert list(result.classes.columns) == ["index", "id", "name", "images", "full_index"]
    assert result.summary().values.tolist() == [["train.csv", 70, 2, 20, 50], ["val.csv", 4, 2, 2, 2]]


def test_the_full_map_may_be_kept():
    classes = subset(_lists(), CLASSES, Choice(sizes=(100, 100)), keep_classes=True).classes
    assert classes["index"].tolist() == classes["full_index"].tolist() == [0, 1, 2, 3, 4]
    assert classes["images"].tolist() == [0, 0, 0, 100, 0]


def test_classes_by_name_and_by_number():
    assert subset(_lists(), CLASSES, Choice(first=2)).classes["name"].tolist() == ["A", "B"]
    assert subset(_lists(), CLASSES, Choice(names=["D", "B", "E"])).classes["full_index"].tolist() == [1, 3]
    assert subset(_lists(), CLASSES, Choice(names=["D", "B"], first=1)).classes["name"].tolist() == ["B"]


def test_a_part_of_the_rows_keeps_the_shares_of_the_classes():
    frame = subset(_lists(), CLASSES, Choice(fraction=0.2)).lists[TRAIN]
    assert frame["label"].value_counts().to_dict() == {"D": 20, "C": 10, "B": 4, "A": 1}
    result = subset(_lists(), CLASSES, Choice(rows=35))
    assert [len(part) for part in result.lists.values()] == [35, 8]  # E has no image in the first list
    assert result.lists[TRAIN]["image"].tolist() == frame["image"].tolist()
    assert set(subset(_lists(), CLASSES, Choice(rows=35, seed=1)).lists[TRAIN]["image"]) != set(frame["image"])


def test_mistakes():
    cases = {
        r"^train.csv: no class has 60 to 90 images \(sizes go from 5 to 100\); change --sizes$": Choice(sizes=(60, 90)),
        r"^--only: 'X' \(2 in all\) is no class of the class map; correct it$": Choice(names=["X", "A", "Y"]),
        r"^--first: must be at least 1, not 0$": Choice(first=0),
        r"^train.csv: has no image of the chosen classes; choose others$": Choice(names=["E"]),
        r"^--fraction: must be above 0 and at most 1, not 1.5$": Choice(fraction=1.5),
        r"^--rows: must be at least 1, not 0$": Choice(rows=0),
        r"^train.csv: no rows are left; take more with --fraction or --rows$": Choice(fraction=0.001),
    }
    for message, choice in cases.items():
        with pytest.raises(UserError, match=message):
            subset(_lists(), CLASSES, choice)
