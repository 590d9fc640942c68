import errno
import os

import pytest

from kdxf_runtime.io.files import copy_whole, in_utf8, link_whole, read_json, replacing, write_json, write_whole


def test_files_appear_whole_in_new_folders_and_leave_nothing_beside_them(tmp_path):
    write_whole(b"abc", tmp_path / "a" / "x.jpg")
    os.utime(tmp_path / "a" / "x.jpg", ns=(10**18, 10**18))
    copy_whole(tmp_path / "a" / "x.jpg", tmp_path / "b" / "x.jpg")
    link_whole(tmp_path / "a" / "x.jpg", tmp_path / "c" / "x.jpg")
    for name in "abc":
        assert (tmp_path / name / "x.jpg").read_bytes() == b"abc"
        assert os.listdir(tmp_path / name) == ["x.jpg"]
        assert (tmp_path / name / "x.jpg").stat().st_mtime_ns == 10**18
    assert (tmp_path / "c" / "x.jpg").samefile(tmp_path / "a" / "x.jpg")


def test_replacing_a_link_leaves_the_other_name_alone(tmp_path):
    write_whole(b"old", tmp_path / "x")
    link_whole(tmp_path / "x", tmp_path / "y")
    write_whole(b"new", tmp_path / "y")
    assert (tmp_path / "x").read_bytes() == b"old"


def test_what_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    (tmp_path.parent / "seed").write_bytes(b"abc")
    monkeypatch.setattr("os.replace", full)
    for write in (
        lambda: write_whole(b"abc", tmp_path / "x"),
        lambda: copy_whole(__file__, tmp_path / "x"),
        lambda: link_whole(tmp_path.parent / "seed", tmp_path / "x"),
    ):
        with pytest.raises(OSError):
            write()
        assert os.listdir(tmp_path) == []


def test_json(tmp_path):
    assert read_json(tmp_path / "x.json") is None
    content = {"name": "奶粉", "path": os.fsdecode(b"a/\xb9.jpg"), "other": ["\\udcb9"]}
    write_json(content, tmp_path / "x.json")
    assert read_json(tmp_path / "x.json") == content
    assert '  "name": "奶粉",\n' in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["a b.jpg", "图/奶粉.jpg", "\\udcb9.jpg", ""])
def test_what_is_utf8_stays(name):
    assert in_utf8(name) == name


def test_other_bytes_are_written_out():
    assert in_utf8(os.fsdecode(b"a/\xb9\xe3.jpg")) == "a/\\udcb9\\udce3.jpg"


def test_a_full_disk_gets_the_name_of_the_file(tmp_path):
    def fill(name):
        raise OSError(errno.ENOSPC, "No space left on device", name)

    for name, expected in ((None, str(tmp_path / "a")), ("b", "b")):
        with pytest.raises(OSError, match="No space left") as raised, replacing(tmp_path / "a"):
            fill(name)
        assert raised.value.filename == expected
