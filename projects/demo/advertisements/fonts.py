"""The fonts of the advertisements."""

from collections.abc import Sequence
from pathlib import Path

from kdxf.errors import UserError
from kdxf.io.fonts import FONT_FOLDERS, Font, find_files, open_font

# File name -> Debian package. All under the SIL Open Font License 1.1.
DEMO_FONTS = {
    "NotoSansCJK-Bold.ttc": "fonts-noto-cjk",
    "NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
    "NotoSerifCJK-Bold.ttc": "fonts-noto-cjk",
    "LXGWWenKai-Bold.ttf": "fonts-lxgw-wenkai",
    "SmileySans-Oblique.ttf": "fonts-smiley-sans",
}


def find_fonts(folders: Sequence[Path] = FONT_FOLDERS) -> list[Font]:
    """Find all of :data:`DEMO_FONTS`, in that order.

    Raises:
        UserError: Some are not installed; the message names the packages to install.
    """
    found = find_files(list(DEMO_FONTS), folders)
    if missing := [name for name in DEMO_FONTS if name not in found]:
        packages = " ".join(sorted({DEMO_FONTS[name] for name in missing}))
        raise UserError(
            f"fonts not found: {', '.join(missing)}; install them (Debian, Ubuntu: apt-get install {packages}) "
            "or name other font files with --fonts"
        )
    return [open_font(found[name]) for name in DEMO_FONTS]
