import runpy
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

from kdxf.text.ocr.table import to_arrow
from kdxf_runtime.ocr.record import OCRRecord


@pytest.fixture
def data(tmp_path):
    rows = [f"{label}{number}.jpg,{label},{number // 2}\n" for label in "ab" for number in range(8)]
    (tmp_path / "all.csv").write_text("image,label,shop\n" + "".join(rows) + "c0.jpg,c,9\n")
    (tmp_path / "groups.csv").write_text(
        "image,list,label,group,kind,distance\na0.jpg,,a,0,reference,0\na7.jpg,,a,0,near,0\n"
    )
    texts = [
        OCRRecord.from_text(image, f"one and the same advertisement, {image[1]} euro") for image in ("b1.jpg", "b6.jpg")
    ]
    pq.write_table(to_arrow(texts), tmp_path / "ocr.parquet")
    return tmp_path


def call(repo, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["kfold.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(repo / "tools" / "data" / "kfold.py"), run_name="__main__")
    return exit.value.code


def test_folds_with_groups_of_all_kinds(repo, data, monkeypatch, capsys):
    before = (data / "all.csv").read_bytes()
    grouping = ("--groups", data / "groups.csv", "--ocr", data / "ocr.parquet", "--folds", 4)
    command = (data / "all.csv", "--out", data / "folds", *grouping, "--lists", "--report", data / "page.html")
    assert call(repo, monkeypatch, *command, "--dry-run") == 0
    assert not (data / "folds").exists() and not (data / "page.html").exists()
    assert call(repo, monkeypatch, *command) == 0
    folds = pd.read_csv(data / "folds" / "folds.csv").set_index("image")
    assert list(folds.columns) == ["label", "shop", "fold"]
    assert folds["fold"]["a0.jpg"] == folds["fold"]["a7.jpg"] and folds["fold"]["b1.jpg"] == folds["fold"]["b6.jpg"]
    assert folds[folds["label"] != "c"].groupby(["label", "fold"]).size().tolist() == [2] * 8
    val = [pd.read_csv(data / "folds" / f"fold_{fold}" / "val.csv")["image"] for fold in range(4)]
    assert sorted(pd.concat(val)) == sorted(folds.index[folds["label"] != "c"])
    out = capsys.readouterr().out
    assert "train only" in out and "warning: classes of one image or one group" in out
    assert "2 images, fold" in (data / "page.html").read_text() and (data / "all.csv").read_bytes() == before
    assert call(repo, monkeypatch, *command) == 2
    assert "page.html: is there already" in capsys.readouterr().err


def test_the_table_beside_the_list(repo, data, monkeypatch, capsys):
    (data / "ocr").mkdir()
    (data / "ocr.parquet").rename(data / "ocr" / "part-0.parquet")
    command = (data / "all.csv", "--out", data, "--folds", 8, "--overwrite")
    apart = 0
    for seed in range(4):
        assert call(repo, monkeypatch, *command, "--seed", seed) == 0
        assert "ocr: 2 images have nearly the same long text as another" in capsys.readouterr().out
        fold = pd.read_csv(data / "folds.csv").set_index("image")["fold"]
        assert fold["b1.jpg"] == fold["b6.jpg"]
        assert call(repo, monkeypatch, *command, "--seed", seed, "--no-ocr") == 0
        assert "text" not in capsys.readouterr().out
        fold = pd.read_csv(data / "folds.csv").set_index("image")["fold"]
        apart += fold["b1.jpg"] != fold["b6.jpg"]
    assert apart


def test_groups_by_column(repo, data, monkeypatch):
    assert (
        call(repo, monkeypatch, data / "all.csv", "--out", data, "--group-by", "shop", "--folds", 2, "--seed", 3) == 0
    )
    assert (pd.read_csv(data / "folds.csv").groupby("shop")["fold"].nunique() == 1).all()


def test_mistakes_end_with_one_line(repo, data, monkeypatch, capsys):
    (data / "bare.csv").write_text("image\na.jpg\n")
    cases = {
        "bare.csv: has no labels": (data / "bare.csv",),
        "--folds: must be at least 2, not 0": (data / "all.csv", "--folds", 0),
        "no column 'city' to group by": (data / "all.csv", "--group-by", "city"),
    }
    for message, arguments in cases.items():
        assert call(repo, monkeypatch, *arguments, "--out", data / "out") == 2
        assert message in capsys.readouterr().err
    assert not (data / "out").exists()
