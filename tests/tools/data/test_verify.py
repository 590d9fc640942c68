from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from kdxf.text.ocr import OCRRecord, OCRTableWriter


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/verify.py")


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / "good.jpg")
    Image.fromarray(pixels).save(root / "turned.jpg", exif=exif)
    Image.fromarray(pixels).convert("L").save(root / "grey.png")
    (root / "half.jpg").write_bytes((root / "good.jpg").read_bytes()[:800])
    (root / "train.csv").write_text("image,label\ngood.jpg,a\nturned.jpg,b\ngrey.png,b\nhalf.jpg,b\ngone.jpg,c\n")
    (root / "classes.txt").write_text("a\nb\n")
    return root


def test_all_that_it_writes(call, data, tmp_path):
    out = tmp_path / "out"
    before = {path: path.read_bytes() for path in data.iterdir()}
    written = ("--out", out / "p.csv", "--report", out / "r.html", "--out-list", out / "whole.csv")
    arguments = (data / "train.csv", "--root", data, *written, "--fix-rotation", out / "turned")
    done = call(*arguments, "--dry-run")
    assert done.returncode == 0 and not out.exists(), done.stderr
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    for line in (
        "5 images (5 rows) of",
        "  missing                 1  a row without a file",
        "  truncated               1  the end of the file is missing",
        "  unknown_label           1  the label is not among the classes",
        "2 classes, 2 with usable images: 1 to 2 each",
        "3 of 5 rows stay (dropped: missing, unreadable, truncated)",
        "1 of 1 turned upright in",
    ):
        assert line in done.stdout
    problems = pd.read_csv(out / "p.csv")
    assert problems["image"].tolist() == ["gone.jpg", "half.jpg", "gone.jpg", "grey.png", "turned.jpg"]
    assert (out / "whole.csv").read_text() == "image,label\ngood.jpg,a\nturned.jpg,b\ngrey.png,b\n"
    assert "as stored" in (out / "r.html").read_text(encoding="utf-8")
    assert [path.name for path in (out / "turned").iterdir()] == ["turned.jpg"]
    assert before == {path: path.read_bytes() for path in data.iterdir()}


def test_what_is_dropped_can_be_chosen(call, data, tmp_path):
    chosen = ("--out-list", tmp_path / "l.csv", "--drop", "odd_mode", "unknown_label", "--min-edge", "61")
    done = call(data / "train.csv", *chosen)
    assert done.returncode == 0 and "too_small" in done.stdout, done.stderr
    assert (tmp_path / "l.csv").read_text() == "image,label\ngood.jpg,a\nturned.jpg,b\nhalf.jpg,b\n"


def test_mistakes_end_with_one_line(call, data):
    for message, arguments in {
        "none.csv: no such annotation file": (data / "none.csv",),
        "train.csv: is an input, which is never changed": (data / "train.csv", "--out", data / "train.csv"),
        "classes.txt: is an input, which is never changed": (data / "train.csv", "--report", data / "classes.txt"),
        "--workers: must be at least 1, not 0": (data / "train.csv", "--workers", "0"),
    }.items():
        done = call(*arguments)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr


def test_problems_for_excel(call, data, tmp_path):
    done = call(data / "train.csv", "--out", tmp_path / "p.csv", "--excel")
    assert done.returncode == 0 and (tmp_path / "p.csv").read_bytes().startswith(b"\xef\xbb\xbfimage,problem,detail\n")


def test_pictures_whose_text_does_not_stand_upright(call, data, tmp_path):
    with OCRTableWriter(tmp_path / "ocr", "e") as writer:
        for image, angle in (("good.jpg", 180), ("grey.png", 0), ("elsewhere.jpg", 90)):
            writer.add(replace(OCRRecord.empty(image, engine="e"), angle=angle, angle_score=0.5))
    done = call(data / "train.csv", "--ocr", tmp_path / "ocr", "--out", tmp_path / "p.csv")
    assert done.returncode == 0 and "  turned                  1  its text lies on its side or upside" in done.stdout
    problems = pd.read_csv(tmp_path / "p.csv")
    (row,) = problems[problems["problem"] == "turned"].to_numpy().tolist()
    assert row == ["good.jpg", "turned", "upright after a turn of 180 degrees clockwise"]
