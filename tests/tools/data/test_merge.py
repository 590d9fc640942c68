from functools import partial

import pytest

from kdxf.io.annotations import read_annotations, read_classes


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/merge.py")


def test_joins_lists_of_two_folders(call, tmp_path):
    for name, text, classes in (
        ("v1", "image,label\na.jpg,1\n", "tea\nmilk\n"),
        ("v2", "image,label\na.jpg,0\n", "coat\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.csv").write_text(text)
        (tmp_path / name / "classes.txt").write_text(classes)
    lists = (tmp_path / "v1" / "train.csv", tmp_path / "v2" / "train.csv")
    out = tmp_path / "all" / "train.csv"
    done = call(*lists, "--out", out, "--root", tmp_path, "--names", "v1", "v2")
    assert done.returncode == 0, done.stderr
    assert "2 images, 3 classes" in done.stdout
    assert read_annotations(out).values.tolist() == [["v1/a.jpg", "milk", "v1"], ["v2/a.jpg", "coat", "v2"]]
    assert read_classes(tmp_path / "all" / "classes.txt") == ["tea", "milk", "coat"]
    done = call(*lists, "--out", out, "--names", "v1")
    assert done.returncode == 2 and done.stderr == "error: --names: 1 names for 2 lists; give one for each\n"
