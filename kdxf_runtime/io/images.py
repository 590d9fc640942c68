"""Reading of any picture into one form, or one line that says why it cannot be read.

A common JPEG takes OpenCV's fast path, where the codec itself may decode at 1/2, 1/4 or 1/8 scale. Everything else,
and whatever OpenCV gets wrong or hides (CMYK, truncated data), takes Pillow's, which is as fast on PNG.

Whatever opens a picture in kdxf does it here, and so within the bounds of :func:`check_extent`.
"""

import io
import re
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.pixels import pixels
from kdxf_runtime.io.shard_members import read_member, split_member
from kdxf_runtime.io.unicode_names import find_file
from kdxf_runtime.optional import require

IMAGE_EXTENSIONS = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".bmp",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".avif",
        ".heic",
        ".heif",
    }
)

MAX_PIXELS = 2**26
"""The most pixels that are decoded, 8192 x 8192; at its peak, decoding takes 7 bytes for each (some formats more)."""

MAX_RATIO = 100
"""The greatest ratio of the longer side to the shorter one: scaled to a short side of 256, such a picture has 6.5
million pixels, and any amount without this bound."""

# Pillow also knows formats that run other programs (EPS); a picture from the web must not choose them.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what OpenCV decodes
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
# EXIF's orientation as steps on an array: mirror left to right after this many quarter turns counter-clockwise.
_UPRIGHT = {2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False)}


class ImageReadError(ValueError):
    """The picture cannot be read; the message is a one-line reason without the path."""


class ExtentError(ImageReadError):
    """The picture has too many pixels, or is too long for its width."""


def check_extent(size: tuple[int, int], times: int = 1) -> None:
    """Refuse a picture that would take too much memory, before it is decoded or enlarged.

    Args:
        size: Width and height in pixels.
        times: It may have so many times :data:`MAX_PIXELS`.

    Raises:
        ExtentError: It has more pixels, or its sides differ by more than :data:`MAX_RATIO`.
    """
    width, height = size
    if width * height > times * MAX_PIXELS:
        raise ExtentError(
            f"{width} x {height} px are {width * height / 1e6:.0f} million pixels, more than the "
            f"{times * MAX_PIXELS / 1e6:.0f} million that are read: make it smaller, or cut it into parts"
        )
    if max(size) > MAX_RATIO * min(size):
        raise ExtentError(
            f"{width} x {height} px: the longer side is more than {MAX_RATIO} times the shorter one: cut it into "
            "parts, or leave it out"
        )


def is_picture_header(data: bytes) -> bool:
    """Tell by its first bytes, 16 or more, whether a file is of a format that :func:`read_image` reads."""
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"))
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in (b"avif", *_HEIF_BRANDS))
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
    return decode_image(read_file(path), min_edge)


def read_file(path: str | Path) -> bytes:
    """Read the bytes of a picture: a file, or a member of a tar shard (:mod:`kdxf_runtime.io.shard_members`).

    Raises:
        ImageReadError: It is missing or may not be read, or the shard is broken.
    """
    try:
        place = split_member(path)
        return find_file(path).read_bytes() if place is None else read_member(*place)
    except KeyError as error:
        raise ImageReadError("the tar shard has no such member") from error
    except UserError as error:
        raise ImageReadError(str(error)) from error
    except OSError as error:
        raise ImageReadError(f"cannot open the file: {error.strerror or error}") from error
    except ValueError as error:  # a name that no file can have
        raise ImageReadError(f"cannot open the file: {error}") from error


def decode_image(data: bytes, min_edge: int | None = None) -> np.ndarray:
    """Decode the bytes of a picture; see :func:`read_image`."""
    size = _common_jpeg_size(data)
    decoded = None
    if size is not None and not _looks_truncated(data):
        decoded = _decode_with_opencv(data, _jpeg_flag(size, min_edge))
    return _decode_with_pillow(open_header(data)) if decoded is None else decoded


