"""Folders as people have them: each picture once, under the name and the class that it has."""

import os
import unicodedata

import pytest

from kdxf.errors import UserError
from kdxf_runtime.io.folders import is_hidden, list_images, walk

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr("kdxf_runtime.log.LOG.warning", said.append)
    return said


def test_list_images(tmp_path):
    touch(tmp_path / "in", "b.JPG", "a dir/图.png", "a dir/notes.txt", "z/y/x.webp", "c.JPEG")
    touch(tmp_path / "elsewhere", "far.tif")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    assert list_images(tmp_path / "in") == ["a dir/图.png", "b.JPG", "c.JPEG", "linked/far.tif", "z/y/x.webp"]


def test_list_images_needs_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere is not a folder: give the folder that holds the images"):
        list_images(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._1.jpg",
        ".hidden.png",
        ".ipynb_checkpoints/1-checkpoint.png",
        ".git/1.png",
        "__MACOSX/cat/._1.jpg",
        "__MACOSX/cat/1.jpg",
        "cat/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        "$RECYCLE.BIN/1.jpg",
        "#recycle/1.jpg",
        "System Volume Information/1.jpg",
        "lost+found/1.jpg",
        "Thumbs.db",
        "cat/desktop.ini",
    ],
)
def test_leftovers_of_systems_and_archives_are_passed_over(tmp_path, name):
    touch(tmp_path, name, "cat/0.jpg")
    (tmp_path / name).write_bytes(PNG)
    assert list_images(tmp_path) == ["cat/0.jpg"]
    assert any(map(is_hidden, name.split("/"))) and not is_hidden("cat")


def test_a_picture_without_an_extension_is_known_by_its_header(tmp_path, warnings):
    (tmp_path / "photo").write_bytes(PNG)
    (tmp_path / "3.14").write_bytes(PNG)  # an extension of its own
    (tmp_path / "README").write_text("BM")
    touch(tmp_path, "empty")
    assert list_images(tmp_path) == ["photo"] and not warnings


def test_pictures_of_other_formats_are_said_to_be_left_out(tmp_path, warnings):
    touch(tmp_path, "a.PSD", "b/c.psd", "d.svg", "e.txt", "f.jpg")
    assert list_images(tmp_path) == ["f.jpg"]
    text = f"{tmp_path}: 3 pictures are of formats that are not read, and left out (2 .psd, 1 .svg); convert them to"
    assert [message[: len(text)] for message in warnings] == [text]


@pytest.mark.parametrize("target", [".", "..", "../..", "cat", "/"])
def test_links_that_lead_back_up_are_not_followed(tmp_path, target):
    """Even with one that leads to a folder above, whose other folders are of other data."""
    data = tmp_path / "all" / "train"
    touch(data, "cat/1.jpg", "dog/2.jpg")
    touch(tmp_path / "all", "val/cat/3.jpg")
    (data / "cat" / "up").symlink_to(os.path.join(data / "cat", target) if target != "cat" else data / "cat")
    assert list_images(data) == ["cat/1.jpg", "dog/2.jpg"]


def test_a_loop_outside_ends(tmp_path):
    touch(tmp_path / "other" / "a", "1.jpg")
    (tmp_path / "other" / "a" / "round").symlink_to(tmp_path / "other")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "other")
    assert list_images(tmp_path / "in") == ["link/a/1.jpg"]


def test_each_picture_once_under_its_own_name(tmp_path):
    """``a`` sorts before ``m``, and is the link."""
    touch(tmp_path, "m/1.jpg", "m/.hidden/9.jpg")
    (tmp_path / "a").symlink_to(tmp_path / "m")
    (tmp_path / "z").symlink_to(tmp_path / "m")
    (tmp_path / "0.jpg").symlink_to(tmp_path / "m" / "1.jpg")
    (tmp_path / "9.jpg").symlink_to(tmp_path / "m" / ".hidden" / "9.jpg")  # which is not seen otherwise
    (tmp_path / "nowhere.jpg").symlink_to(tmp_path / "none.jpg")
    assert list_images(tmp_path) == ["9.jpg", "m/1.jpg"]


def test_two_links_to_one_folder_elsewhere(tmp_path):
    touch(tmp_path / "far", "1.jpg")
    (tmp_path / "in").mkdir()
    for name in ("b", "a"):
        (tmp_path / "in" / name).symlink_to(tmp_path / "far")
    assert list_images(tmp_path / "in") == ["a/1.jpg"]


def test_the_folder_itself_may_be_a_link_or_hidden(tmp_path):
    touch(tmp_path / ".data", "cat/1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / ".data")
    assert list_images(tmp_path / ".data") == list_images(tmp_path / "link") == ["cat/1.jpg"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_either_unicode_form(tmp_path, form):
    touch(tmp_path, unicodedata.normalize(form, "thé/café.jpg"))
    assert list_images(tmp_path) == [unicodedata.normalize("NFC", "thé/café.jpg")]


def test_a_picture_in_both_forms_is_there_once(tmp_path):
    touch(tmp_path, *(unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD")))
    assert list_images(tmp_path) == ["\u00e9.jpg"]


def test_names_that_are_no_utf8(tmp_path):
    (tmp_path / os.fsdecode(b"\xb9.jpg")).touch()
    assert list_images(tmp_path, any_name=True) == ["\udcb9.jpg"]
    message = r": \\udcb9.jpg \(1 in all\) has a name that is not UTF-8, which a list cannot hold; rename it"
    with pytest.raises(UserError, match=message):
        list_images(tmp_path)


def test_walk_gives_files_of_any_kind(tmp_path):
    touch(tmp_path, "a.txt", "b/c", "b/.d")
    assert sorted(name for name, _ in walk(tmp_path)) == ["a.txt", "b/c"]
    assert {name: entry.stat().st_size for name, entry in walk(tmp_path)} == {"a.txt": 0, "b/c": 0}
