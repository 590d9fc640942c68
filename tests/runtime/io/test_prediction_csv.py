import io

import pytest

from kdxf.errors import UserError
from kdxf_runtime.io.prediction_csv import joined, open_replacing, row_writer


def test_rows():
    file = io.StringIO()
    write = row_writer(file, ("image", "label", "error"))
    write(["a, b.jpg", joined([0, 2]), None])
    write(["c.jpg", joined(()), "empty"])
    assert file.getvalue() == 'image,label,error\n"a, b.jpg",0|2,\nc.jpg,,empty\n'


def test_open_replacing(tmp_path):
    path = tmp_path / "new" / "out.csv"
    with open_replacing(path, "--save_csv") as file:
        file.write("a\udcff\n")
        assert not path.exists()
    assert path.read_text() == "a\\udcff\n"
    assert [p.name for p in path.parent.iterdir()] == ["out.csv"]


def test_open_replacing_leaves_the_old_file_on_failure(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), open_replacing(path, "--save_csv") as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_open_replacing_fails_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    places = {
        tmp_path: "is a folder; name a file in it",
        tmp_path
        / "file"
        / "out.csv": r"cannot be written there \((Not a directory|File exists)\); choose another place",
        "/proc/out.csv": r"cannot be written there \(.+\); choose another place",
    }
    for place, message in places.items():
        with pytest.raises(UserError, match=f"^--save_csv {place}: {message}$"), open_replacing(place, "--save_csv"):
            pytest.fail("the block must not begin")


def test_rows_for_excel():
    file = io.StringIO()
    write = row_writer(file, ("image", "=label"), excel=True)
    write(["-a.jpg", "牛奶"])
    write(["@b.jpg", None])
    write([-0.5, "-0.5"])
    assert file.getvalue() == "\ufeffimage,'=label\n'-a.jpg,牛奶\n'@b.jpg,\n-0.5,-0.5\n"


def test_a_carriage_return_is_no_end_of_a_row():
    file = io.StringIO()
    row_writer(file, ("image", "score"))(["a\rb.jpg", 1])
    assert file.getvalue() == 'image,score\n"a\rb.jpg","1"\n'
