"""Fonts, and one with Chinese characters for text in pictures."""

import functools
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import ImageFont

from kdxf.errors import UserError

FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
    Path.home() / "Library/Fonts",
    Path("C:/Windows/Fonts"),
)
_PACKAGE = "pylopdf_fonts_zh_cn"  # of the extra 'fonts': Noto Sans SC under the SIL Open Font License
# With simplified Chinese characters, the best first: what distributions, macOS and Windows have, and that package.
CHINESE_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "STHeiti Light.ttc",
    "msyh.ttc",
    "simhei.ttf",
    "LXGWWenKai-Regular.ttf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
)


@dataclass(frozen=True)
class Font:
    """A face inside a font file."""

    path: str
    index: int = 0

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """Load the face at ``size`` pixels."""
        return _load(self.path, self.index, size)


@functools.lru_cache(maxsize=256)
def _load(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout engine is part of Pillow itself, so line widths do not depend on other installed software.
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)


def find_files(names: Sequence[str], folders: Sequence[Path] = FONT_FOLDERS) -> dict[str, Path]:
    """Find font files by name anywhere below ``folders``; of several of one name, the first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.name in names:
                found.setdefault(path.name, path)
    return found


def open_font(path: Path) -> Font:
    """Open a font file; of a collection, the face for simplified Chinese if there is one.

    Raises:
        UserError: The file is missing or is not a font.
    """
    try:
        faces = dict(_faces(path))
    except OSError as error:
        raise UserError(f"{path}: not a readable font file ({error}); give a .ttf, .otf or .ttc") from error
    chinese = [index for index, family in faces.items() if family.endswith(" SC")]
    return Font(str(path), chinese[0] if chinese else 0)


def _faces(path: Path) -> Iterator[tuple[int, str]]:
    """Yield index and family name of each face; a file with one face fails at index 1, a broken one at 0."""
    index = 0
    while True:
        try:
            family = ImageFont.truetype(str(path), 16, index=index).getname()[0]
        except OSError:
            if index == 0:
                raise
            return
        yield index, family or ""
        index += 1


def check_characters(font: Font, characters: str) -> None:
    """Check that ``font`` can draw ``characters``; a missing one would become an empty box.

    Raises:
        UserError: The font lacks some characters.
    """
    face = font.at(24)
    box = bytes(face.getmask("\U0010fffd"))  # a code point that no font defines
    if lacking := [character for character in characters if bytes(face.getmask(character)) == box]:
        shown = "".join(lacking[:10]) + ("..." if len(lacking) > 10 else "")
        raise UserError(f"{font.path}: lacks {len(lacking)} characters ({shown}); use a font for simplified Chinese")


@functools.lru_cache(maxsize=1)
def chinese_font(folders: Sequence[Path] = FONT_FOLDERS) -> Font | None:
    """Find a font with simplified Chinese characters: one of the system, else that of the extra ``fonts``.

    Returns:
        The best of :data:`CHINESE_FONTS`; None if there is none, and :data:`NO_CHINESE_FONT` says what to do.
    """
    package = importlib.util.find_spec(_PACKAGE)
    places = [*folders, *(map(Path, package.submodule_search_locations or []) if package else [])]
    found = find_files(CHINESE_FONTS, places)
    return next((open_font(found[name]) for name in CHINESE_FONTS if name in found), None)


NO_CHINESE_FONT = (
    "no font with Chinese characters was found, so that they are drawn as boxes: install one (Debian, Ubuntu: apt-get "
    "install fonts-noto-cjk; anywhere: pip install 'kdxf[fonts]')"
)
