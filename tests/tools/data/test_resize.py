from functools import partial

import pandas as pd
import pytest
from PIL import Image


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/resize.py")


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "data"
    (root / "a").mkdir(parents=True)
    Image.effect_noise((800, 500), 40).save(root / "a" / "large.jpg")
    Image.new("RGBA", (30, 10)).save(root / "small.png")
    (root / "train.csv").write_text("image,label\na/large.jpg,x\nsmall.png,y\n")
    return root


def test_it_resizes_and_continues(call, data, tmp_path):
    out = tmp_path / "out"
    done = call(data / "train.csv", "--out", out, "--dry-run")
    assert done.returncode == 0 and "dry run: nothing was written" in done.stdout and not out.exists(), done.stderr
    lists = ("--format", "jpeg", "--out-list", out / "train.csv", "--notes", out / "notes.csv")
    done = call(data / "train.csv", "--out", out, *lists)
    assert done.returncode == 0, done.stderr
    assert "resized             1" in done.stdout and "re-encoded          1" in done.stdout
    assert (out / "train.csv").read_text() == "image,label\na/large.jpg,x\nsmall.jpg,y\n"
    assert pd.read_csv(out / "notes.csv").to_numpy().tolist() == [["small.png", "re-encoded", "transparency"]]
    with Image.open(out / "a" / "large.jpg") as image:
        assert image.size == (600, 375)
    done = call(data / "train.csv", "--out", out, "--format", "jpeg")
    assert "there               2" in done.stdout
    assert sorted(path.name for path in data.iterdir()) == ["a", "small.png", "train.csv"]


def test_mistakes_end_with_one_line(call, data, tmp_path):
    out = ("--out", tmp_path / "out")
    for message, arguments in {
        "no such annotation file": (data / "none.csv", *out),
        "--quality: lies between 1 and 100, not 0": (data, *out, "--quality", "0"),
        "lies in the input, which is never changed": (data, "--out", data),
        "train.csv: is an input": (data / "train.csv", *out, "--out-list", data / "train.csv"),
    }.items():
        done = call(*arguments)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr
    assert not (tmp_path / "out").exists()
