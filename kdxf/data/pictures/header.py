"""The facts in the header of a picture, read without decoding it."""

import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image

from kdxf_runtime.io.images import open_header

# Values of EXIF's orientation that rotate or mirror the picture, and those that exchange width and height.
TURNING = frozenset(range(2, 9))
_SIDEWAYS = frozenset(range(5, 9))
EXTENSIONS = {
    "JPEG": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "PNG": frozenset({".png"}),
    "WEBP": frozenset({".webp"}),
    "GIF": frozenset({".gif"}),
    "BMP": frozenset({".bmp"}),
    "TIFF": frozenset({".tif", ".tiff"}),
    "PPM": frozenset({".ppm"}),
    "AVIF": frozenset({".avif"}),
    "HEIF": frozenset({".heic", ".heif"}),
}


@dataclass(frozen=True)
class ImageHeader:
    """The facts of one picture.

    Attributes:
        kind: Its format: a key of :data:`EXTENSIONS`.
        size: Width and height in pixels, upright.
        orientation: EXIF's orientation, 1 if there is none: how to rotate the picture.
        mode: What is unusual about its pixels (``CMYK``, ``grey with alpha``, ...); empty for RGB of 8 bits.
        frames: Number of frames of an animation; 1 for a still picture.
    """

    kind: str
    size: tuple[int, int]
    orientation: int
    mode: str
    frames: int


def read_header(data: bytes) -> ImageHeader:
    """Parse the header of a picture.

    Args:
        data: The bytes of its file.

    Raises:
        ImageReadError: See :func:`kdxf_runtime.io.images.open_header`.
    """
    return header_of(open_header(data))


def header_of(image: Image.Image) -> ImageHeader:
    """Return the facts of a picture that Pillow has opened and not yet decoded."""
    orientation = orientation_of(image)
    kind = image.format or ""
    size = upright_size(image)
    if kind == "MPO":  # the pictures of a phone's lenses or a large preview: no animation
        return ImageHeader("JPEG", size, orientation, mode_of(image), 1)
    return ImageHeader(kind, size, orientation, mode_of(image), frames_of(image))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height of the upright picture."""
    width, height = image.size
    # For a TIFF Pillow returns the upright size, and rotates it when it is decoded.
    sideways = image.format != "TIFF" and orientation_of(image) in _SIDEWAYS
    return (height, width) if sideways else (width, height)


def orientation_of(image: Image.Image) -> int:
    """Return EXIF's orientation; 1 (upright) if there is none or the EXIF block is broken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about a broken block
            value = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block does not spoil the pixels
        return 1
    return value if value in TURNING else 1


def frames_of(image: Image.Image) -> int:
    """Count the pictures in the file; 1 if only the first can be found."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # what follows the first one is broken
        return 1


def mode_of(image: Image.Image) -> str:
    """Describe what is unusual about the pixels; empty for RGB of 8 bits."""
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
    """Return the bits per channel if there are more than 8, else 0. Call it before the picture is decoded."""
    if image.mode.startswith("I;16") or any(";16" in str(tile[3]) for tile in getattr(image, "tile", [])):
        return 16
    return 32 if image.mode in ("I", "F") else 0


def has_alpha(image: Image.Image) -> bool:
    """Return whether pixels may be transparent."""
    return image.getbands()[-1] in ("A", "a") or "transparency" in image.info
