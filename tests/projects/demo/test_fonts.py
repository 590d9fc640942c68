import shutil
from pathlib import Path

import pytest
from advertisements.fonts import DEMO_FONTS, Font, check_characters, find_fonts, open_font
from PIL import ImageFont

from kdxf.errors import UserError


def test_loads_a_face_at_a_size(font):
    assert font.at(20).size == 20
    assert font.at(40).getlength("abc") == pytest.approx(2 * font.at(20).getlength("abc"), rel=0.02)


def test_finds_the_fonts_below_the_folders(tmp_path, font):
    for number, name in enumerate(DEMO_FONTS):
        folder = tmp_path / str(number % 2) / "deep er"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(font.path, folder / name)
    found = find_fonts([tmp_path / "none", tmp_path / "0", tmp_path / "1"])
    assert [Path(item.path).name for item in found] == list(DEMO_FONTS)


def test_names_the_packages_of_missing_fonts(tmp_path, font):
    shutil.copy(font.path, tmp_path / "NotoSansCJK-Bold.ttc")
    with pytest.raises(UserError, match="fonts not found: .*SmileySans-Oblique.ttf; install them") as caught:
        find_fonts([tmp_path])
    assert "apt-get install fonts-lxgw-wenkai fonts-noto-cjk fonts-smiley-sans)" in str(caught.value)
    assert "or name other font files with --fonts" in str(caught.value)


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
