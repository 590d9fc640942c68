from pathlib import Path

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.csv_header import read_header


@pytest.mark.parametrize(
    ("name", "text", "names", "separator", "said"),
    [
        ("a.csv", "image, label\nx\n", ["image", "label"], ",", None),
        ("a.tsv", "\nimage\tlabel\n", ["image", "label"], "\t", None),
        ("a.csv", "image;a,b\n", ["image;a", "b"], ",", None),
        ("a.csv", "image;label\n", ["image", "label"], ";", "semicolons"),
        ("a.tsv", 'image,"two\nlines"\n', ["image", "two\nlines"], ",", "commas"),
        ("a.csv", "image\n", ["image"], ",", None),
    ],
)
def test_columns_and_what_separates_them(name, text, names, separator, said, caplog):
    assert read_header(text, Path(name)) == (names, separator)
    assert caplog.messages == ([] if said is None else [f"{name}: is read with {said} between the columns"])


def test_what_is_no_table():
    with pytest.raises(UserError, match=r"^a.csv: not a CSV with a header: No columns to parse from file$"):
        read_header("\n \n", Path("a.csv"))
    with pytest.raises(UserError, match=r"^a.csv: not a CSV with a header: field larger than field limit"):
        read_header('"' + "x" * 200_000 + '"\n', Path("a.csv"))
