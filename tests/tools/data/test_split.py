import json
from functools import partial

import pyarrow.parquet as pq
import pytest

from kdxf.io.annotations import read_annotations, read_classes
from kdxf.text.ocr.table import to_arrow
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def data(tmp_path):
    """Three sparse class folders of 20, 2 and 1 images, two unlabelled images, and names for the classes."""
    root = tmp_path / "data 1"
    for label, count in (("2", 20), ("10", 2), ("136", 1)):
        folder = root / "train" / label
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"图 {number}.jpg").touch()
    (root / "test").mkdir()
    for number in range(2):
        (root / "test" / f"{number}.jpg").touch()
    names = {"2": "饿了么外卖", "10": "家电", "136": "电动车自行车", "99": "unused"}
    (root / "names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    return root


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/split.py")


def test_splits_a_folder_then_refuses_then_splits_a_list(call, data, tmp_path):
    folders = (data / "train", "--test", data / "test", "--class-names", data / "names.json")
    before = sorted(data.iterdir())
    done = call(*folders, "--dry-run")
    assert done.returncode == 0 and "dry run: nothing was written" in done.stdout, done.stderr
    assert sorted(data.iterdir()) == before
    done = call(*folders)
    assert done.returncode == 0, done.stderr
    assert "train             19        3         1       17" in done.stdout
    assert "val                4        2         1        3" in done.stdout
    assert "warning: classes of one image, which is in train; none in val (1): 电动车自行车" in done.stdout
    assert read_classes(data / "classes.txt") == ["饿了么外卖", "家电", "电动车自行车"]
    train = read_annotations(data / "train.csv")
    assert train["label"].value_counts().to_dict() == {"饿了么外卖": 17, "家电": 1, "电动车自行车": 1}
    assert all((data / image).is_file() for image in train["image"])
    assert read_annotations(data / "test.csv").values.tolist() == [["test/0.jpg"], ["test/1.jpg"]]

    done = call(data / "train", "--test", data / "test")  # without the names
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "classes.csv, classes.txt, train.csv, train_full.csv, val.csv would change; --overwrite" in done.stderr

    fractions = ("--split", "0.5", "--test-fraction", "0.25", "--seed", "7")
    done = call(data / "train_full.csv", "--out", tmp_path / "lists", *fractions)
    assert done.returncode == 0, done.stderr
    sizes = [len(read_annotations(tmp_path / "lists" / f"{name}.csv")) for name in ("train", "val", "test")]
    assert sizes == [12, 6, 5]  # 10 + 1 + 1, 5 + 1 + 0, 5 + 0 + 0


def test_a_test_fraction_alone_is_enough(call, data):
    done = call(data / "train", "--test-fraction", "0.15")
    assert done.returncode == 0, done.stderr
    sizes = [len(read_annotations(data / f"{name}.csv")) for name in ("train", "val", "test")]
    assert sizes == [16, 4, 3]  # of 20, 2 and 1: 14 + 1 + 1, 3 + 1 + 0, 3 + 0 + 0


def test_mistakes_end_with_one_line(call, data):
    cases = {
        "error: none: no such annotation file": ("none",),
        "error: split 85.0 with test fraction 0.0": (data / "train", "--split", "85"),
        "not allowed with argument": (data / "train", "--test", data / "test", "--test-fraction", "0.1"),
        "names.csv: no such file of class names": (data / "train", "--class-names", data / "names.csv"),
    }
    for message, arguments in cases.items():
        done = call(*arguments)
        assert done.returncode == 2 and message in done.stderr
    assert not (data / "train.csv").exists()


def test_groups_are_not_divided(call, data):
    rows = "".join(f"train/2/图 {number}.jpg,2,{number // 4}\n" for number in range(20))
    (data / "all.csv").write_text("image,label,shop\n" + rows, encoding="utf-8")
    (data / "groups.csv").write_text("image,group\ntrain/2/图 0.jpg,0\ntrain/2/图 4.jpg,0\n", encoding="utf-8")
    grouping = ("--group-by", "shop", "--groups", data / "groups.csv")
    done = call(data / "all.csv", "--split", "0.6", *grouping)
    assert done.returncode == 0, done.stderr
    train, val = (set(read_annotations(data / f"{name}.csv")["shop"]) for name in ("train", "val"))
    assert not train & val and train | val == {0, 1, 2, 3, 4} and len(train) == 3
    assert {0, 1} <= train or {0, 1} <= val

    texts = [
        OCRRecord.from_text(f"train/2/图 {number}.jpg", f"one and the same creative, now {number} euro")
        for number in range(8)
    ]
    pq.write_table(to_arrow(texts), data / "ocr.parquet")
    done = call(data / "all.csv", "--split", "0.6", "--ocr", data / "ocr.parquet", "--overwrite")
    assert done.returncode == 0, done.stderr
    train = set(read_annotations(data / "train.csv")["image"])
    assert len(train) == 12 and {record.image for record in texts} <= train


def test_lists_for_excel(call, data, tmp_path):
    folders = (data / "train", "--class-names", data / "names.json", "--out")
    for name, options in (("plain", ()), ("excel", ("--excel",))):
        done = call(*folders, tmp_path / name, *options)
        assert done.returncode == 0, done.stderr
    for name in ("train.csv", "classes.csv"):
        plain, excel = (tmp_path / folder / name for folder in ("plain", "excel"))
        assert excel.read_bytes() == b"\xef\xbb\xbf" + plain.read_bytes()
    done = call(tmp_path / "excel" / "train_full.csv", "--out", tmp_path / "again")  # with the class map beside it
    assert done.returncode == 0, done.stderr
    assert read_classes(tmp_path / "again" / "classes.txt") == read_classes(tmp_path / "plain" / "classes.txt")
