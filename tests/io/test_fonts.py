import shutil
from pathlib import Path

import matplotlib
import pytest
from PIL import ImageFont

from kdxf.errors import UserError
from kdxf.io import fonts
from kdxf.io.fonts import NO_CHINESE_FONT, Font, check_characters, chinese_font, find_files, open_font


@pytest.fixture
def font():
    """A font that is installed with kdxf's dependencies; it draws boxes for Chinese characters."""
    return Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")))


def test_loads_a_face_at_a_size(font):
    assert font.at(20).size == 20
    assert font.at(40).getlength("abc") == pytest.approx(2 * font.at(20).getlength("abc"), rel=0.02)


def test_takes_the_simplified_chinese_face_of_a_collection(tmp_path, monkeypatch):
    families = ["Any CJK JP", "Any CJK KR", "Any CJK SC", "Any CJK TC"]

    class Face:
        def __init__(self, path, size, index=0):
            if index >= len(families):
                raise OSError("no such face")
            self.index = index

        def getname(self):
            return families[self.index], "Bold"

    monkeypatch.setattr(ImageFont, "truetype", Face)
    assert open_font(tmp_path / "any.ttc") == Font(str(tmp_path / "any.ttc"), 2)
    families[:] = ["Plain"]
    assert open_font(tmp_path / "any.ttf").index == 0


def test_opens_a_real_file_only(tmp_path, font):
    assert open_font(Path(font.path)) == font
    (tmp_path / "bad.ttf").write_text("no font")
    for name in ("bad.ttf", "none.ttf"):
        with pytest.raises(UserError, match=rf"{name}: not a readable font file .*; give a .ttf, .otf or .ttc"):
            open_font(tmp_path / name)


def test_refuses_a_font_without_the_characters(font):
    check_characters(font, "Sale ¥1")
    with pytest.raises(UserError, match=r"DejaVuSans.ttf: lacks 2 characters \(特惠\); use a font for simplified"):
        check_characters(font, "A特惠")
    with pytest.raises(UserError, match=r"lacks 12 characters \(一二三四五六七八九十\.\.\.\)"):
        check_characters(font, "一二三四五六七八九十百千")


def test_finds_files_by_name_the_first_folder_first(tmp_path):
    for folder in ("a/deep er", "b"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.ttf").touch()
    (tmp_path / "b" / "y.ttf").touch()
    found = find_files(["x.ttf", "y.ttf", "z.ttf"], [tmp_path / "none", tmp_path / "a", tmp_path / "b"])
    assert found == {"x.ttf": tmp_path / "a" / "deep er" / "x.ttf", "y.ttf": tmp_path / "b" / "y.ttf"}


def test_the_best_chinese_font_is_chosen_and_without_one_there_is_none(tmp_path, font, monkeypatch):
    monkeypatch.setattr(fonts, "_PACKAGE", "no_such_package")
    chinese_font.cache_clear()
    assert chinese_font((tmp_path,)) is None
    for name in ("wqy-zenhei.ttc", "NotoSansSC-Regular.otf"):
        shutil.copy(font.path, tmp_path / name)
    assert chinese_font((tmp_path,)) is None  # it looks once
    chinese_font.cache_clear()
    assert chinese_font((tmp_path,)) == Font(str(tmp_path / "NotoSansSC-Regular.otf"))
    chinese_font.cache_clear()
    assert "pip install 'kdxf[fonts]'" in NO_CHINESE_FONT


def test_the_font_of_the_extra_is_found(tmp_path, font, monkeypatch):
    package = tmp_path / "some_fonts"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(font.path, package / "NotoSansSC-Regular.otf")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(fonts, "_PACKAGE", "some_fonts")
    chinese_font.cache_clear()
    assert chinese_font((tmp_path / "none",)) == Font(str(package / "NotoSansSC-Regular.otf"))
    chinese_font.cache_clear()
