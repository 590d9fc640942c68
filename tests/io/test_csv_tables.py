"""Tables as spreadsheets write and show them."""

import codecs

import numpy as np
import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io import csv_tables
from kdxf.io.csv_tables import as_numbers, read_csv, table_text, write_csv


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr("kdxf_runtime.log.LOG.warning", said.append)
    return said


def rows(path, *needed):
    return read_csv(path, needed).to_dict("list")


def write(folder, text, name="a.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def test_cells_are_what_stands_there(tmp_path, warnings):
    text = 'id,name , x\n007,NA,1.0\n1e5, null,\n"a,""b",True,+1\n8\n'
    assert rows(write(tmp_path, text)) == {
        "id": ["007", "1e5", 'a,"b', "8"],
        "name": ["NA", "null", "True", ""],
        "x": ["1.0", "", "+1", ""],
    }
    assert not warnings


@pytest.mark.parametrize(
    ("name", "sign", "said"),
    [("a.csv", ";", "semicolons"), ("a.csv", "\t", "tabs"), ("a.tsv", ",", "commas"), ("a.tsv", ";", "semicolons"),
     ("a.csv", ",", None), ("a.tsv", "\t", None)],
)  # fmt: skip
def test_other_separators_are_said(tmp_path, warnings, name, sign, said):
    path = write(tmp_path, f"image{sign}label\na.jpg{sign}牛奶\n", name)
    assert rows(path, "image") == {"image": ["a.jpg"], "label": ["牛奶"]}
    assert warnings == ([] if said is None else [f"{path}: is read with {said} between the columns"])


def test_excels_unicode_text(tmp_path, warnings):
    path = write(tmp_path, "image\tlabel\r\na.jpg\t牛奶\r\n", encoding="utf-16")
    assert rows(path) == {"image": ["a.jpg"], "label": ["牛奶"]}
    assert warnings == [f"{path}: is UTF-16, and is read as such", f"{path}: is read with tabs between the columns"]


def test_a_semicolon_in_a_name_is_no_separator(tmp_path, warnings):
    assert rows(write(tmp_path, "id,a;b;c\n1,2\n")) == {"id": ["1"], "a;b;c": ["2"]}
    assert rows(write(tmp_path, "image\na;b.jpg\n")) == {"image": ["a;b.jpg"]} and not warnings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: not a CSV with a header: No columns to parse from file$"),
        ("\n \n", "a.csv: not a CSV with a header: No columns to parse from file$"),
        ("id,name\n", None),
        ("id\n1\n", r"a.csv: no column 'name' \(found: id\); add it$"),
        ("a,b,c\n1\n", r"a.csv: no columns 'id', 'name' \(found: a, b, c\); add it$"),
        ("id,name,id\n1,2,3\n", "a.csv: two columns are called 'id'; rename or remove one$"),
        ("id,name,id \n1,2,3\n", "a.csv: two columns are called 'id'; rename or remove one$"),
        ("id,name\n1,2,3\n", "a.csv: not a CSV with a header: Length of header or names does not match"),
        ("id,name\n1,2\n1,2,3\n", "a.csv: not a CSV with a header: Error tokenizing data"),
        ('id,name\n1,"2\n3,4\n', "a.csv: not a CSV with a header: Error tokenizing data"),
    ],
)
def test_faults_are_one_line(tmp_path, text, message):
    path = write(tmp_path, text)
    if message is None:
        assert read_csv(path, ["id", "name"]).empty
        return
    with pytest.raises(UserError, match=message) as caught:
        read_csv(path, ["id", "name"], "add it")
    assert "\n" not in str(caught.value)


def test_a_million_columns_are_refused_at_once(tmp_path):
    path = write(tmp_path, ",".join(map(str, range(1_000_000))) + "\n")
    with pytest.raises(UserError, match=r"a.csv: has 1000000 columns, and at most 65536 are read"):
        read_csv(path)


