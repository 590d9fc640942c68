from functools import partial

import pandas as pd
import pytest

from kdxf.io.annotations import read_annotations, read_classes


@pytest.fixture
def call(run_tool):
    return partial(run_tool, "tools/data/subset.py")


def test_chooses_classes_for_a_stage(call, tmp_path):
    rows = [(f"{label}{row}.jpg", label) for label, count in (("0", 9), ("1", 3), ("2", 4)) for row in range(count)]
    pd.DataFrame(rows, columns=["image", "label"]).to_csv(tmp_path / "train.csv", index=False)
    (tmp_path / "val.txt").write_text("v.jpg 0\nw.jpg 2\n")
    (tmp_path / "classes.txt").write_text("milk\ntea\n牛奶\n")
    arguments = (tmp_path / "train.csv", tmp_path / "val.txt", "--sizes", "3", "5", "--out", tmp_path / "stage1")
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    assert "2 of 3 classes\nwritten to" in done.stdout
    assert read_annotations(tmp_path / "stage1" / "train.csv")["label"].value_counts().to_dict() == {
        "牛奶": 4,
        "tea": 3,
    }
    assert read_annotations(tmp_path / "stage1" / "val.csv").values.tolist() == [["w.jpg", "牛奶"]]
    assert read_classes(tmp_path / "stage1" / "classes.txt") == ["tea", "牛奶"]
    assert (tmp_path / "stage1" / "classes.csv").read_text(encoding="utf-8").splitlines() == [
        "index,id,name,images,full_index", "0,tea,tea,3,1", "1,牛奶,牛奶,4,2",
    ]  # fmt: skip

    done = call(*arguments, "--keep-classes")
    assert done.returncode == 2 and "classes.csv: is there already" in done.stderr
    done = call(*arguments, "--keep-classes", "--overwrite", "--first", "1")
    assert "3 of 3 classes" in done.stdout
    assert read_classes(tmp_path / "stage1" / "classes.txt") == ["milk", "tea", "牛奶"]

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.csv").write_text("image,label\n")
    done = call(tmp_path / "train.csv", tmp_path / "other" / "train.csv", "--out", tmp_path / "x")
    assert done.returncode == 2 and "error: two lists have one name, and so would their results in" in done.stderr
