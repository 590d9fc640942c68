"""Changed pictures encoded in a file format together with the metadata of the original.

ICC profile, EXIF, XMP, resolution, comments and transparency are kept if the format can store them; the others are
reported, never dropped silently.
"""

import io
import warnings
from typing import Any

from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, PngImagePlugin
from PIL.Image import Transpose

from kdxf.data.pictures.header import TURNING, deep_bits, frames_of, has_alpha, orientation_of
from kdxf_runtime.io.images import HUGE_TEXT, check_extent, open_header
from kdxf_runtime.io.pixels import to_rgb

# What each format can store besides the pixels, by Pillow's names.
_CARRIES = {
    "JPEG": {"icc_profile", "exif", "xmp", "dpi", "comment"},
    "PNG": {"icc_profile", "exif", "xmp", "dpi", "text"},
    "WEBP": {"icc_profile", "exif", "xmp"},
    "TIFF": {"icc_profile", "dpi", "compression"},
    "GIF": {"comment"},
    "BMP": {"dpi"},
    "PPM": set(),
    "AVIF": {"icc_profile", "exif", "xmp"},
    "HEIF": {"icc_profile", "exif", "xmp"},
}
_NAMES = {
    "icc_profile": "ICC profile",
    "exif": "EXIF",
    "xmp": "XMP",
    "text": "text chunks",
    HUGE_TEXT: "text chunks or ICC profile of more than 1 MB",
}
# What to report when it is lost; the rest of Pillow's dictionary describes the coding itself.
_WORTH_A_WORD = ("icc_profile", "exif", "xmp", "comment", "text", "photoshop", "flashpix", HUGE_TEXT)
# Of a TIFF's tags, which are what EXIF consists of, those that do not describe its coding.
_DESCRIPTIVE = frozenset(
    {
        ExifTags.Base.ImageDescription,
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.Software,
        ExifTags.Base.DateTime,
        ExifTags.Base.Artist,
        ExifTags.Base.Copyright,
        ExifTags.IFD.Exif,
        ExifTags.IFD.GPSInfo,
    }
)
_WITH_ALPHA = frozenset({"PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF"})
_MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "BMP": ("1", "L", "P", "RGB"),
    "PPM": ("1", "L", "RGB", "I;16", "F"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"),
    "AVIF": ("RGB", "RGBA"),
    "HEIF": ("L", "RGB", "RGBA"),
}


def format_of(image: Image.Image) -> str:
    """Return the format to keep: phone pictures that hold a second one (MPO) are JPEGs."""
    kind = image.format or ""
    return "JPEG" if kind == "MPO" else kind


# Pillow's are counter-clockwise.
_CLOCKWISE = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}


def upright(image: Image.Image, degrees: int = 0) -> Image.Image:
    """Decode a picture and rotate it as EXIF says; its XMP then no longer mentions an orientation.

    Args:
        image: The picture.
        degrees: 0, 90, 180 or 270, by which it is turned clockwise after that.

    Raises:
        ImageReadError: It is a JPEG that is only read at half its size; see
            :func:`kdxf_runtime.io.images.check_extent`.
    """
    check_extent(image.size)
    image.load()  # rotates a TIFF by itself
    image = ImageOps.exif_transpose(image) if orientation_of(image) in TURNING else image
    return image.transpose(_CLOCKWISE[degrees]) if degrees else image


