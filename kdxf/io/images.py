"""Reading of any picture into one form, or one line that says why it cannot be read.

A common JPEG takes OpenCV's fast path, where the codec itself may decode at 1/2, 1/4 or 1/8 scale. Everything else,
and whatever OpenCV gets wrong or hides (CMYK, truncated data), takes Pillow's, which is as fast on PNG.
"""

import io
import re
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from kdxf.io.unicode_names import find_file

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"}
)

# Pillow also knows formats that run other programs (EPS); a picture from the web must not choose them.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
# A header that declares more is taken for a decompression bomb: the limit where Pillow refuses.
_MAX_PIXELS = 2 * 89_478_485
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what OpenCV decodes
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageReadError(ValueError):
    """The picture cannot be read; the message is a one-line reason without the path."""


def is_picture_header(data: bytes) -> bool:
    """Tell by its first bytes, 16 or more, whether a file is of a format that :func:`read_image` reads."""
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"))
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or (data.startswith(b"BM") and data[6:10] == bytes(4))  # reserved bytes: many texts begin with BM
        or re.match(rb"P[1-6][ \t\r\n]+(#|\d)", data) is not None
    )


def read_image(path: str | Path, min_edge: int | None = None) -> np.ndarray:
    """Read a picture as uint8 (H, W, 3) in BGR order, upright as its EXIF orientation says.

    Args:
        path: The file; any name, also with spaces or Chinese characters.
        min_edge: Lets a JPEG be decoded at a reduced scale so long as its shorter edge keeps this many pixels.

    Raises:
        ImageReadError: The file is missing, may not be read, or is not a whole picture.
    """
    try:
        data = find_file(path).read_bytes()
    except OSError as error:
        raise ImageReadError(f"cannot open the file: {error.strerror or error}") from error
    except ValueError as error:  # a name that no file can have
        raise ImageReadError(f"cannot open the file: {error}") from error
    return decode_image(data, min_edge)


def decode_image(data: bytes, min_edge: int | None = None) -> np.ndarray:
    """Decode the bytes of a picture; see :func:`read_image`."""
    size = _common_jpeg_size(data)
    decoded = None
    if size is not None and not _looks_truncated(data):
        decoded = _decode_with_opencv(data, _jpeg_flag(size, min_edge))
    return _decode_with_pillow(open_header(data)) if decoded is None else decoded


def _common_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a grey or three-channel JPEG of sane size; None for anything else."""
    position = 2
    while data.startswith(b"\xff\xd8") and position + 10 <= len(data) and data[position] == 0xFF:
        marker, length = struct.unpack_from(">BH", data, position + 1)
        if marker in _START_OF_FRAME:
            height, width, channels = struct.unpack_from(">HHB", data, position + 5)
            return (width, height) if channels in (1, 3) and 0 < width * height <= _MAX_PIXELS else None
        position += 2 + length
    return None


def open_header(data: bytes) -> Image.Image:
    """Parse the header only: the picture as Pillow opens it, neither decoded nor turned upright.

    Raises:
        ImageReadError: It is no picture of a known format, its header is broken, or it declares an enormous size.
    """
    if not data:
        raise ImageReadError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large pictures and odd EXIF blocks do not matter
            return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageReadError(f"not a whole picture of a known format ({', '.join(_FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise ImageReadError(f"enormous declared size: {error}") from error
    except Exception as error:  # a broken header can raise nearly anything in the format plugins
        raise ImageReadError(f"broken header: {_one_line(error)}") from error


def _looks_truncated(data: bytes) -> bool:
    """Look for an end-of-image marker after the last start-of-scan; neither can occur inside coded data."""
    return not data.endswith(_END_OF_IMAGE) and data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def _jpeg_flag(size: tuple[int, int], min_edge: int | None) -> int:
    if min_edge is not None:
        for scale, flag in _REDUCED:
            if min(size) >= scale * min_edge:
                return flag
    return cv2.IMREAD_COLOR


def _decode_with_opencv(data: bytes, flag: int) -> np.ndarray | None:
    """Return None where OpenCV gives up, so that Pillow may try or name the reason."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return None


def _decode_with_pillow(image: Image.Image) -> np.ndarray:
    """Decode what :func:`open_header` gave; of an animation, the first frame."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            rgb = to_rgb(_upright(image))
        return cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2BGR)
    except Exception as error:  # decoders of rare formats raise types of their own
        raise ImageReadError(f"cannot be decoded: {_one_line(error)}") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block does not spoil the pixels
        return image
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def to_rgb(image: Image.Image) -> Image.Image:
    """Turn any mode into RGB: 16 bit is scaled to 8, transparent pixels stand on white as a page would show them."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey_to_rgb(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        page = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(page, rgba).convert("RGB")
    return image.convert("RGB")


def _deep_grey_to_rgb(image: Image.Image) -> Image.Image:
    """Integers of 16 or 32 bits and floats: white is 65535 where the format says so, else what the values suggest."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    largest = float(values.max(initial=0.0))
    whites = (65535.0,) if image.mode.startswith("I;16") else (1.0, 255.0, 65535.0)
    white = next((white for white in whites if largest <= white), largest)
    return Image.fromarray((values.clip(0.0, white) * (255.0 / white)).round().astype(np.uint8)).convert("RGB")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
