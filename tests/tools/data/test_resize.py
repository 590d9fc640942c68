from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kdxf.text.ocr import OCRRecord, OCRTable, OCRTableWriter


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


def test_pictures_are_turned_by_their_text_and_so_is_the_table(call, data, tmp_path):
    out = tmp_path / "out"
    assert call(data / "train.csv", "--out", out).returncode == 0  # results of an earlier run are turned all the same
    box = np.array([[[100, 50], [300, 50], [300, 90], [100, 90]]], np.float32)
    large = OCRRecord("a/large.jpg", ["milk"], np.ones(1, np.float32), box, 800, 500, "e", None)
    with OCRTableWriter(tmp_path / "ocr", "e") as writer:
        writer.add(replace(large, angle=90, angle_score=0.5))
        writer.add(replace(OCRRecord.empty("small.png", engine="e", width=30, height=10), angle=180, angle_score=0.5))
    options = ("--ocr", tmp_path / "ocr", "--ocr-out", tmp_path / "new", "--format", "jpeg")
    done = call(data / "train.csv", "--out", out, *options)
    assert done.returncode == 0 and "turned by their text: 2" in done.stdout, done.stderr
    with Image.open(out / "a" / "large.jpg") as image:
        assert image.size == (375, 600)
        plain = Image.open(data / "a" / "large.jpg").resize((600, 375)).transpose(Image.Transpose.ROTATE_270)
        assert np.abs(np.asarray(image, int) - np.asarray(plain, int)).mean() < 12  # noise, resized and encoded again
    first, second = OCRTable.open(tmp_path / "new")
    assert (first.image, second.image) == ("a/large.jpg", "small.jpg") and first.turn == second.turn == 0
    assert (first.width, first.height) == (500, 800)
    assert first.boxes.tolist() == [[[450, 100], [450, 300], [410, 300], [410, 100]]]  # (x, y) becomes (500 - y, x)
    done = call(data / "train.csv", "--out", out, *options)
    assert done.returncode == 2 and "new: is there already; choose another folder" in done.stderr
    done = call(data / "train.csv", "--out", out, "--ocr", tmp_path / "ocr")
    assert done.returncode == 2 and "--ocr and --ocr-out belong together; give both or neither" in done.stderr
