import os
import shutil

import pytest

import kdxf.content_digest as module
from kdxf.content_digest import content_digest
from kdxf.digests import file_digest, settings_digest


@pytest.fixture
def folder(tmp_path):
    """A folder with a file, a picture two folders below, and what does not count."""
    deep = tmp_path / "folder" / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "c.JPG").write_bytes(b"1234")
    (tmp_path / "folder" / "v.npy").write_bytes(b"vectors")
    (tmp_path / "folder" / ".lock").touch()
    return tmp_path / "folder"


def test_a_file_counts_by_its_bytes(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"1234")
    assert content_digest(tmp_path / "a.jpg") == file_digest(tmp_path / "a.jpg")
    assert content_digest(str(tmp_path / "a.jpg")) == file_digest(tmp_path / "a.jpg")


def test_a_folder_counts_by_names_bytes_and_sizes_of_pictures(folder):
    expected = settings_digest([["a/b/c.JPG", 4], ["v.npy", file_digest(folder / "v.npy")]])
    assert content_digest(folder) == expected
    (folder / "a" / "b" / "c.JPG").write_bytes(b"4321")  # a picture of the same size
    os.utime(folder / "v.npy", ns=(1, 1))
    (folder / "a" / ".hidden").write_bytes(b"x")
    assert content_digest(folder) == expected
    shutil.copytree(folder, folder.parent / "copy")
    assert content_digest(folder.parent / "copy") == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a" / "b" / "c.JPG").write_bytes(b"12345"),
        lambda folder: (folder / "a" / "b" / "c.JPG").rename(folder / "c.JPG"),
        lambda folder: (folder / "v.npy").write_bytes(b"srotcev"),
        lambda folder: (folder / "v.npy").rename(folder / "w.npy"),
        lambda folder: (folder / "new").touch(),
    ],
)
def test_what_counts(folder, change):
    before = content_digest(folder)
    change(folder)
    assert content_digest(folder) != before


def test_pictures_are_not_read(folder, monkeypatch):
    read = []
    monkeypatch.setattr(module, "known_digest", lambda path: read.append(os.path.basename(path)) or "0")
    content_digest(folder)
    assert read == ["v.npy"]
