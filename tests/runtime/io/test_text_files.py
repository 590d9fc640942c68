import codecs
import unicodedata

import pytest

from kdxf.errors import UserError
from kdxf_runtime.io import bounds
from kdxf_runtime.io.text_files import has_mark, read_json_text, read_lines, read_text, read_utf8, shown


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr("kdxf_runtime.log.LOG.warning", said.append)
    return said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_with_a_mark(tmp_path, warnings, encoding):
    path = tmp_path / "a.txt"
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    path.write_bytes(mark + "牛奶\r\n\n x \n".encode(encoding))
    assert read_text(path) == "牛奶\r\n\n x \n"
    assert read_lines(path) == ["牛奶", "x"]
    assert has_mark(path) == (encoding == "utf-8-sig")
    assert warnings == ([f"{path}: is UTF-16, and is read as such"] * 2 if "16" in encoding else [])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "牛奶\n".encode("gbk"),
            r"not UTF-8 text but likely GB18030, in which a line is '牛奶' \(iconv -f GB18030 -t UTF-8",
        ),
        (
            "a\n牛奶和茶,化妆品,手机,书,水\n".encode("gb18030"),
            r"not UTF-8 text but likely GB18030, in which a line is '牛奶和茶,化妆品,手机,\.\.\.' ",
        ),
        ("café\n".encode("latin-1"), r"not UTF-8 text; save it as UTF-8$"),
        (b"\xff\xfea", r"begins like UTF-16 and is none \(.+\); save it as UTF-8$"),
        (
            "牛a".encode("utf-16-le"),
            r"has zero bytes, as UTF-16 without its mark and binary files do; save it as UTF-8$",
        ),
    ],
)
def test_other_encodings_are_refused(tmp_path, data, message):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(UserError, match=f"a.txt: {message}"):
        read_utf8(tmp_path / "a.txt")


def test_one_form_of_characters(tmp_path):
    (tmp_path / "a.txt").write_text(unicodedata.normalize("NFD", "café"), encoding="utf-8")
    assert read_text(tmp_path / "a.txt") == "caf\u00e9"
    assert read_utf8(tmp_path / "a.txt") == "cafe\u0301".encode()


def test_bounds_come_first(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("[" + "1," * 100 + "1]")
    monkeypatch.setattr(bounds, "memory", lambda: 100)
    for read in (read_utf8, read_json_text):
        with pytest.raises(UserError, match=r"a.json: reading it may take .+; divide the file, or use"):
            read(path)
    monkeypatch.setattr(bounds, "memory", lambda: 10**9)
    monkeypatch.setattr(bounds, "LINE", 100)
    with pytest.raises(UserError, match=r"a.json: a line has more than 0 MiB"):
        read_lines(path)


def test_json(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": "牛奶", "b": [1, null], "a": 2}', encoding="utf-8-sig")
    assert read_json_text(path) == {"a": 2, "b": [1, None]}
    with pytest.raises(UserError, match=r"a.json: not JSON in UTF-8: the key 'a' stands there twice$"):
        read_json_text(path, keys_once=True)
    path.write_text('{"a": [{"b": 1}, {"b": 2}]}')
    assert read_json_text(path, keys_once=True) == {"a": [{"b": 1}, {"b": 2}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a.json: not JSON in UTF-8: Expecting property name"),
        ("", "a.json: not JSON in UTF-8: Expecting value"),
        ("[" * 200_000, "a.json: JSON whose lists and objects are nested too deeply"),
    ],
)
def test_what_is_no_json_is_said(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_json_text(tmp_path / "a.json")


def test_shown():
    assert shown(["a", 1]) == "a, 1" and shown(range(9), 3) == "0, 1, 2, ..."
