"""Which pictures inputs name, in which order, and what they are called."""

import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.inputs import InputImage, collect_images, relative


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.jpg", "a/sub/图 2.PNG", "a/notes.txt", "b/1.jpg", "b/3.webp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_order_and_ids(folders):
    assert collect_images(["b/3.webp", "a"]) == [
        InputImage("b/3.webp", "b/3.webp", "b/3.webp"),
        InputImage("1.jpg", "a/1.jpg", "1.jpg"),
        InputImage("sub/图 2.PNG", "a/sub/图 2.PNG", "sub/图 2.PNG"),
    ]


def test_a_name_in_two_folders_is_told_apart(folders):
    assert [image.image_id for image in collect_images(["a/", "b"])] == ["a/1.jpg", "sub/图 2.PNG", "b/1.jpg", "3.webp"]


def test_the_same_folder_twice_gives_the_same_ids(folders):
    assert [image.image_id for image in collect_images(["b", "b"])] == ["1.jpg", "3.webp"] * 2


def test_keys_below_an_ocr_root(folders):
    keys = [image.ocr_key for image in collect_images(["a", folders / "b" / "3.webp"], ocr_root=".")]
    assert keys == ["a/1.jpg", "a/sub/图 2.PNG", "b/3.webp"]


def test_a_missing_image_is_an_input(folders):
    assert collect_images(["gone.JPG"]) == [InputImage("gone.JPG", "gone.JPG", "gone.JPG")]


def test_what_exists_is_taken_as_an_image_by_any_name(folders):
    assert [image.path for image in collect_images(["a/notes.txt"])] == ["a/notes.txt"]


def test_a_missing_folder_is_refused(folders):
    with pytest.raises(UserError, match=r"^c: no such file or folder; give images, or folders that hold images$"):
        collect_images(["a", "c"])


def test_a_folder_without_images_is_refused(folders):
    (folders / "empty").mkdir()
    with pytest.raises(UserError, match=r"^empty: no images in this folder; known are \.avif, \.bmp, "):
        collect_images(["empty"])


def test_paths_below_a_folder(tmp_path):
    assert relative(str(tmp_path / "a" / "1.jpg"), tmp_path) == "a/1.jpg"
    assert relative(str(tmp_path / "1.jpg"), tmp_path / "b") == "../1.jpg"
