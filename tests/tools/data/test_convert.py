from functools import partial

import pytest

from kdxf.io.annotations import read_annotations


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/convert.py")


def test_converts_a_competition_table(call, tmp_path):
    (tmp_path / "in.csv").write_text("image_id,healthy,rust\nTrain_0,0,1\nTrain_1,1,0\n")
    arguments = (tmp_path / "in.csv", "--out", tmp_path / "data" / "train.csv", "--one-hot", "--pattern", "{image}.jpg")
    done = call(*arguments, "--dry-run")
    assert done.returncode == 0 and "dry run: nothing was written" in done.stdout, done.stderr
    assert not (tmp_path / "data").exists()
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["2", "2", "0", "image", "label"]
    assert read_annotations(tmp_path / "data" / "train.csv").values.tolist() == [
        ["Train_0.jpg", "rust"],
        ["Train_1.jpg", "healthy"],
    ]
    done = call(tmp_path / "data" / "train.csv", "--to", "folders", "--out", tmp_path / "folders")
    assert done.returncode == 2 and "no such image; set the image root with --root" in done.stderr


def test_a_list_for_excel(call, tmp_path):
    (tmp_path / "in.csv").write_text("image,label\na.jpg,=x\n")
    done = call(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--excel")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.csv").read_bytes() == b"\xef\xbb\xbfimage,label\na.jpg,'=x\n"
    assert read_annotations(tmp_path / "out.csv").to_numpy().tolist() == [["a.jpg", "=x"]]
