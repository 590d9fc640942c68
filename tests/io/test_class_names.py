import json

import pytest

from kdxf.errors import UserError
from kdxf.io.class_names import names_of, order_ids, read_class_names


def test_numbers_sort_by_value_and_anything_else_as_text():
    assert order_ids(["10", "2", "0", "2"]) == ["0", "2", "10"]
    assert order_ids(["010", "002", "7"]) == ["002", "7", "010"]
    assert order_ids([str(n) for n in reversed(range(137))])[-1] == "136"
    assert order_ids(["b", "10", "9"]) == ["10", "9", "b"]


def test_reads_json_csv_and_text(tmp_path):
    expected = {"0": "化妆品", "1": "淘宝/京东电商"}
    (tmp_path / "a.json").write_text(json.dumps({"0": " 化妆品\n", "1": "淘宝/京东电商"}), encoding="utf-8")
    (tmp_path / "b.csv").write_text("index,id,name\n0,0,化妆品\n1,1,淘宝/京东电商\n", encoding="utf-8-sig")
    (tmp_path / "c.txt").write_text("化妆品\n淘宝/京东电商\n", encoding="utf-8")
    for name in ("a.json", "b.csv", "c.txt"):
        assert read_class_names(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "a.json: not JSON in UTF-8"),
        ("a.json", '["x"]', "a.json: expected one object from id to name"),
        ("a.json", '{"0": 1}', "a.json: expected one object from id to name"),
        ("a.csv", "index,name\n0,x\n", r"a.csv: no column 'id' \(found: index, name\)"),
        ("a.csv", "", "a.csv: not a CSV with a header"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_class_names(tmp_path / name)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"none.json: no such file of class names"):
        read_class_names(tmp_path / "none.json")


def test_names_follow_the_ids_whatever_their_zeros():
    names = {"0": "a", "7": "b", "12": "c"}
    assert names_of(["000", "007"], names, "f") == ["a", "b"]
    assert names_of(["7", "12"], {"07": "b", "12": "c"}, "f") == ["b", "c"]
    assert names_of(["cat"], {"cat": "猫"}, "f") == ["猫"]


def test_every_class_needs_a_name_of_its_own():
    with pytest.raises(UserError, match="f.json: no name for the class ids 1, 2; add them"):
        names_of(["0", "1", "2"], {"0": "a", "2": ""}, "f.json")
    with pytest.raises(UserError, match=r"no name for the class ids 0, 1, 2, 3, 4, \.\.\.; add"):
        names_of([str(n) for n in range(9)], {}, "f.json")
    with pytest.raises(UserError, match="f.json: the classes 0 and 2 are both 'a'; names must differ"):
        names_of(["0", "1", "2"], {"0": "a", "1": "b", "2": "a"}, "f.json")


def test_forms_of_tables(tmp_path):
    for name, text, encoding in (
        ("a.csv", "id,name\n007,NA\n8,'=x\n", "utf-8"),
        ("b.csv", "id;name\n007;NA\n8;'=x\n", "utf-8"),
        ("c.tsv", "id\tname\n007\tNA\n8\t''=x\n", "utf-8-sig"),  # the mark says that it was written for Excel
        ("d.tsv", "id\tname\n007\tNA\n8\t'=x\n", "utf-16"),
    ):
        (tmp_path / name).write_text(text, encoding=encoding)
        assert read_class_names(tmp_path / name) == {"007": "NA", "8": "'=x"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "id,name\n0,x\n0,y\n", "a.csv: the id '0' has the names 'x' and 'y'; keep one"),
        ("a.json", '{"0": "x", "0": "y"}', "a.json: not JSON in UTF-8: the key '0' stands there twice"),
    ],
)
def test_an_id_with_two_names(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read_class_names(tmp_path / name)
