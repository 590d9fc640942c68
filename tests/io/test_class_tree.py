import re

import numpy as np
import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io.class_tree import read_class_tree, tree_table

CSV = "fine,coarse,department\npear,fruit,fresh\nmilk,drinks,cold\n苹果,fruit,fresh\n tea , drinks,dry\n"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "tree.csv").write_text(CSV, encoding="utf-8-sig")
    (tmp_path / "classes.txt").write_text("tea\nmilk\n苹果\npear\n", encoding="utf-8")
    return tmp_path / "tree.csv"


def test_levels_follow_the_order_of_the_classes(path):
    tree = read_class_tree(path)
    assert tree.classes == ["tea", "milk", "苹果", "pear"]
    assert tree.coarse_classes == ["drinks", "fruit"]
    assert tree.parents.dtype == np.int64 and tree.parents.tolist() == [0, 0, 1, 1]
    assert list(tree.levels) == ["coarse", "department"]
    assert tree.level("department").classes == ["cold", "dry", "fresh"]
    assert tree.level("department").parents.tolist() == [1, 0, 2, 2]


def test_a_part_of_the_classes_has_a_part_of_the_tree(path):
    tree = read_class_tree(path, ["pear", "苹果"])
    assert tree.coarse_classes == ["fruit"] and tree.parents.tolist() == [0, 0]
    (path.parent / "stage.txt").write_text("milk\n")
    assert read_class_tree(path, path.parent / "stage.txt").coarse_classes == ["drinks"]


def test_numbers_are_sorted_by_value(tmp_path):
    (tmp_path / "tree.csv").write_text("fine,coarse\na,10\nb,2\n")
    assert read_class_tree(tmp_path / "tree.csv", ["a", "b"]).coarse_classes == ["2", "10"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("fine,coarse\nmilk,drinks\n", "tree.csv: no row for the class 'tea' (missing in all: 3); add it"),
        (CSV + "tea,hot,dry\n", "tree.csv: the class 'tea' stands there twice; keep one row"),
        ("fine,parent\ntea,drinks\n", "tree.csv: no column 'coarse' (found: fine, parent)"),
        ("fine,coarse\ntea,drinks\nmilk,\n", "tree.csv: data row 2 has an empty field; fill it in"),
        ("", "tree.csv: not a CSV with a header"),
        ("fine,coarse\n1,tea,drinks\n2,milk,drinks\n", "tree.csv: not a CSV with a header: Length of header"),
    ],
)
def test_mistakes_in_the_file(path, content, message):
    path.write_text(content)
    with pytest.raises(UserError, match=re.escape(message)):
        read_class_tree(path)


def test_other_mistakes(path):
    with pytest.raises(UserError, match="no such class tree; tools/data/class_tree.py makes one from an annotation"):
        read_class_tree(path.with_name("none.csv"))
    with pytest.raises(UserError, match=re.escape("no level 'shelf' in it (found: coarse, department)")):
        read_class_tree(path).level("shelf")


FRAME = pd.DataFrame(
    [("a.jpg", "tea", "drinks", 1), ("b.jpg", "1", "drinks", 2), ("c.jpg", "tea", "drinks", 1)],
    columns=["image", "label", "coarse_label", "level_1"],
)


def test_tree_of_a_list():
    table = tree_table(FRAME, ["tea", "milk"], {"coarse_label": "coarse", "level_1": "level_1"}, "train.csv")
    assert table.to_dict("list") == {"fine": ["tea", "milk"], "coarse": ["drinks", "drinks"], "level_1": ["1", "2"]}


@pytest.mark.parametrize(
    ("frame", "classes", "message"),
    [
        (FRAME, ["tea", "milk", "rice"], "train.csv: the class 'rice' has no row with all of coarse_label; add one"),
        (
            FRAME.assign(coarse_label=["drinks", "drinks", "leaves"]),
            ["tea", "milk"],
            "train.csv: the class 'tea' belongs to drinks and to leaves; correct the rows of one",
        ),
        (FRAME.assign(coarse_label=["x", None, "x"]), ["tea", "milk"], "the class 'milk' has no row with all of"),
        (FRAME.drop(columns="coarse_label"), ["tea", "milk"], "train.csv: no column 'coarse_label' (found: image, lab"),
    ],
)
def test_mistakes_in_the_list(frame, classes, message):
    with pytest.raises(UserError, match=re.escape(message)):
        tree_table(frame, classes, {"coarse_label": "coarse"}, "train.csv")
