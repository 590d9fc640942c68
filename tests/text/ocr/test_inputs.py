from pathlib import Path

import pytest

from kdxf.errors import UserError
from kdxf.text.ocr import list_inputs


def test_folder(draw, tmp_path):
    for name in ("b/图 1.png", "a.png"):
        draw(tmp_path / name)
    assert list_inputs([tmp_path]) == (["a.png", "b/图 1.png"], tmp_path)
    assert list_inputs([tmp_path / "b"], tmp_path) == (["b/图 1.png"], tmp_path)


def test_annotation_files(tmp_path):
    (tmp_path / "train.txt").write_text("a b.jpg 3\nc.jpg 4\n")
    (tmp_path / "test.csv").write_text("image,label\nd.jpg,cat\n")
    assert list_inputs([tmp_path / "train.txt"]) == (["a b.jpg", "c.jpg"], tmp_path)
    both = [tmp_path / "train.txt", tmp_path / "test.csv"]
    assert list_inputs(both, Path("img")) == (["a b.jpg", "c.jpg", "d.jpg"], Path("img"))
    with pytest.raises(UserError, match="--root is missing: with several inputs, name the folder"):
        list_inputs(both)


def test_errors(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(UserError, match=r"in: no images there; give a folder of images or an annotation file"):
        list_inputs([tmp_path / "in"])
    with pytest.raises(UserError, match=r"in: does not lie below the image root .*; change --root"):
        list_inputs([tmp_path / "in"], tmp_path / "elsewhere")
    with pytest.raises(UserError, match="no such annotation file"):
        list_inputs([tmp_path / "none.csv"])
