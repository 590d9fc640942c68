from pathlib import Path

import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io.class_map import (
    check_class_files,
    class_indices,
    class_map_beside,
    class_map_or_new,
    new_class_map,
    read_class_map,
    write_class_files,
)


def test_a_map_is_written_and_read_in_both_forms(tmp_path):
    classes = new_class_map(["10", "2", "2", "007"], {"10": "手机", "2": "b", "007": "c"})
    assert classes.values.tolist() == [[0, "2", "b"], [1, "007", "c"], [2, "10", "手机"]]
    write_class_files(classes.assign(images=5), tmp_path)
    assert read_class_map(tmp_path / "classes.csv").equals(classes)
    assert read_class_map(tmp_path / "classes.txt")["id"].tolist() == ["b", "c", "手机"]
    assert class_map_beside(tmp_path / "train.csv") == tmp_path / "classes.csv"
    (tmp_path / "classes.csv").unlink()
    assert class_map_beside(tmp_path / "train.csv") == tmp_path / "classes.txt"
    assert class_map_beside(tmp_path / "elsewhere" / "train.csv") is None


def test_labels_are_names_or_indices(tmp_path):
    classes = new_class_map(["b", "a"])
    assert class_indices(pd.Series(["b", "0", "a", "b"]), classes, tmp_path).tolist() == [1, 0, 0, 1]
    with pytest.raises(UserError, match=r"list.csv: the label 'z' is neither one of the 2 class names nor an index"):
        class_indices(pd.Series(["z"]), classes, "list.csv")


def test_what_is_no_class_map_is_said(tmp_path):
    file = tmp_path / "classes.csv"
    with pytest.raises(UserError, match=r"classes.csv: no such class map; it is the classes.csv of tools/data/split"):
        read_class_map(file)
    cases = {
        "id,name\na,b\n": r"no column 'index' \(found: id, name\); give the classes.csv of tools/data/split.py$",
        "index,id,name\n1,a,b\n": r"the column 'index' must count from 0, one row per class; sort it, close its gaps$",
        "index,id,name\n0,a,b\n1,a,c\n": r"the id 'a' stands there twice; they must differ$",
        "index,id,name\n0,a,b\n1,c,b\n": r"the name 'b' stands there twice; they must differ$",
        "": r"not a CSV with a header: No columns",
    }
    for text, message in cases.items():
        file.write_text(text)
        with pytest.raises(UserError, match=message):
            read_class_map(file)


def test_class_files_are_not_replaced(tmp_path):
    (tmp_path / "classes.txt").write_text("a\n")
    with pytest.raises(UserError, match=r"classes.txt: is there already"):
        check_class_files(tmp_path, [], overwrite=False)
    check_class_files(tmp_path, [], overwrite=True)
    with pytest.raises(UserError, match=r"classes.txt: is an input"):
        check_class_files(tmp_path, [tmp_path / "classes.txt"], overwrite=True)


def test_labels_may_be_ids_where_they_cannot_be_taken_for_indices():
    classes = pd.DataFrame({"index": [0, 1], "id": ["7", "10"], "name": ["milk", "oat"]})
    assert class_indices(pd.Series(["10", "7", "10"]), classes, Path("l.csv")).tolist() == [1, 0, 1]
    assert class_indices(pd.Series(["1", "0"]), classes, Path("l.csv")).tolist() == [1, 0]
    assert class_indices(pd.Series(["oat"]), classes, Path("l.csv")).tolist() == [1]


def test_a_label_that_is_an_id_and_another_index_is_refused():
    classes = pd.DataFrame({"index": [0, 1, 2], "id": ["2", "10", "136"], "name": ["milk", "oat", "soya"]})
    message = (
        r"^l.csv: the label '2' is the id of one class and the index of another; "
        r"write names \(tools/data/convert.py does\)$"
    )
    with pytest.raises(UserError, match=message):
        class_indices(pd.Series(["2", "10"]), classes, Path("l.csv"))


def test_without_a_map_the_labels_are_numbered(tmp_path):
    write_class_files(new_class_map(["oat", "milk", "soya"]), tmp_path)
    assert class_map_or_new(tmp_path / "classes.csv", ["oat"])["name"].tolist() == ["milk", "oat", "soya"]
    assert class_map_or_new(None, ["oat", "milk", "oat"])["name"].tolist() == ["milk", "oat"]
