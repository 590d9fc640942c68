"""Annotation files as people write them: what is read, and what is said about the broken ones."""

import numpy as np
import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io.annotations import label_indices, read_annotations, read_classes, write_annotations, write_classes


def columns(path):
    frame = read_annotations(path)
    return {name: frame[name].tolist() for name in frame.columns}


def write(folder, text, name="list.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image,label\na.jpg,0\n", {"image": ["a.jpg"], "label": ["0"]}),
        ("image,label\r\na.jpg,0\r\nb.jpg,1\r\n", {"image": ["a.jpg", "b.jpg"], "label": ["0", "1"]}),
        ("image\na.jpg\nb.jpg", {"image": ["a.jpg", "b.jpg"]}),
        ("image,label\n图 片/牛奶.jpg,牛奶\n", {"image": ["图 片/牛奶.jpg"], "label": ["牛奶"]}),
        ('image,label\n"a,b.jpg","milk, fat"\n', {"image": ["a,b.jpg"], "label": ["milk, fat"]}),
        ("image, label\n a.jpg , milk \n\n", {"image": ["a.jpg"], "label": ["milk"]}),
        ("label,image\n007,a.jpg\n", {"label": ["007"], "image": ["a.jpg"]}),
        ("image,label\na.jpg,\nb.jpg,\n", {"image": ["a.jpg", "b.jpg"]}),  # no label at all
        ("image,label\nNA.jpg,NA\nb.jpg,None\n", {"image": ["NA.jpg", "b.jpg"], "label": ["NA", "None"]}),
        (
            "image,label,fold,weight,text\na.jpg,0,1,0.5,007\nb.jpg,1,2,1,\n",
            {
                "image": ["a.jpg", "b.jpg"],
                "label": ["0", "1"],
                "fold": [1, 2],
                "weight": [0.5, 1.0],
                "text": ["007", None],
            },
        ),
    ],
)
def test_csv(tmp_path, text, expected):
    found = columns(write(tmp_path, text))
    if "text" in found:
        found["text"] = [None if pd.isna(text) else text for text in found["text"]]
    assert found == expected


def test_csv_with_byte_order_mark(tmp_path):
    assert columns(write(tmp_path, "image,label\na.jpg,0\n", encoding="utf-8-sig")) == {
        "image": ["a.jpg"],
        "label": ["0"],
    }


@pytest.mark.parametrize(
    ("text", "images", "labels"),
    [
        ("a.jpg 0\nb.jpg 12\n", ["a.jpg", "b.jpg"], ["0", "12"]),
        ("a b/图 1.jpg 0\r\nc.jpg 1\r\n", ["a b/图 1.jpg", "c.jpg"], ["0", "1"]),
        ("a.jpg\t3\n\n  b.jpg  4  \n", ["a.jpg", "b.jpg"], ["3", "4"]),
        ("a.jpg\nb c.jpg\n", ["a.jpg", "b c.jpg"], None),
        ("photo 1\nphoto two\n", ["photo 1", "photo two"], None),
        ("a 1.jpg\na 2.jpg\n", ["a 1.jpg", "a 2.jpg"], None),
        ("a\u2028b.jpg 0\n", ["a\u2028b.jpg"], ["0"]),
        ("7\n8\n", ["7", "8"], None),
    ],
)
def test_text_list(tmp_path, text, images, labels):
    found = columns(write(tmp_path, text, "list.txt"))
    assert found == {"image": images} | ({} if labels is None else {"label": labels})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list.csv", "", "list.csv: not a CSV with a header: No columns to parse from file"),
        ("list.csv", "image,label\n", "list.csv: has a header and no rows; expected one row per image"),
        ("list.csv", "a.jpg,0\nb.jpg,1\n", "list.csv: no column 'image' (found: a.jpg, 0); name it in the header"),
        ("list.csv", "image,label\na.jpg,0\n,1\n", "list.csv: data row 2 has no image; remove the row or fill it in"),
        ("list.csv", "image,label\na.jpg,0\nb.jpg, \n", "list.csv: data row 2 has no label; label every row, or none"),
        ("list.csv", "image,label\na.jpg,0\nb,c.jpg,1\n", "list.csv: not a CSV with a header: Error tokenizing data."),
        (
            "list.csv",
            "image,label\na,b.jpg,0\n",
            "list.csv: not a CSV with a header: Length of header or names does not",
        ),
        ("list.txt", "", "list.txt: empty; expected one 'path label' or 'path' per line"),
        ("list.txt", " \n\n", "list.txt: empty; expected one 'path label' or 'path' per line"),
        ("list.txt", "a.jpg 0\nb.jpg\n", "list.txt: the line 'b.jpg' has no label; label every line, or none"),
    ],
)
def test_faults_are_named(tmp_path, name, text, message):
    with pytest.raises(UserError) as caught:
        read_annotations(write(tmp_path, text, name))
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert "\n" not in str(caught.value)


