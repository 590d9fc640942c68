from pathlib import Path

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.path_lists import is_table, split_lines


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("a.csv", [], True),
        ("a.CSV", ["a.jpg 1"], False),
        ("a.tsv", ["image\tlabel", "a.jpg\tx"], True),
        ("a.tsv", ["a.jpg\t1", "b.jpg\t2"], False),
        ("a.txt", ["label;image", "x;a.jpg"], True),
        ("a.txt", ["image", "a.jpg"], False),
        ("a.txt", [], False),
    ],
)
def test_tables(name, lines, expected):
    assert is_table(Path(name), lines) is expected


def test_paths_and_labels():
    assert split_lines(["a b.jpg 1", "c.jpg\t22"], Path("l.txt")) == (["a b.jpg", "c.jpg"], ["1", "22"])
    assert split_lines(["a b.jpg", "photo 12"], Path("l.txt")) == (["a b.jpg", "photo 12"], None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], r"l.txt: empty; expected one 'path label' or 'path' per line"),
        (["image", "a.jpg"], r"l.txt: its first line is the header of a table; call the file .csv, or remove the line"),
        (["a.jpg 1", "b.jpg"], r"l.txt: the line 'b.jpg' has no label; label every line, or none"),
        (["a.jpg milk"], r"l.txt: the line 'a.jpg milk' is more than a path, and a label in such a list is an integer"),
    ],
)
def test_what_is_none(lines, message):
    with pytest.raises(UserError, match=message):
        split_lines(lines, Path("l.txt"))
