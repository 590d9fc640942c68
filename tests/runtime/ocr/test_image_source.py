import tarfile

import pytest

from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.image_source import ImageSource


def pack(path, folder, names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name in names:
            archive.add(folder / name, f"./{name}")


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