def test_empty_labels_where_an_image_may_have_none(tmp_path):
    path = write(tmp_path, "image,label\na.jpg,0|1\nb.jpg, \n")
    assert read_annotations(path, empty_labels=True)["label"].tolist() == ["0|1", ""]
    assert "label" not in read_annotations(write(tmp_path, "image,label\na.jpg,\n"), empty_labels=True)


@pytest.mark.parametrize("name", ["list.csv", "list.txt"])
def test_missing_file_and_other_encodings(tmp_path, name):
    with pytest.raises(UserError, match=f"{name}: no such annotation file$"):
        read_annotations(tmp_path / name)
    message = r"not UTF-8 text but likely GB18030, in which a line is '牛奶.jpg,牛奶' \(iconv -f GB18030 -t UTF-8 "
    with pytest.raises(UserError, match=f"{name}: {message}{name} > NEW\\); save it as UTF-8$"):
        read_annotations(write(tmp_path, "image,label\n牛奶.jpg,牛奶\n", name, encoding="gbk"))
    with pytest.raises(UserError, match=f"{name}: not UTF-8 text; save it as UTF-8$"):
        read_annotations(write(tmp_path, "image,label\ncafé.jpg,1\n", name, encoding="latin-1"))


def test_annotations_survive_writing_and_reading(tmp_path):
    frame = pd.DataFrame({"image": ['a "b",c.jpg', "图 1.jpg"], "label": ["x, y", "17"], "fold": [0, 1]})
    path = tmp_path / "new folder" / "list.csv"
    write_annotations(frame, path)
    assert columns(path) == {"image": ['a "b",c.jpg', "图 1.jpg"], "label": ["x, y", "17"], "fold": [0, 1]}
    assert [file.name for file in path.parent.iterdir()] == ["list.csv"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "classes.txt"
    write_classes(["a"], path)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_classes(["b"], path)
    assert [file.name for file in tmp_path.iterdir()] == ["classes.txt"]
    assert read_classes(path) == ["a"]


def test_classes(tmp_path):
    names = ["化妆品", "take away", "17", "café"]
    write_classes(names, tmp_path / "classes.txt")
    assert read_classes(tmp_path / "classes.txt") == names
    windows = write(tmp_path, "a\r\n b \r\n\r\n", "windows.txt", encoding="utf-8-sig")
    assert read_classes(windows) == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "no such class list; it holds one class name per line"),
        (b"\n", "empty; expected one class name per line"),
        (b"a\nb\na\n", "the class 'a' stands there 2 times; names must differ"),
        ("牛奶".encode("gbk"), "not UTF-8 text but likely GB18030, in which a line is '牛奶' .+; save it as UTF-8"),
    ],
)
def test_faults_of_class_lists_are_named(tmp_path, data, message):
    path = tmp_path / "classes.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UserError, match=f"^{path}: {message}$"):
        read_classes(path)


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        (["b", "a"], ["a", "b"], [1, 0]),
        (["1", "0"], ["a", "b"], [1, 0]),
        (["a", "1"], ["a", "b"], [0, 1]),
        (["17"], ["3", "17"], [1]),  # a name, although there is no index 17
        (["1", "2"], ["2", "1"], [1, 0]),  # names win
        (["0", "2"], ["0", "1", "2"], [0, 2]),  # the same either way
        (["1", "999"], ["a", "999"], [1, 1]),  # no index 999 that it could be mistaken for
        (["007"], ["007", "7"], [0]),
        ([], ["a"], []),
    ],
)
def test_label_indices(labels, classes, expected):
    assert label_indices(labels, classes, "list.csv") == expected
    assert label_indices(np.array(labels, dtype=object), classes, "list.csv") == expected


@pytest.mark.parametrize(
    ("label", "classes", "message"),
    [
        (
            "c",
            ["a", "b"],
            "list.csv: the label 'c' is neither one of the 2 class names nor an index from 0 to 1; check ",
        ),
        (
            "2",
            ["a", "b"],
            "list.csv: the label '2' is neither one of the 2 class names nor an index from 0 to 1; check ",
        ),
        ("01", ["a", "b"], "list.csv: the label '01' is neither one of the 2 class names nor an index from 0 to 1; "),
        (
            "0",
            ["1", "2"],
            "list.csv: the label '0' is not one of the 2 class names (indices are not accepted where a name such as "
            "'1' looks like one); check classes.txt",
        ),
    ],
)
def test_unknown_labels_are_named(label, classes, message):
    with pytest.raises(UserError) as caught:
        label_indices([label], classes, "list.csv")
    assert str(caught.value).startswith(message)


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr("kdxf_runtime.log.LOG.warning", said.append)
    return said


