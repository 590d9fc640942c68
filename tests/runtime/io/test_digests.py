import hashlib
import os
import shutil

import pytest

import kdxf_runtime.io.digests as module
from kdxf_runtime.io.digests import content_digest, file_digest, files_of, known_digest, settings_digest


def test_file(tmp_path):
    content = b"x" * (1 << 20) + b"y"  # more than is read at once
    (tmp_path / "f").write_bytes(content)
    assert file_digest(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def test_settings():
    assert settings_digest({"a": 1, "b": {"c": 2, "d": 3}}) == settings_digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert settings_digest({"a": 1}) != settings_digest({"a": 2}) and len(settings_digest([])) == 64


def test_a_file_is_read_again_when_it_has_changed(tmp_path, monkeypatch):
    path = tmp_path / "f"
    path.write_text("a")
    before = known_digest(path)
    assert before == file_digest(path)
    with monkeypatch.context() as patch:
        patch.setattr("kdxf_runtime.io.digests.file_digest", None)
        assert known_digest(path) == before
    path.write_text("ab")
    assert known_digest(path) == file_digest(path)


def test_files_of_a_folder(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_text("xyz")
    (tmp_path / "a" / "nowhere").symlink_to(tmp_path / "no")
    assert [(name, status.st_size) for name, status in files_of(tmp_path / "a")] == [("b/c.txt", 3)]


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").touch()
    for name in ("me", "you"):
        (tmp_path / "a" / name).symlink_to(tmp_path)
    assert [name for name, _ in files_of(tmp_path)] == ["a/x"]


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
