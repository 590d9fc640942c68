import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from kdxf.data.pictures.reencoding import encode_like, format_of, upright
from kdxf_runtime.io.images import ExtentError, decode_image, open_header

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6" note="kept"/></x:xmpmeta>'


def encode(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def smooth(width=64, height=32):
    x, y = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 120, height))
    return Image.fromarray(np.stack([x, y, 255 - x], axis=2).astype(np.uint8))


def exif_of(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] = 64
    return exif


def again(data, kind=None, quality=None, change=lambda image: image):
    image = open_header(data)
    kind = kind or format_of(image)
    encoded, lost = encode_like(change(upright(image)), data, kind, quality)
    return encoded, Image.open(io.BytesIO(encoded)), lost


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_pictures_look_as_before_and_say_that_they_are_upright(kind, orientation):
    data = encode(smooth(), kind, exif=exif_of(orientation), **({"quality": 90} if kind in ("JPEG", "AVIF") else {}))
    encoded, image, _ = again(data)
    assert image.format == kind and image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    difference = np.abs(decode_image(encoded).astype(int) - decode_image(data)).max()
    # The JPEG has whole blocks and keeps its tables, turned along with the blocks: next to nothing is lost.
    assert difference <= {"JPEG": 4, "AVIF": 8}.get(kind, 0)


def test_a_jpeg_that_is_only_read_at_half_its_size_is_not_turned_at_half_its_size(monkeypatch):
    monkeypatch.setattr("kdxf_runtime.io.images.MAX_PIXELS", 64 * 32 - 1)
    with pytest.raises(ExtentError, match=r"^64 x 32 px are 0 million pixels, more than the 0 million that are read"):
        upright(open_header(encode(smooth())))


def test_a_huge_text_chunk_that_cannot_be_kept_is_named():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("workflow", "x" * 3_000_000, zip=True)
    assert again(encode(smooth(), "PNG", pnginfo=text))[2] == ["text chunks or ICC profile of more than 1 MB"]


def test_a_jpeg_keeps_its_tables_its_sampling_and_what_came_with_it():
    options = dict(quality=61, subsampling=2, icc_profile=PROFILE, comment=b"hello", xmp=XMP, dpi=(300, 300))
    data = encode(smooth(), exif=exif_of(6), **options)
    _, image, lost = again(data)
    tables = {key: np.array(table).reshape(8, 8) for key, table in Image.open(io.BytesIO(data)).quantization.items()}
    assert all((np.array(image.quantization[key]).reshape(8, 8) == tables[key].T).all() for key in tables)
    assert lost == [] and image.layer[0][1:3] == (2, 2)
    assert image.info["icc_profile"] == PROFILE and image.info["comment"] == b"hello"
    assert image.info["dpi"] == (300, 300)
    assert b'note="kept"' in image.info["xmp"] and b"Orientation" not in image.info["xmp"]
    exif = image.getexif()
    assert exif[ExifTags.Base.Make] == "a camera" and exif[ExifTags.Base.Orientation] == 1
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] == 32


def test_a_png_keeps_its_text_profile_and_transparency():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Title", "牛奶")
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = encode(smooth().convert("RGBA"), "PNG", pnginfo=text, icc_profile=PROFILE, exif=exif_of(1))
    _, image, lost = again(data, change=lambda image: image.resize((16, 8)))
    assert lost == [] and image.mode == "RGBA" and image.info["icc_profile"] == PROFILE
    assert image.text["Title"] == "牛奶" and image.info["xmp"] == XMP
    assert image.getexif()[ExifTags.Base.Make] == "a camera"


def test_what_the_format_has_no_place_for_is_named():
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "milk")
    data = encode(smooth().convert("RGBA"), "PNG", pnginfo=text)
    _, image, lost = again(data, "JPEG", 90)
    assert image.mode == "RGB" and lost == ["transparency", "text chunks"]
    frames = [smooth(), smooth().rotate(180)]
    assert again(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), "PNG")[2] == ["animation"]
    assert again(encode(frames[0], "MPO", save_all=True, append_images=frames[1:]))[2] == ["second picture of the file"]
    deep = Image.fromarray(np.full((8, 8), 32768, np.uint16))
    assert again(encode(deep, "PNG"), "JPEG", 90)[2] == ["bits beyond 8"]
    assert again(encode(deep, "PNG"))[1].getpixel((0, 0)) == 32768
    cmyk = encode(smooth().convert("CMYK"), icc_profile=PROFILE)
    assert again(cmyk, "PNG")[2] == ["ICC profile"]
    assert again(cmyk)[1].mode == "CMYK"


def test_text_of_other_formats_keeps_its_colours_sharp_in_jpeg():
    assert again(encode(smooth(), "PNG"), "JPEG", 90)[1].layer[1][1:3] == (1, 1)


def test_a_broken_exif_block_is_left_out_and_named():
    body = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40
    data = encode(smooth())
    data = data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]
    _, image, lost = again(data)
    assert lost == ["EXIF"] and not image.getexif()


def test_a_tiff_keeps_its_profile_and_coding_and_names_lost_exif():
    data = encode(smooth(), "TIFF", exif=exif_of(6), compression="tiff_lzw", icc_profile=PROFILE)
    _, image, lost = again(data)
    assert lost == ["EXIF"] and image.size == (32, 64) and image.info["compression"] == "tiff_lzw"
    assert image.info["icc_profile"] == PROFILE
    exif = again(data, "JPEG", 90)[1].getexif()
    assert exif[ExifTags.Base.Make] == "a camera" and ExifTags.Base.StripOffsets not in exif
    assert again(encode(smooth(), "TIFF"))[2] == []


def test_a_lossless_webp_stays_so():
    data = encode(smooth(), "WEBP", lossless=True, exif=exif_of(6))
    assert (decode_image(again(data)[0]) == decode_image(data)).all()
    lossy = encode(smooth(), "WEBP", quality=80, exif=exif_of(6))
    assert b"VP8L" not in again(lossy)[0]
