import os

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

import kdxf.engine.config_files as module
from kdxf.engine.config_files import config_contents, config_files
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf.text.ocr.table import to_arrow
from kdxf_runtime.io.digests import file_digest, settings_digest
from kdxf_runtime.ocr.record import OCRRecord


def write_table(path, *rows):
    records = [
        OCRRecord(image, [text], np.ones(1, np.float32), np.zeros((1, 4, 2), np.float32), 4, 4, "e", None)
        for image, text in rows
    ]
    path.parent.mkdir(exist_ok=True)
    pq.write_table(to_arrow(records), path)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with data, in which everything runs."""
    data = tmp_path / "data"
    (data / "images").mkdir(parents=True)
    (data / "vectors").mkdir()
    (data / "vectors" / "v.npy").write_bytes(b"123")
    (data / "images" / "a.jpg").write_bytes(b"x")
    (data / "train.csv").write_text("image,label\na.jpg,x\n")
    (data / "val.csv").write_text("image,label\nb.jpg,x\n")
    (data / "soft.parquet").write_bytes(b"soft")
    (tmp_path / "start.pth").write_bytes(b"weights")
    write_table(data / "ocr" / "part-0.parquet", ("a.jpg", "milk"), ("b.jpg", "tea"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loader(ann_file="train.csv"):
    pipeline = [{"type": "LookUp", "vectors": "data/vectors", "max_tokens": 4}, {"type": "vectors", "word": "a" * 999}]
    places = {"data_root": "data", "data_prefix": "images", "ann_file": ann_file, "ocr_file": "ocr"}
    more = {"soft_label_file": "soft.parquet", "classes": ["soft", "."], "pipeline": pipeline}
    inner = {"type": "Text", **places, **more}
    return {"batch_size": 4, "dataset": {"type": "Balanced", "dataset": inner}}


def settings():
    weights = {"type": "Pretrained", "checkpoint": "start.pth", "prefix": "https://x.org/y.pth"}
    model = {"backbone": {"_scope_": "data", "init_cfg": weights}}
    return {"train": loader(), "val": loader("val.csv"), "model": model, "load_from": None, "cwd": "."}


def test_what_is_named(place):
    found = config_files(settings())
    assert {key: list(files) for key, files in found.items()} == {
        "ann_file": ["data/train.csv", "data/val.csv"],
        "ocr_file": ["data/ocr"],
        "soft_label_file": ["data/soft.parquet"],
        "vectors": ["data/vectors"],
        "data_prefix": ["data/images"],
        "checkpoint": ["start.pth"],
    }
    assert found["checkpoint"]["start.pth"] == file_digest("start.pth")


def changed(before):
    after = config_contents(settings())
    assert before.keys() == after.keys()
    return [key for key in before if before[key] != after[key]]


def test_contents_count_and_nothing_else(place, monkeypatch):
    data = place / "data"
    before = config_contents(settings())
    for path in (data / "soft.parquet", data / "vectors" / "v.npy", data / "ocr" / "part-0.parquet"):
        os.utime(path, ns=(1, 1))
    (data / "images" / "c.jpg").write_bytes(b"in no list")
    (data / "vectors" / ".lock").touch()
    write_table(data / "ocr" / "part-1.parquet", ("c.jpg", "the table grows"))
    assert changed(before) == []
    for path, content, key in (
        (data / "soft.parquet", b"tfos", "soft_label_file"),
        (data / "vectors" / "v.npy", b"321", "vectors"),
        (data / "vectors" / "new", b"", "vectors"),
        (data / "train.csv", b"image,label\na.jpg,y\n", "ann_file"),
        (data / "images" / "a.jpg", b"larger", "data_prefix"),
        (data / "images" / "b.jpg", b"of val.csv", "data_prefix"),
    ):
        path.write_bytes(content)
        assert changed(before) == [key]
        before = config_contents(settings())
    write_table(data / "ocr" / "part-2.parquet", ("b.jpg", "coffee"))
    assert changed(before) == ["ocr_file"]


def test_places_do_not_count(place):
    before = config_contents({"load_from": "start.pth", "vectors": ["data/vectors"]})
    (place / "start.pth").rename(place / "moved.pth")
    (place / "data" / "vectors").rename(place / "v")
    assert config_contents({"load_from": str(place / "moved.pth"), "vectors": ["v"]}) == before


def test_pictures_in_a_folder_count_by_their_size(place, monkeypatch):
    cv2.imwrite("data/images/c.png", np.zeros((4, 4, 3), np.uint8))
    before = config_contents({"folder": "data/images"})
    with monkeypatch.context() as patch:
        patch.setattr("kdxf_runtime.io.digests.file_digest", None)
        assert config_contents({"folder": "data/images"}) == before
    (place / "data" / "images" / "c.png").write_bytes(b"other")
    assert config_contents({"folder": "data/images"}) != before


def pictures(**dataset):
    """The fingerprint of the pictures of a dataset, its list and root apart."""
    found = config_files({"dataset": {"ann_file": "list.csv", **dataset}}).get("data_prefix", {})
    assert len(found) < 2
    return next(iter(found.items()), None)


def test_pictures_of_a_list(place):
    (place / "list.csv").write_text("image,label\nb.jpg,x\na.jpg,x\na.jpg,x\nno.jpg,\n")
    (place / "data" / "images" / "b.jpg").write_bytes(b"yyy")
    # Sorted, each once, and the one that is missing without a size.
    digest = settings_digest([["a.jpg", 1], ["b.jpg", 3], ["no.jpg", None]])
    list_file = str(place / "list.csv")
    assert pictures(data_prefix="data/images") == ("data/images", digest)
    assert pictures(data_prefix={"img_path": "data/images"}) == ("data/images", digest)
    assert pictures(data_root="data", data_prefix="images", ann_file=list_file) == ("data/images", digest)
    assert pictures(data_root="data/images", ann_file=list_file) == ("data/images/", digest)
    assert pictures(data_root="data", ann_file=list_file) is None  # none of them lies there
    assert pictures(data_prefix="nowhere") is None
    assert pictures(data_prefix="data/images", ann_file="no.csv") is None
    (place / "data" / "images").rename(place / "elsewhere")
    assert pictures(data_prefix="elsewhere") == ("elsewhere", digest)
    (place / "elsewhere" / "a.jpg").rename(place / "a.jpg")
    assert pictures() == (".", settings_digest([["a.jpg", 1], ["b.jpg", None], ["no.jpg", None]]))


def test_lists_of_other_datasets_have_no_pictures(place):
    (place / "list.csv").write_bytes(b"\x93NUMPY\xff")
    assert pictures(data_prefix="data/images") is None
    (place / "list.csv").write_text(f"image\n{'long' * 999}\n")
    assert pictures(data_prefix="data/images") is None


def test_a_list_and_its_pictures_are_looked_at_once(place, monkeypatch):
    read, sizes = [], []
    monkeypatch.setattr(module, "read_annotations", lambda path, **_: read.append(path) or read_annotations(path))
    monkeypatch.setattr(module, "_size", sizes.append)
    config_files({"train": loader(), "val": loader("val.csv"), "again": loader()})
    assert sorted(read) == ["data/train.csv", "data/val.csv"]
    assert sorted(sizes) == ["data/images/a.jpg", "data/images/b.jpg"]


def test_files_that_cannot_be_read(place):
    (place / "data" / "val.csv").write_text("picture\n")
    with pytest.raises(UserError, match=r"data/val.csv: "):
        config_files(settings())
    assert config_files({"load_from": "no.pth", "val": {**loader("no.csv")}}).keys() >= {"ocr_file", "vectors"}


def test_words_that_are_no_folders(place):
    (place / "data" / "x").mkdir()
    (place / "docs").mkdir()
    settings = {"data_root": "data", "classes": ["x", "y"], "split": "images", "pipeline": [{"mode": "docs"}]}
    assert config_files(settings) == {}
    assert list(config_files({"data_root": "data", "vectors": "vectors", "soft": "../docs"})) == ["vectors", "soft"]
    assert config_files({"data_root": ["data"], "vectors": "vectors"}) == {}
