from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/cutmix.py")


@pytest.fixture
def data(tmp_path):
    """3 images of a, 1 of b; the text of each is its name, written across it."""
    root = tmp_path / "data"
    root.mkdir()
    box = np.array([[[0, 0], [50, 0], [50, 40], [0, 40]]], np.float32)
    names = ["a0.png", "a1.png", "a2.png", "b0.png"]
    with OCRTableWriter(root / "ocr", "rapidocr") as writer:
        for number, name in enumerate(names):
            Image.new("RGB", (50, 40), (60 * number, 0, 0)).save(root / name)
            writer.add(OCRRecord(name, [name], np.ones(1, np.float32), box, 50, 40, "rapidocr", None))
    rows = "".join(f"{name},{name[0]}\n" for name in names)
    (root / "train.csv").write_text(f"image,label\n{rows}")
    return root


def test_it_lifts_small_classes_and_tells_their_text(call, data):
    results = ("--out", data / "aug", "--out-list", data / "more.csv", "--report", data / "r.html")
    ocr = ("--ocr", data / "ocr", "--ocr-out", data / "ocr_more")
    done = call(data / "train.csv", "--at-least", "3", *results, *ocr, "--dry-run")
    assert done.returncode == 0 and not (data / "aug").exists(), done.stderr
    done = call(data / "train.csv", "--at-least", "3", *results, *ocr)
    assert done.returncode == 0, done.stderr
    assert "2 pictures for 1 classes, 2 of them on plain padding" in done.stdout
    assert "4 old rows, 2 new ones" in done.stdout
    frame = pd.read_csv(data / "more.csv", keep_default_na=False)
    assert frame["label"].value_counts().to_dict() == {"a": 3, "b": 3}
    new = frame[frame["source"] == "cutmix"]
    assert new["image"].tolist() == ["aug/aug_b_00000.jpg", "aug/aug_b_00001.jpg"]
    assert new["aug_of"].tolist() == ["b0.png"] * 2 and all((data / image).is_file() for image in new["image"])
    text = {record.image: record.texts for record in OCRTable.open(data / "ocr_more")}
    assert text["aug/aug_b_00001.jpg"] == ["b0.png"] and text["a0.png"] == ["a0.png"] and len(text) == 6
    assert (data / "r.html").is_file()


def test_unreadable_images_are_named(call, data):
    (data / "b0.png").write_bytes(b"")
    results = ("--out", data / "aug", "--out-list", data / "more.csv")
    other = ("--background", "other", "--background-labels", "a")
    done = call(data / "train.csv", "--count", "2", "--labels", "b", *other, *results)
    assert done.returncode == 0, done.stderr
    assert "not made: 2 (first: b0.png on a" in done.stdout and "the file is empty" in done.stdout


def test_mistakes_end_with_one_line(call, data):
    base = (data / "train.csv", "--out", data / "aug", "--out-list", data / "more.csv", "--count", "1")
    for message, arguments in {
        "--background other and --background-labels belong together": (*base, "--background", "other"),
        "--ocr and --ocr-out belong together; give both or neither": (*base, "--ocr", data / "ocr"),
        "the list has no images of 'x'": (*base, "--labels", "x"),
        "ocr: is an input": (*base, "--ocr", data / "ocr", "--ocr-out", data / "ocr"),
        "has no labels": (data, *base[1:]),
    }.items():
        done = call(*arguments)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr
    assert not (data / "aug").exists()
