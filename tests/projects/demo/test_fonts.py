import shutil
from pathlib import Path

import pytest
from advertisements.fonts import DEMO_FONTS, find_fonts

from kdxf.errors import UserError


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
