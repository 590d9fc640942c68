"""Reads any picture that people really have into one form, or says in one line why it cannot.

A common JPEG or PNG takes OpenCV's fast path; JPEGs may be decoded at 1/2, 1/4 or 1/8 scale by the codec itself. What
OpenCV gets wrong (palettes, alpha, 16 bit, CMYK, animations) or hides (truncated data) takes Pillow's.
"""

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_EXTENSIONS = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"})
# Above this many pixels a header is taken for a decompression bomb, not for a picture (Pillow's own limit).
MAX_PIXELS = 2 * 89_478_485

_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


class ImageReadError(ValueError):
    """The picture cannot be read; the message is a one-line reason without the path."""


def list_images(folder: Path) -> list[str]:
    """Lists the pictures below ``folder``: sorted POSIX paths relative to it, chosen by extension.

    Raises:
        FileNotFoundError: ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: give the folder that holds the images")
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file()
    )


def read_image(path: str | Path, min_edge: int | None = None) -> np.ndarray:
    """Reads a picture as uint8 (H, W, 3) in BGR order, upright as its EXIF orientation says.

    Args:
        path: The file; any name, also with spaces or Chinese characters.
        min_edge: Lets a JPEG be decoded at a reduced scale so long as its shorter edge keeps this many pixels.

    Raises:
        ImageReadError: The file is missing, may not be read, or is not a whole picture.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageReadError(f"cannot open the file: {error.strerror or error}") from error
    return decode_image(data, min_edge)


def decode_image(data: bytes, min_edge: int | None = None) -> np.ndarray:
    """Decodes the bytes of a picture; see :func:`read_image`."""
    if not data:
        raise ImageReadError("the file is empty")
    image = _open(data)
    if image.format == "JPEG" and image.mode in ("RGB", "L") and not _looks_truncated(data):
        decoded = _decode_with_opencv(data, _jpeg_flag(image.size, min_edge))
    elif image.format == "PNG" and image.mode == "RGB" and not {"exif", "transparency"} & image.info.keys():
        decoded = _decode_with_opencv(data, cv2.IMREAD_COLOR)
    else:
        decoded = None
    return _decode_with_pillow(image) if decoded is None else decoded


def _open(data: bytes) -> Image.Image:
    """Parses the header only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bombs are judged below, odd EXIF blocks do not matter
            image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:
        raise ImageReadError("not an image, or of an unknown format") from error
    except Image.DecompressionBombError as error:
        raise ImageReadError(f"declares more than {MAX_PIXELS} pixels") from error
    except Exception as error:  # a broken header can raise nearly anything in the format plugins
        raise ImageReadError(f"broken header: {error}") from error
    if image.width * image.height > MAX_PIXELS:
        raise ImageReadError(f"declares {image.width} x {image.height} pixels, more than {MAX_PIXELS}")
    return image


def _looks_truncated(data: bytes) -> bool:
    """A whole JPEG has an end-of-image marker after its last start-of-scan; neither can occur inside coded data."""
    return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")


def _jpeg_flag(size: tuple[int, int], min_edge: int | None) -> int:
    if min_edge is not None:
        for scale, flag in _REDUCED:
            if min(size) >= scale * min_edge:
                return flag
    return cv2.IMREAD_COLOR


def _decode_with_opencv(data: bytes, flag: int) -> np.ndarray | None:
    """Returns None where OpenCV gives up, so that Pillow may try or name the reason."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return None


def _decode_with_pillow(image: Image.Image) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.seek(0)  # the first frame stands for an animation
            rgb = _to_rgb(ImageOps.exif_transpose(image))
        return np.ascontiguousarray(np.asarray(rgb)[:, :, ::-1])
    except (OSError, SyntaxError, EOFError, ValueError, MemoryError) as error:
        raise ImageReadError(f"broken or truncated: {error}") from error
    except Exception as error:  # decoders of rare formats raise types of their own
        raise ImageReadError(f"cannot be decoded: {type(error).__name__}: {error}") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB: 16 bit is scaled to 8, transparent pixels stand on white as a page would show them."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        return Image.fromarray((values.clip(0, top) * (255.0 / top)).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        page = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(page, rgba).convert("RGB")
    return image.convert("RGB")