EXPECTED = {"image": ["图/a.jpg", "b.jpg"], "label": ["NA", "null"], "id": ["007", "8"]}


@pytest.mark.parametrize(
    ("name", "sign", "encoding", "said"),
    [
        ("list.csv", ",", "utf-8", []),
        ("list.csv", ",", "utf-8-sig", []),
        ("list.tsv", "\t", "utf-8", []),
        ("list.TSV", "\t", "utf-8-sig", []),
        ("list.csv", ";", "utf-8", ["is read with semicolons between the columns"]),
        ("list.csv", "\t", "utf-8", ["is read with tabs between the columns"]),
        ("list.tsv", "\t", "utf-16", ["is UTF-16, and is read as such"] * 2),
        ("list.txt", "\t", "utf-8", ["is read with tabs between the columns"]),
        ("list.txt", ",", "utf-8", []),
    ],
)
def test_what_was_detected_is_said(tmp_path, warnings, name, sign, encoding, said):
    text = "image,label,id\r\n图/a.jpg,NA,007\r\nb.jpg,null,8\r\n".replace(",", sign)
    path = write(tmp_path, text, name, encoding)
    assert columns(path) == EXPECTED
    assert warnings == [f"{path}: {line}" for line in said]


def test_pairs_in_a_tsv(tmp_path):
    """As MMPretrain writes them, without a header."""
    assert columns(write(tmp_path, "a b.jpg\t0\nc.jpg\t12\n", "list.tsv")) == {
        "image": ["a b.jpg", "c.jpg"],
        "label": ["0", "12"],
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tsv", "path\tclass\na.jpg\tmilk\n", "no column 'image' (found: path, class); name it in the header"),
        ("a.tsv", "a.jpg\nb.jpg\n", "no column 'image' (found: a.jpg); name it in the header"),
        ("a.csv", "image,label,label\na.jpg,1,2\n", "two columns are called 'label'; rename or remove one"),
        (
            "a.csv",
            "image,label\na.jpg,1.0\nb.jpg,2.0\n",
            "the labels are decimal numbers, such as 1.0, as spreadsheets",
        ),
        ("a.txt", "image\na.jpg\n", "its first line is the header of a table; call the file .csv, or remove the line"),
        (
            "a.txt",
            "a.jpg milk\n",
            "the line 'a.jpg milk' is more than a path, and a label in such a list is an integer",
        ),
        ("a.txt", "a.jpg\tmilk\n", "the line 'a.jpg\\tmilk' is more than a path, and a label in such a list is an"),
        ("a.txt", "a.jpg,3\nb.jpg,4\n", "the line 'a.jpg,3' is more than a path, and a label in such a list is an"),
        ("a.txt", "a.jpg 1.0\nb.jpg 2.0\n", "the line 'a.jpg 1.0' is more than a path, and a label in such a list is"),
        ("a.txt", "a.jpg -1\n", "the line 'a.jpg -1' is more than a path, and a label in such a list is an integer"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path, name, text, message):
    with pytest.raises(UserError) as caught:
        read_annotations(write(tmp_path, text, name))
    assert str(caught.value).startswith(f"{tmp_path}/{name}: {message}")


def test_labels_that_are_decimal_numbers_in_part(tmp_path):
    assert columns(write(tmp_path, "image,label\na.jpg,1.0\nb.jpg,1.5l\n"))["label"] == ["1.0", "1.5l"]


def test_one_form_of_names(tmp_path):
    found = columns(write(tmp_path, "image,label\ncafe\u0301.jpg,the\u0301\n"))
    assert found == {"image": ["caf\u00e9.jpg"], "label": ["th\u00e9"]}
    (tmp_path / "classes.txt").write_text("the\u0301\n", encoding="utf-8")
    assert read_classes(tmp_path / "classes.txt") == ["th\u00e9"]


def test_a_list_for_excel_says_the_same(tmp_path):
    frame = pd.DataFrame({"image": ["=a.jpg", "图.jpg"], "label": ["-x", "'@y"], "weight": [-0.5, 1.0]})
    write_annotations(frame, tmp_path / "excel.csv", excel=True)
    write_annotations(frame, tmp_path / "plain.csv")
    data = (tmp_path / "excel.csv").read_bytes()
    assert data == "\ufeffimage,label,weight\n'=a.jpg,'-x,-0.5\n图.jpg,''@y,1.0\n".encode()
    assert columns(tmp_path / "excel.csv") == columns(tmp_path / "plain.csv") == frame.to_dict("list")


def test_columns_that_stay_as_written(tmp_path):
    path = write(tmp_path, "image,label,price,code\na.jpg,x,2.50,1\nb.jpg,y,,2\n")
    frame = read_annotations(path, as_written=["price"])
    assert frame["price"][0] == "2.50" and frame["price"].isna().tolist() == [False, True]
    assert frame["code"].tolist() == [1, 2]
