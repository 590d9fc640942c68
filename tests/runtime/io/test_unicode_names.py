import unicodedata

import pytest

from kdxf_runtime.io.unicode_names import find_file, nfc


def nfd(text):
    return unicodedata.normalize("NFD", text)


def test_one_form_inside():
    assert nfc("cafe\u0301") == "caf\u00e9" and len(nfc("e\u0301")) == 1
    assert nfc("牛奶 a.jpg") == "牛奶 a.jpg" and nfc("\udcb9e\u0301") == "\udcb9\u00e9"


@pytest.mark.parametrize("stored", [nfc("thé/café.jpg"), nfd("thé/café.jpg"), f"{nfd('thé')}/{nfc('café.jpg')}"])
@pytest.mark.parametrize("asked", [nfc("thé/café.jpg"), nfd("thé/café.jpg")])
def test_a_file_is_found_under_either_form(tmp_path, stored, asked):
    (tmp_path / stored).parent.mkdir()
    (tmp_path / stored).write_text("x")
    assert find_file(tmp_path / asked) == tmp_path / stored
    assert find_file(str(tmp_path / asked)).read_text() == "x"


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = f"{nfd('é')}/{nfc('é')}"
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).touch()
    assert str(find_file(f"{nfc('é')}/{nfd('é')}")) == name


@pytest.mark.parametrize("name", ["none.jpg", "né/café.jpg", "café.jpg"])
def test_what_is_missing_keeps_its_name(tmp_path, name):
    assert find_file(tmp_path / name) == tmp_path / name


def test_the_name_as_given_comes_first(tmp_path):
    for form in (nfc, nfd):
        (tmp_path / form("é.jpg")).write_text(form.__name__)
    assert find_file(tmp_path / nfd("é.jpg")).read_text() == "nfd"
