import runpy
import sys

import pytest
from advertisements.classes import CLASSES

from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, read_classes


@pytest.fixture
def script(repo):
    return str(repo / "projects" / "demo" / "sample.py")


@pytest.fixture
def copy_sample(script):
    return runpy.run_path(script)["copy_sample"]


def test_copies_and_refuses(repo, script, tmp_path, monkeypatch, capsys):
    options = ["--out", str(tmp_path / "set"), "--labelled", "3", "--unlabelled", "1"]
    monkeypatch.setattr(sys, "argv", [script, *options])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(script, run_name="__main__")
    assert not done.value.code
    assert "train             24       12         2        2" in capsys.readouterr().out
    folder, demo = tmp_path / "set", repo / "data" / "demo"
    assert read_classes(folder / "classes.txt") == [item.name for item in CLASSES]
    lists = {name: read_annotations(folder / f"{name}.csv") for name in ("train", "val", "train_full", "test")}
    assert {name: len(frame) for name, frame in lists.items()} == {"train": 24, "val": 12, "train_full": 36, "test": 12}
    listed = {image for frame in lists.values() for image in frame["image"]}
    assert listed == {str(path.relative_to(folder)) for path in (folder / "images").rglob("*.jpg")}
    assert all((folder / image).read_bytes() == (demo / image).read_bytes() for image in listed)
    labels = dict(read_annotations(demo / "train_full.csv")[["image", "label"]].itertuples(index=False))
    assert all(labels[row.image] == row.label for row in lists["train_full"].itertuples())
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(script, run_name="__main__")
    assert "set/images/train exists; --overwrite replaces it" in capsys.readouterr().err


def test_replaces_when_asked(repo, copy_sample, tmp_path):
    demo = repo / "data" / "demo"
    copy_sample(demo, tmp_path, 3, 1)
    copy_sample(demo, tmp_path, 2, 1, overwrite=True)
    assert len(list((tmp_path / "images" / "train").rglob("*.jpg"))) == 24
    assert len(read_annotations(tmp_path / "train_full.csv")) == 24


def test_says_what_is_wrong(repo, copy_sample, tmp_path):
    demo, out = repo / "data" / "demo", tmp_path / "out"
    with pytest.raises(UserError, match="1 labelled images per class: needs at least 2"):
        copy_sample(demo, out, 1, 1)
    with pytest.raises(UserError, match="images/train/00: 54 pictures, not the 55 asked for; ask for fewer"):
        copy_sample(demo, out, 55, 1)
    with pytest.raises(UserError, match="images/test: 48 pictures, not the 60 asked for"):
        copy_sample(demo, out, 2, 5)
    with pytest.raises(UserError, match="nothing/images/train: no folder of a class"):
        copy_sample(tmp_path / "nothing", out, 2, 1)
    assert not out.exists()