def encode_like(image: Image.Image, original: bytes, kind: str, quality: int | None) -> tuple[bytes, list[str]]:
    """Encode a picture with the metadata of the original.

    Args:
        image: The changed picture, from :func:`upright`.
        original: The bytes of the original file.
        kind: File format, by Pillow's name.
        quality: Of JPEG and lossy WebP, 1 to 100. None uses the original's quantization and loses almost nothing.

    Returns:
        The file's bytes, and what could not be kept, in a few words each.
    """
    header = open_header(original)
    lost = _lost_pixels(header, kind)
    ready = _in_mode_of(image, kind)
    belongings = _belongings(image, header)
    if exif := _upright_exif(original, image.size):
        belongings["exif"] = exif
    elif "exif" in header.info:
        lost.append("EXIF")
    if ready.mode == "RGB" and image.mode not in ("RGB", "RGBA", "P", "PA", "1"):
        # A profile of CMYK or grey does not apply to RGB.
        lost += ["ICC profile"] if belongings.pop("icc_profile", None) else []
    carried = _CARRIES[kind]
    lost += [_NAMES.get(name, name) for name in _WORTH_A_WORD if name in belongings and name not in carried]
    options: dict[str, Any] = {name: value for name, value in belongings.items() if name in carried}
    if kind == "JPEG":
        options |= _jpeg_options(header, quality)
    elif kind == "WEBP":
        options |= _webp_options(header, original, quality)
    elif kind in ("AVIF", "HEIF"):
        options["quality"] = 95 if quality is None else quality
    elif kind == "PNG":
        options["pnginfo"] = _text_chunks(options.pop("text", {}), options.pop("xmp", None))
    buffer = io.BytesIO()
    ready.save(buffer, kind, **options)
    return buffer.getvalue(), lost


def _lost_pixels(original: Image.Image, kind: str) -> list[str]:
    lost = []
    if frames_of(original) > 1:
        lost.append("second picture of the file" if original.format == "MPO" else "animation")
    if deep_bits(original) and (original.mode not in _MODES[kind]):
        lost.append("bits beyond 8")
    if has_alpha(original) and kind not in _WITH_ALPHA:
        lost.append("transparency")
    return lost


def _in_mode_of(image: Image.Image, kind: str) -> Image.Image:
    if image.mode in _MODES[kind]:
        return image
    if has_alpha(image) and kind in _WITH_ALPHA:
        return image.convert("RGBA")
    return to_rgb(image)


def _belongings(image: Image.Image, original: Image.Image) -> dict[str, Any]:
    entries: dict[str, Any] = {str(name): value for name, value in image.info.items() if value}
    entries.pop("exif", None)
    if text := getattr(original, "text", None):
        # XMP and EXIF of some PNGs are also text chunks; they are stored as what they are.
        plain = {key: value for key, value in text.items() if not key.startswith(("XML:", "Raw profile"))}
        entries |= {"text": plain} if plain else {}
    return entries


def _upright_exif(original: bytes, size: tuple[int, int]) -> bytes:
    """Return the EXIF block with orientation 1 and the new size; empty if there is none."""
    image = open_header(original)  # opened separately, since its EXIF is changed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about a broken block
            exif = image.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
        if image.format == "TIFF":
            for tag in set(exif) - _DESCRIPTIVE:
                del exif[tag]
        if ExifTags.Base.Orientation in exif:
            exif[ExifTags.Base.Orientation] = 1
        for tag, length in zip((ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight), size, strict=True):
            if tag in details:
                details[tag] = length
        return exif.tobytes() if exif else b""
    except Exception:  # a broken block cannot be written again
        return b""


def _jpeg_options(original: Image.Image, quality: int | None) -> dict[str, Any]:
    if format_of(original) != "JPEG" or not isinstance(original, JpegImagePlugin.JpegImageFile):
        # Text in other formats has sharp coloured edges; half-resolution colour would blur them.
        return {"quality": 95 if quality is None else quality, "subsampling": 0}
    sampling = JpegImagePlugin.get_sampling(original)
    options: dict[str, Any] = {"subsampling": sampling if sampling in (0, 1, 2) else 0}
    if quality is not None:
        return options | {"quality": quality}
    sideways = orientation_of(original) >= 5
    tables = [list(table) for table in original.quantization.values()]
    if sideways:  # the frequencies along the two axes change places
        tables = [[table[8 * column + row] for row in range(8) for column in range(8)] for table in tables]
    if sideways and sampling == 1:
        options["subsampling"] = 0
    return options | {"qtables": tables}


def _webp_options(header: Image.Image, original: bytes, quality: int | None) -> dict[str, Any]:
    if header.format == "WEBP" and b"VP8L" in original and b"VP8 " not in original:  # the names of its two codings
        return {"lossless": True}
    return {"quality": 90 if quality is None else quality}


def _text_chunks(text: dict[str, str], xmp: bytes | None) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for key, value in text.items():
        chunks.add_itxt(key, value)
    if xmp:
        chunks.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
    return chunks
