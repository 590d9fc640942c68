import errno
import os

import pytest

from kdxf.errors import UserError
from kdxf.recipes.pipeline.outputs import clear, put_aside, there


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work" / "model").mkdir(parents=True)
    (tmp_path / "work" / "model" / "last.pth").write_text("weights")
    (tmp_path / "work" / "link").symlink_to("nowhere")
    return tmp_path / "work"


def test_everything_keeps_its_path(work):
    outputs = (f"{work}/model/last.pth", f"{work}/link", f"{work}/model", f"{work}/none")
    assert there(outputs) == [work / "link", work / "model", work / "model" / "last.pth"]
    folder = work / ".stages" / "replaced" / "a"
    assert put_aside(outputs, work, folder) == [work / "link", work / "model"]
    assert (folder / "model" / "last.pth").read_text() == "weights" and os.readlink(folder / "link") == "nowhere"
    assert there(outputs) == [] and put_aside(outputs, work, folder) == []


def test_nothing_is_overwritten(work):
    folder = work / "aside"
    for text in ("weights", "second", "third"):
        (work / "model").mkdir(exist_ok=True)
        (work / "model" / "last.pth").write_text(text)
        put_aside((f"{work}/model",), work, folder)
    found = {path.parent.name: path.read_text() for path in folder.rglob("*.pth")}
    assert found == {"model": "weights", "model.1": "second", "model.2": "third"}
    clear(folder)
    clear(folder)
    assert not folder.exists()


def test_another_file_system(work, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("kdxf.recipes.pipeline.outputs.os.rename", refuse)
    message = r"work/model is of an earlier run and cannot be moved to .*aside/model: Invalid cross.*; move it away$"
    with pytest.raises(UserError, match=message):
        put_aside((f"{work}/model",), work, work / "aside")
    assert (work / "model" / "last.pth").read_text() == "weights"