def _common_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a grey or three-channel JPEG within the bounds; None for anything else."""
    position = 2
    while data.startswith(b"\xff\xd8") and position + 10 <= len(data) and data[position] == 0xFF:
        marker, length = struct.unpack_from(">BH", data, position + 1)
        if marker in _START_OF_FRAME:
            height, width, channels = struct.unpack_from(">HHB", data, position + 5)
            return (width, height) if channels in (1, 3) and _is_readable((width, height)) else None
        position += 2 + length
    return None


def _is_readable(size: tuple[int, int]) -> bool:
    try:
        check_extent(size, _JPEG_TIMES)
    except ExtentError:
        return False
    return min(size) > 0


# A JPEG may have twice the pixels, for it is then decoded at half its size or less: cameras and phones make photographs
# of 100 million. More would be too many coefficients, which the codec may keep, at 6 bytes per pixel.
_JPEG_TIMES = 2


def open_header(data: bytes) -> Image.Image:
    """Parse the header only: the picture as Pillow opens it, neither decoded nor turned upright.

    Raises:
        ImageReadError: It is no picture of a known format, its header is broken, or it is beyond :func:`check_extent`.
    """
    if not data:
        raise ImageReadError("the file is empty")
    image = _open(data, _formats(data))
    check_extent(image.size, _JPEG_TIMES if image.format in ("JPEG", "MPO") else 1)
    if image.format == "TIFF" and _is_odd_tiff(image):
        raise ImageReadError(_ODD_TIFF)
    return image


def _open(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large pictures and odd EXIF blocks do not matter
            return Image.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError as error:
        if data.startswith(_TIFF_STARTS):
            raise ImageReadError(f"not a whole picture, or {_ODD_TIFF}") from error
        raise ImageReadError(f"not a whole picture of a known format ({', '.join(_FORMATS)}, HEIF)") from error
    except Image.DecompressionBombError as error:
        raise ExtentError(f"enormous declared size: {error}; make it smaller, or cut it into parts") from error
    except Exception as error:  # a broken header can raise nearly anything in the format plugins
        if "MAX_TEXT" in str(error) and (plain := without_text(data)) != data:
            image = _open(plain, formats)
            image.info[HUGE_TEXT] = True
            return image
        raise ImageReadError(f"broken header: {_one_line(error)}") from error


def _formats(data: bytes) -> tuple[str, ...]:
    """Return Pillow's names of the formats to try; HEIF needs a package."""
    if data[4:8] != b"ftyp" or not any(brand in data[8 : min(64, data[3])] for brand in _HEIF_BRANDS):
        return _FORMATS
    try:
        require("pillow_heif", "heic", "a HEIC picture").register_heif_opener()
    except UserError as error:
        raise ImageReadError(str(error)) from error
    return ("HEIF",)


HUGE_TEXT = "huge text"
"""Key in ``info`` of a PNG that was opened without its text and colour profile, since they unpack to more than 1 MB."""


def without_text(data: bytes) -> bytes:
    """Return a PNG without the chunks that Pillow refuses when they unpack to a lot: text and colour profile."""
    kept, position = [data[:8]], 8
    while position + 12 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            kept.append(data[position:end])
        position = end
    return b"".join(kept)


_ODD_TIFF = (
    "a TIFF of a rare kind (floats in colour, 16 or 64 bits per float, 16 bits in separate planes or with white as 0): "
    "save it with 8 bits per channel"
)


def _is_odd_tiff(image: Image.Image) -> bool:
    """Tell whether Pillow would give wrong pixels."""
    tags = image.tag_v2  # type: ignore[attr-defined]  # a TIFF has it
    deep = max(tags.get(ExifTags.Base.BitsPerSample, (1,))) > 8
    in_planes = tags.get(ExifTags.Base.PlanarConfiguration, 1) == 2 and len(image.getbands()) > 1
    return deep and (in_planes or tags.get(ExifTags.Base.PhotometricInterpretation) == 0)


def check_file(path: str | Path) -> None:
    """Refuse a picture beyond :func:`check_extent` that another reader is about to decode.

    What cannot be opened here passes: the other reader may know it, or says what is wrong.

    Raises:
        ExtentError: It has too many pixels, or is too long for its width.
    """
    try:
        open_file_header(path)
    except ExtentError:
        raise
    except (ImageReadError, OSError, ValueError):
        return


# The size is within these bytes in nearly every file, even after EXIF with its preview and a colour profile.
_HEAD = 1 << 17


def open_file_header(path: str | Path) -> Image.Image:
    """Parse the header of a file, of which mostly the beginning is read; see :func:`open_header`.

    Raises:
        ImageReadError: As of :func:`open_header`.
        OSError: The file cannot be opened.
        ValueError: No file can have that name.
    """
    with find_file(path).open("rb") as file:
        head = file.read(_HEAD)
        try:
            return open_header(head)
        except ExtentError:
            raise
        except ImageReadError:
            return open_header(head + file.read())


def _looks_truncated(data: bytes) -> bool:
    """Look for an end-of-image marker after the last start-of-scan; neither can occur inside coded data."""
    return not data.endswith(_END_OF_IMAGE) and data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def _jpeg_flag(size: tuple[int, int], min_edge: int | None) -> int:
    if min_edge is not None:
        for scale, flag in _REDUCED:
            if min(size) >= scale * min_edge:
                return flag
    return cv2.IMREAD_COLOR if size[0] * size[1] <= MAX_PIXELS else cv2.IMREAD_REDUCED_COLOR_2


def _decode_with_opencv(data: bytes, flag: int) -> np.ndarray | None:
    """Return None where OpenCV gives up, so that Pillow may try or name the reason."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return None


def _decode_with_pillow(image: Image.Image) -> np.ndarray:
    """Decode what :func:`open_header` gave, and close it; of an animation, the first frame."""
    try:
        with warnings.catch_warnings(), image:
            warnings.simplefilter("ignore")
            if image.size[0] * image.size[1] > MAX_PIXELS:
                image.draft(None, (image.size[0] // 2, image.size[1] // 2))
            image.load()
            array, orientation = pixels(image, bgr=True), _orientation(image)
        turns, mirrored = _UPRIGHT.get(orientation, (0, False))
        upright = np.rot90(array, turns)
        return np.ascontiguousarray(upright[:, ::-1] if mirrored else upright)
    except Exception as error:  # decoders of rare formats raise types of their own
        raise ImageReadError(f"cannot be decoded: {_one_line(error)}") from error


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a broken EXIF block does not spoil the pixels
        return 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
