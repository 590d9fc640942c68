import tarfile
from pathlib import Path

import pytest

from kdxf.errors import UserError
from kdxf.io.images import ImageReadError
from kdxf.text.ocr import list_inputs
from kdxf.text.ocr.sources import ImageSource


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


@pytest.fixture
def root(draw, tmp_path):
    """Pictures of different widths: ``a.png``, one in a folder that is named like a shard, and two shards."""
    draw(tmp_path / "a.png", width=1)
    draw(tmp_path / "folder.tar" / "b.png", width=2)
    draw(tmp_path / "in" / "图 c.png", width=3)
    draw(tmp_path / "in" / "d.png", width=4)
    (tmp_path / "in" / "bad.png").write_bytes(b"bad")
    (tmp_path / "s").mkdir()
    with tarfile.open(tmp_path / "s" / "0.tar", "w") as archive:
        archive.add(tmp_path / "in" / "图 c.png", "cat/图 c.png")
        archive.add(tmp_path / "in" / "bad.png", "bad.png")
    with tarfile.open(tmp_path / "s" / "1.tgz", "w:gz") as archive:
        archive.add(tmp_path / "in" / "d.png", "d.png")
    return tmp_path


def test_files_and_members(root):
    source = ImageSource(root)
    keys = ["a.png", "folder.tar/b.png", "s/0.tar/cat/图 c.png", "s/1.tgz/d.png", "s/0.tar/cat/图 c.png"]
    assert [source.read(key).shape[1] for key in keys] == [1, 2, 3, 4, 3]
    assert source.read(str(root / "s" / "1.tgz" / "d.png")).shape == (4, 4, 3)
    files = [source.file_of(key).relative_to(root).as_posix() for key in keys]
    assert files == ["a.png", "folder.tar/b.png", "s/0.tar", "s/1.tgz", "s/0.tar"]
    assert source.read_bytes("s/1.tgz/d.png") == (root / "in" / "d.png").read_bytes()


def test_what_cannot_be_read(root):
    source = ImageSource(root)
    cases = {
        "none.png": "cannot open the file",
        "gone.tar/a.png": "cannot open the file",
        "s/0.tar/none.png": "the tar shard has no such member",
        "s/0.tar/bad.png": "not a whole picture",
    }
    for key, reason in cases.items():
        with pytest.raises(ImageReadError, match=reason):
            source.read(key)
    (root / "s" / "0.tar").write_bytes(b"")
    with pytest.raises(ImageReadError, match="0.tar: not a whole tar file"):
        ImageSource(root).read("s/0.tar/bad.png")
