"""What the header of a picture says, without decoding it."""

import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image

from kdxf.io.images import open_header

# Values of EXIF's orientation that turn or mirror the picture, and those that exchange width and height.
TURNING = frozenset(range(2, 9))
_SIDEWAYS = frozenset(range(5, 9))
EXTENSIONS = {
    "JPEG": frozenset({".jpg", ".jpeg", ".jpe"}),
    "PNG": frozenset({".png"}),
    "WEBP": frozenset({".webp"}),
    "GIF": frozenset({".gif"}),
    "BMP": frozenset({".bmp"}),
    "TIFF": frozenset({".tif", ".tiff"}),
    "PPM": frozenset({".ppm"}),
}


@dataclass(frozen=True)
class ImageHeader:
    """The facts of one picture.

    Attributes:
        kind: Its format: a key of :data:`EXTENSIONS`.
        size: Width and height in pixels, upright.
        orientation: EXIF's orientation, 1 where there is none: how the picture is to be turned.
        mode: What is unusual about its pixels (``CMYK``, ``grey with alpha``, ...); empty for RGB of 8 bits.
        frames: Number of pictures that are shown one after another; 1 if it stands still.
    """

    kind: str
    size: tuple[int, int]
    orientation: int
    mode: str
    frames: int


def read_header(data: bytes) -> ImageHeader:
    """Parses the header of a picture.

    Args:
        data: The bytes of its file.

    Raises:
        ImageReadError: See :func:`kdxf.io.images.open_header`.
    """
    return header_of(open_header(data))


def header_of(image: Image.Image) -> ImageHeader:
    """Gives the facts of a picture that Pillow has opened and not yet decoded."""
    orientation = orientation_of(image)
    kind = image.format or ""
    size = upright_size(image)
    if kind == "MPO":  # the pictures of a phone's lenses or a large preview: no animation
        return ImageHeader("JPEG", size, orientation, mode_of(image), 1)
    return ImageHeader(kind, size, orientation, mode_of(image), frames_of(image))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Gives width and height as the picture is to be looked at."""
    width, height = image.size
    # Of a TIFF Pillow gives the upright size, and turns it when it is decoded.
    sideways = image.format != "TIFF" and orientation_of(image) in _SIDEWAYS
    return (height, width) if sideways else (width, height)


def orientation_of(image: Image.Image) -> int:
    """Reads EXIF's orientation; 1 (upright) where there is none or the EXIF block is broken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is broken in the block
            value = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block does not spoil the pixels
        return 1
    return value if value in TURNING else 1


def frames_of(image: Image.Image) -> int:
    """Counts the pictures in the file; 1 where the first is all that can be found."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # what follows the first one is broken
        return 1


def mode_of(image: Image.Image) -> str:
    """Says in words what is unusual about the pixels; empty for RGB of 8 bits."""
    words = []
    bands = image.getbands()
    if image.mode in ("P", "PA"):
        words.append("palette")
    elif bands[0] in ("1", "L", "I", "F"):
        words.append("grey")
    elif bands[:3] != ("R", "G", "B"):
        words.append(image.mode)
    if bits := deep_bits(image):
        words.append(f"{bits} bits")
    if has_alpha(image):
        words.append("alpha")
    return ", ".join(words)


def deep_bits(image: Image.Image) -> int:
    """Bits per channel where there are more than 8, else 0. Call it before the picture is decoded."""
    if image.mode.startswith("I;16") or any(";16" in str(tile[3]) for tile in getattr(image, "tile", [])):
        return 16
    return 32 if image.mode in ("I", "F") else 0


def has_alpha(image: Image.Image) -> bool:
    """Whether pixels may be transparent."""
    return image.getbands()[-1] in ("A", "a") or "transparency" in image.info
