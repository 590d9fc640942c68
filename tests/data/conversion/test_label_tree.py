import json

import pandas as pd
import pytest

from kdxf.data.conversion.label_tree import read_label_tree
from kdxf.errors import UserError

# food > milk > 7, 12; food > tea; clothes > 3
ABOVE = {"7": ("food", "milk"), "12": ("food", "milk"), "tea": ("food",), "3": ("clothes",)}


def _tree(tmp_path, content):
    path = tmp_path / "product_tree.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return read_label_tree(path)


@pytest.mark.parametrize(
    "content",
    [
        {"food": {"milk": ["7", 12], "tea": {}}, "clothes": [3]},
        {"all": {"food": {"milk": {"7": None, "12": None}, "tea": {}}, "clothes": [3]}},
        {"name": "all", "children": [
            {"name": "food", "children": [{"name": "milk", "children": [{"id": 7}, {"id": 12}]}, {"name": "tea"}]},
            {"name": "clothes", "children": [{"id": 3, "children": []}]},
        ]},
        {"7": ["food", "milk"], "12": ["food", "milk"], "tea": ["food"], "3": ["clothes"]},
        {"7": "milk", "12": "milk", "milk": "food", "tea": "food", "3": "clothes"},
    ],
)  # fmt: skip
def test_every_form_gives_the_same_tree(tmp_path, content):
    assert _tree(tmp_path, content).above == ABOVE


def test_a_table_of_parents(tmp_path):
    path = tmp_path / "tree.csv"
    path.write_text("id,parent\nfood,\nclothes,\nmilk,food\n7,milk\n12,milk\ntea,food\n3,clothes\n")
    assert read_label_tree(path).above == ABOVE
    path.write_text("id,up\n")
    with pytest.raises(UserError, match=r"tree.csv: no column 'parent' \(found: id, up\)$"):
        read_label_tree(path)


def test_one_column_per_level(tmp_path):
    tree = _tree(tmp_path, {"food": {"milk": ["7", "12"]}, "clothes": ["3"], "toys": {}})
    labels = pd.Series(["12", "3", "7", "toys"], index=[4, 5, 6, 7])
    columns = tree.columns(labels, "tree")
    assert columns.to_dict("list") == {
        "level_1": ["food", "clothes", "food", "toys"],
        "level_2": ["milk", "clothes", "milk", "toys"],  # shorter branches repeat their lowest node
        "coarse_label": ["milk", "clothes", "milk", "toys"],
    }
    assert columns.index.tolist() == [4, 5, 6, 7]
    with pytest.raises(UserError, match=r"^tree: the class '99' \(1 in all\) is not in the tree; add it$"):
        tree.columns(pd.Series(["99"]), "tree")


def test_nodes_of_one_name_at_several_places_are_told_apart(tmp_path):
    tree = _tree(tmp_path, {"food": {"other": ["1"], "milk": ["2"]}, "clothes": {"other": ["3"]}})
    assert tree.above == {"1": ("food", "food/other"), "2": ("food", "milk"), "3": ("clothes", "clothes/other")}


def test_what_is_no_tree_is_said(tmp_path):
    with pytest.raises(UserError, match=r"none.json: no such label tree$"):
        read_label_tree(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UserError, match=r"bad.json: not JSON in UTF-8: "):
        read_label_tree(tmp_path / "bad.json")
    cases = {
        r"float in a label tree; expected names, lists and objects$": {"a": [1.5]},
        r"'a' stands above itself; correct its parents$": {"x": "a", "a": "b", "b": "a"},
        r"every node has children, so there is no class; correct the parents$": {"a": "b", "b": "a"},
        r"the class '1' stands in two places of the tree; keep one$": {"a": {"x": ["1"]}, "b": {"y": ["1"]}},
        r"no classes in it$": [],
    }
    for message, content in cases.items():
        with pytest.raises(UserError, match="product_tree.json: .*" + message):
            _tree(tmp_path, content)
