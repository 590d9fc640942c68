import sys

import fsspec
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.addresses import is_address, list_address, read_address
from kdxf_runtime.runner import Picture


@pytest.fixture
def memory():
    """Some files in memory, gone afterwards."""
    files = fsspec.filesystem("memory")
    for name in ("b/2.PNG", "b/图 1.jpg", "b/.hidden/3.jpg", "b/notes.txt", "1.webp"):
        files.pipe(f"/shop/{name}", name.encode())
    yield "memory://shop"
    files.rm("/shop", recursive=True)


def test_what_is_an_address():
    assert [is_address(path) for path in ("s3://b/k", "file:///a", "a/b.jpg", "C:\\a", "c://a")] == [True, True] + [
        False
    ] * 3


def test_pictures_below_an_address(memory):
    assert list_address(memory) == list_address(memory + "/") == (memory, ["1.webp", "b/2.PNG", "b/图 1.jpg"])
    assert list_address(f"{memory}/b/2.PNG") == (f"{memory}/b", ["2.PNG"])
    assert read_address(f"{memory}/b/图 1.jpg") == "b/图 1.jpg".encode()


def test_files_by_their_address(tmp_path, draw):
    draw(tmp_path / "a" / "1.png")
    assert list_address(f"file://{tmp_path}") == (f"file://{tmp_path}", ["a/1.png"])
    assert read_address(f"file://{tmp_path}/a/1.png") == (tmp_path / "a" / "1.png").read_bytes()


def test_what_cannot_be_read_is_a_row(memory):
    picture = Picture.read(f"{memory}/gone.jpg", "gone.jpg")
    assert (picture.image_id, picture.data) == ("gone.jpg", b"")
    assert picture.error.startswith("cannot open the address: ") and "gone.jpg" in picture.error
    assert Picture.read(f"{memory}/1.webp", "x") == Picture("x", b"1.webp")


def test_nothing_there(memory):
    for address in ("memory://nowhere", f"{memory}/none"):
        with pytest.raises(UserError, match=rf"^{address}: (no images there; known are .avif|cannot be listed \()"):
            list_address(address)


def test_missing_packages_and_unknown_protocols(monkeypatch):
    with pytest.raises(UserError, match="^none://x: .*none"):
        list_address("none://x")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UserError, match=r"^s3://b/k needs the package s3fs: pip install 'kdxf\[s3\]'"):
        list_address("s3://b/k")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UserError, match=r"^memory://x needs the package fsspec.*: pip install 'kdxf\[fsspec\]'"):
        read_address("memory://x")
