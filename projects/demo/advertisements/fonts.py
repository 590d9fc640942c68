"""The fonts of the advertisements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from kdxf.errors import UserError

# File name -> Debian package. All under the SIL Open Font License 1.1.
DEMO_FONTS = {
    "NotoSansCJK-Bold.ttc": "fonts-noto-cjk",
    "NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
    "NotoSerifCJK-Bold.ttc": "fonts-noto-cjk",
    "LXGWWenKai-Bold.ttf": "fonts-lxgw-wenkai",
    "SmileySans-Oblique.ttf": "fonts-smiley-sans",
}
FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/Library/Fonts"),
    Path.home() / "Library/Fonts",
)


@dataclass(frozen=True)
class Font:
    """A face inside a font file."""

    path: str
    index: int = 0

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """Load the face at ``size`` pixels."""
        return _load(self.path, self.index, size)


@lru_cache(maxsize=256)
def _load(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout engine is part of Pillow itself, so line widths do not depend on other installed software.
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)


def find_fonts(folders: Sequence[Path] = FONT_FOLDERS) -> list[Font]:
    """Find all of :data:`DEMO_FONTS`, in that order.

    Raises:
        UserError: Some are not installed; the message names the packages to install.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.name in DEMO_FONTS:
                found.setdefault(path.name, path)
    if missing := [name for name in DEMO_FONTS if name not in found]:
        packages = " ".join(sorted({DEMO_FONTS[name] for name in missing}))
        raise UserError(
            f"fonts not found: {', '.join(missing)}; install them (Debian, Ubuntu: apt-get install {packages}) "
            "or name other font files with --fonts"
        )
    return [open_font(found[name]) for name in DEMO_FONTS]


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
