import tarfile
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
    assert list_inputs(both) == (["a b.jpg", "c.jpg", "d.jpg"], tmp_path)


def pack(path, folder, names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name in names:
            archive.add(folder / name, f"./{name}")


def test_shards_and_any_mixture(draw, tmp_path):
    for name in ("cat/1.png", "图 2.PNG"):
        draw(tmp_path / "img" / name)
    (tmp_path / "img" / "labels.json").write_text("{}")
    pack(tmp_path / "s" / "0.tar", tmp_path / "img", ["cat/1.png", "labels.json", "图 2.PNG"])
    pack(tmp_path / "s" / "1.tar.gz", tmp_path / "img", ["cat/1.png"])
    shards = [tmp_path / "s" / "0.tar", tmp_path / "s" / "1.tar.gz"]
    keys = ["0.tar/cat/1.png", "0.tar/图 2.PNG", "1.tar.gz/cat/1.png"]
    assert list_inputs(shards) == (keys, tmp_path / "s")
    (tmp_path / "l.csv").write_text("image\nimg/x.jpg\n")
    with pytest.raises(UserError, match="--root is missing: the inputs lie in several folders; name the one"):
        list_inputs([*shards, tmp_path / "l.csv"])
    images, root = list_inputs([shards[1], tmp_path / "l.csv", tmp_path / "img" / "cat"], tmp_path)
    assert (images, root) == (["s/1.tar.gz/cat/1.png", "img/x.jpg", "img/cat/1.png"], tmp_path)


def test_shard_errors(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    pack(tmp_path / "0.tar", tmp_path, ["a.txt"])
    with pytest.raises(UserError, match=r"0.tar: no images there"):
        list_inputs([tmp_path / "0.tar"])
    with pytest.raises(UserError, match=r"0.tar: does not lie below the image root"):
        list_inputs([tmp_path / "0.tar"], tmp_path / "elsewhere")
    (tmp_path / "0.tar").write_bytes(b"x" * 700)
    with pytest.raises(UserError, match=r"0.tar: not a whole tar file"):
        list_inputs([tmp_path / "0.tar"])


def test_errors(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(
        UserError, match=r"in: no images there; give a folder of images, an annotation file, or tar shards"
    ):
        list_inputs([tmp_path / "in"])
    (tmp_path / "in" / "0.tar").write_bytes(b"")
    with pytest.raises(UserError, match=r"in: no images there; tar shards in a folder .* named: .*in/\*\.tar$"):
        list_inputs([tmp_path / "in"])
    with pytest.raises(UserError, match=r"in: does not lie below the image root .*; change --root"):
        list_inputs([tmp_path / "in"], tmp_path / "elsewhere")
    with pytest.raises(UserError, match="no such annotation file"):
        list_inputs([tmp_path / "none.csv"])