def test_numbers_where_nothing_is_lost():
    frame = pd.DataFrame(
        {
            "label": ["1", "2"],
            "code": ["007", "12"],
            "plus": ["+1", "2"],
            "long": ["12345678901234567890", "1"],
            "time": ["1760000000000000000", "-3"],
            "gap": ["12", ""],
            "share": ["0.5", ""],
            "none": ["", ""],
            "words": ["1", "NA"],
            "flag": ["True", "False"],
            "count": ["0", "10"],
            "small": ["1e-3", "2"],
        },
        dtype="str",
    )
    found = as_numbers(frame, ["label"])
    kinds = {name: found[name].dtype.kind for name in found}
    texts = {"label", "code", "plus", "long", "none", "words", "flag"}
    assert {name for name, kind in kinds.items() if kind == "O"} == texts
    assert found["time"].tolist() == [1760000000000000000, -3] and found["count"].tolist() == [0, 10]
    assert found["small"].tolist() == [0.001, 2] and found["share"].isna().tolist() == [False, True]
    assert found["gap"].dtype == "Int64" and found["none"].isna().all()
    assert found[["gap"]].to_csv(index=False) == 'gap\n12\n""\n'


CELLS = ["=1+2", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "\tx", "\r=1", "\n=1", "'=1", "-1.5", "a=b", "'a", "", "牛奶"]


def test_a_file_for_excel_says_the_same(tmp_path):
    frame = pd.DataFrame({"=image": [*CELLS], "gain": np.linspace(-1, 1, len(CELLS)), "牛奶": list(CELLS)[::-1]})
    write_csv(frame, tmp_path / "excel.csv", excel=True)
    write_csv(frame, tmp_path / "plain.csv")
    excel, plain = ((tmp_path / f"{name}.csv").read_bytes() for name in ("excel", "plain"))
    assert excel.startswith(codecs.BOM_UTF8 + b'"\'=image","gain",') and plain.startswith(b'"=image","gain",')
    assert b"'@SUM(A1)" in excel and b"'@SUM(A1)" not in plain and b'\n"=1+2","-1.0"' in plain
    one, other = read_csv(tmp_path / "excel.csv"), read_csv(tmp_path / "plain.csv")
    pd.testing.assert_frame_equal(one, other)
    assert one["=image"].tolist() == [*CELLS]


def test_a_quote_in_a_plain_file_stays(tmp_path):
    assert rows(write(tmp_path, "image\n'=a.jpg\n")) == {"image": ["'=a.jpg"]}


def test_a_carriage_return_is_no_end_of_a_row(tmp_path):
    frame = pd.DataFrame({"image": ["a\rb.jpg", "c.jpg"], "label": ["", "x"]})
    assert table_text(frame) == b'"image","label"\n"a\rb.jpg",""\n"c.jpg","x"\n'
    write_csv(frame, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv"), frame)


TABLES = [
    "image,label\na.jpg,1\n",
    "image,label\na.jpg,\n,\n",
    "image\nNA\n007\n\n1.0\n",
    "\n\nimage,label\na,b\n\n\nc,d",
    "a;b\n奶;x y \n",
    "a\tb\n1\t2\n",
    "a,b\n",
    "a,b\n1\n",
    "a,b\n 1, 2\n",
    'a,b\n"1,2",3\n',
    "a,b\r\n1,2\r\n",
    "a,b\n'1,=2\n",
    "a\n\x0b\n\x0c\nx\n",
    " a,b\n1,2\n",
    "a,b\n1,2\u2028\n",
]


@pytest.mark.parametrize("text", TABLES)
def test_both_ways_to_read_a_table_agree(tmp_path, monkeypatch, text):
    (tmp_path / "t.csv").write_bytes(text.encode())
    found = csv_tables.read_csv(tmp_path / "t.csv")
    monkeypatch.setattr(csv_tables, "_read_simple", lambda *_: None)
    pd.testing.assert_frame_equal(found, csv_tables.read_csv(tmp_path / "t.csv"))


def test_simple_tables_are_read_by_arrow(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_tables, "_read_any", None)
    for text in TABLES[:3]:
        (tmp_path / "t.csv").write_bytes(text.encode())
        assert csv_tables.read_csv(tmp_path / "t.csv").columns[0] == "image"
