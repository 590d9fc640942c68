"""Reading of pictures: right pixels from every honest kind, one line about every broken one."""

import io
import re
import struct
import sys
import unicodedata
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageOps, PngImagePlugin

from kdxf_runtime.io.images import (
    IMAGE_EXTENSIONS,
    MAX_PIXELS,
    ExtentError,
    ImageReadError,
    check_extent,
    check_file,
    decode_image,
    is_picture_header,
    open_file_header,
    open_header,
    read_image,
)


def draw(width=96, height=64, mode="RGB"):
    """Four flat quarters (red, green / blue, white) with a black circle: every turn and mirror of it differs."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=(220, 30, 30))
    pen.rectangle((width // 2, 0, width, height // 2 - 1), fill=(30, 200, 30))
    pen.rectangle((0, height // 2, width // 2 - 1, height), fill=(30, 30, 220))
    pen.ellipse((width // 8, height // 8, width // 4, height // 4), fill="black")
    return image.convert(mode)


def encode(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(image=None, **options):
    return encode(image or draw(), **{"quality": 95, "subsampling": 0, **options})


def bgr(image):
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


def difference(a, b):
    assert a.shape == b.shape
    return np.abs(a.astype(int) - b.astype(int)).mean()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour, rows):
    """A PNG written by hand; ``rows`` are the bytes of the scan lines, each with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def bmp_with_compression(number):
    data = encode(draw(), "BMP")
    return data[:30] + struct.pack("<I", number) + data[34:]


def jpeg_that_declares(width, height):
    data = jpeg()
    start = data.index(b"\xff\xc0") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def insert_app1(data, body):
    """Puts an APP1 segment right after a JPEG's start marker."""
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def orientation_exif(value):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}, {"keep_rgb": True}], ids=str)
def test_jpeg_equals_pillows_decoding(options):
    data = jpeg(**options)
    found = decode_image(data)
    assert found.dtype == np.uint8 and found.flags.c_contiguous
    assert difference(found, bgr(Image.open(io.BytesIO(data)))) < 1


def test_channels_are_in_bgr_order():
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    for kind in ("PNG", "JPEG", "BMP"):
        assert difference(decode_image(encode(red, kind)), np.full((8, 8, 3), (0, 0, 255), np.uint8)) < 2


def test_grey_jpeg_has_three_equal_channels():
    found = decode_image(jpeg(draw(mode="L")))
    assert found.shape == (64, 96, 3)
    assert (found[..., 0] == found[..., 1]).all() and (found[..., 1] == found[..., 2]).all()
    assert difference(found, bgr(draw(mode="L"))) < 2


def test_cmyk_jpeg_has_its_colours_with_and_without_adobes_marker():
    data = jpeg(draw(mode="CMYK"))
    start = data.index(b"\xff\xee")
    without = data[:start] + data[start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0] :]
    for variant in (data, without):
        assert difference(decode_image(variant), bgr(draw())) < 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_stands_for_an_animation(kind):
    frames = [Image.new("RGB", (16, 12), colour) for colour in ((200, 0, 0), (0, 200, 0))]
    found = decode_image(encode(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert difference(found, bgr(frames[0])) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_exif_orientation_is_applied(orientation, kind):
    options = {} if kind in ("PNG", "TIFF") else {"quality": 95}
    data = encode(draw(), kind, exif=orientation_exif(orientation), **options)
    # What the eight values mean, as steps from the stored to the upright picture (TIFF 6.0, tag 274).
    stored = bgr(draw())
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored),
    }[orientation]
    assert difference(decode_image(data), upright) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_at_reduced_scale(orientation):
    data = jpeg(draw(192, 128), exif=orientation_exif(orientation))
    full, reduced = decode_image(data), decode_image(data, min_edge=64)
    assert reduced.shape == (full.shape[0] // 2, full.shape[1] // 2, 3)
    small = cv2.resize(full, reduced.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert difference(reduced, small) < 4


def test_broken_exif_does_not_spoil_a_picture(capfd):
    nonsense = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40
    data = insert_app1(jpeg(), nonsense)
    assert difference(decode_image(data), bgr(draw())) < 3
    plain = encode(draw(), "PNG")
    assert difference(decode_image(plain[:33] + png_chunk(b"eXIf", nonsense[6:]) + plain[33:]), bgr(draw())) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("size", "min_edge", "expected"),
    [
        ((96, 64), None, (64, 96)),
        ((96, 64), 64, (64, 96)),
        ((96, 64), 33, (64, 96)),  # half would be 32
        ((96, 64), 32, (32, 48)),
        ((96, 64), 17, (32, 48)),
        ((96, 64), 16, (16, 24)),
        ((96, 64), 8, (8, 12)),
        ((96, 64), 1, (8, 12)),  # an eighth is the least
        ((65, 97), 32, (49, 33)),  # sizes are rounded up
    ],
)
def test_reduced_scale_keeps_the_shorter_edge(size, min_edge, expected):
    found = decode_image(jpeg(draw(*size)), min_edge)
    assert found.shape == (*expected, 3)
    assert min_edge is None or min(found.shape[:2]) >= min(min_edge, min(size))


def test_min_edge_leaves_other_formats_whole():
    assert decode_image(encode(draw(), "PNG"), min_edge=8).shape == (64, 96, 3)


def test_multi_picture_jpeg_of_phones_takes_the_fast_path():
    data = encode(draw(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95)
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert difference(decode_image(data), bgr(draw())) < 3
    assert decode_image(data, min_edge=16).shape == (16, 24, 3)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm():
    plain = decode_image(jpeg())
    for tail in (b"\0" * 700, b"\r\n", b"some maker's notes" * 9, b"\xff\xda of a film"):
        assert difference(decode_image(jpeg() + tail), plain) == 0


TRUNCATED = {
    "half a JPEG": jpeg()[: len(jpeg()) // 2],
    "JPEG without its last bytes": jpeg()[:-40],
    "half a progressive JPEG": jpeg(progressive=True)[: len(jpeg(progressive=True)) // 2],
    "half a JPEG with a whole thumbnail": insert_app1(jpeg(), b"Exif\0\0" + jpeg(draw(16, 16)))[: -len(jpeg()) // 2],
    "half a CMYK JPEG": jpeg(draw(mode="CMYK"))[:-300],
    "half a PNG": encode(draw(), "PNG")[:-60],
    "half a GIF": encode(draw(mode="P"), "GIF")[:-200],
    "half a BMP": encode(draw(), "BMP")[:-3000],
    "half a compressed TIFF": encode(draw(), "TIFF", compression="tiff_lzw")[:400],
    "half a WebP": encode(draw(), "WEBP")[:-60],
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_truncated_pictures_are_named_in_one_quiet_line(name, capfd):
    with pytest.raises(ImageReadError) as caught:
        decode_image(TRUNCATED[name])
    message = str(caught.value)
    assert message.startswith(("cannot be decoded: ", "broken header: ", "not a whole picture"))
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_truncated_jpeg_says_so():
    with pytest.raises(
        ImageReadError, match=r"^cannot be decoded: image file is truncated \(\d+ bytes not processed\)$"
    ):
        decode_image(TRUNCATED["half a JPEG"])


KNOWN = "not a whole picture of a known format (JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF, HEIF)"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (
            b"<html>404 not found</html>",
            "not a whole picture of a known format (JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF, HEIF)",
        ),
        (jpeg()[:20], KNOWN),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a whole picture of a known format"),
        (bmp_with_compression(99), "broken header: Unsupported BMP compression (99)"),
        (png(50_000, 50_000, 8, 2, b""), "enormous declared size: Image size (2500000000 pixels) exceeds limit"),
        (jpeg_that_declares(50_000, 50_000), "enormous declared size: Image size (2500000000 pixels) exceeds limit"),
        (png(8, 8, 8, 2, b"\0" * 10), "cannot be decoded: image file is truncated"),
        (
            png(12_000, 12_000, 8, 2, b""),
            "12000 x 12000 px are 144 million pixels, more than the 67 million that are read: "
            "make it smaller, or cut it into parts",
        ),
        (
            jpeg_that_declares(12_000, 12_000),
            "12000 x 12000 px are 144 million pixels, more than the 134 million that are read: make it smaller",
        ),
        (
            png(1, 101, 8, 0, b"\0\0" * 101),
            "1 x 101 px: the longer side is more than 100 times the shorter one: cut it into parts, or leave it out",
        ),
        (jpeg(Image.new("L", (808, 8))), "808 x 8 px: the longer side is more than 100 times the shorter one"),
    ],
    ids=[
        *("empty", "html", "cut header", "eps", "odd header", "bomb", "JPEG bomb", "too little data"),
        *("too large", "JPEG too large", "strip", "JPEG strip"),
    ],
)
def test_what_is_no_picture_is_named(data, message, capfd):
    with pytest.raises(ImageReadError, match=r"^" + re.escape(message)):
        decode_image(data)
    assert capfd.readouterr() == ("", "")


def test_damaged_png_is_named_quietly(capfd):
    data = encode(draw(), "PNG")
    start = data.index(b"IDAT") + 4
    with pytest.raises(ImageReadError, match=r"^cannot be decoded: broken data stream"):
        decode_image(data[:start] + bytes(40) + data[start + 40 :])
    assert capfd.readouterr() == ("", "")


def test_garbage_inside_a_jpeg_is_a_spoilt_picture_not_an_error():
    """As in a browser: the codec goes on, and what it shows is what Pillow shows."""
    data = bytearray(jpeg())
    middle = len(data) * 3 // 4
    data[middle : middle + 30] = bytes(range(30, 60))
    found = decode_image(bytes(data))
    assert difference(found, bgr(Image.open(io.BytesIO(bytes(data))))) < 1
    assert difference(found, bgr(draw())) > 1


@pytest.mark.parametrize("name", ["with space.jpg", "牛奶 商品.png", "ünï.webp", "UPPER.JPG", "no_extension"])
def test_any_file_name_is_read(tmp_path, name):
    kind = {".png": "PNG", ".webp": "WEBP"}.get((tmp_path / name).suffix, "JPEG")
    (tmp_path / name).write_bytes(encode(draw(), kind, quality=95))
    assert difference(read_image(tmp_path / name), bgr(draw())) < 4
    assert read_image(str(tmp_path / name)).shape == (64, 96, 3)


def test_files_that_cannot_be_opened(tmp_path, monkeypatch):
    with pytest.raises(ImageReadError, match=r"^cannot open the file: No such file or directory$"):
        read_image(tmp_path / "missing.jpg")
    with pytest.raises(ImageReadError, match=r"^cannot open the file: Is a directory$"):
        read_image(tmp_path)
    with pytest.raises(ImageReadError, match=r"^cannot open the file: File name too long$"):
        read_image(tmp_path / ("x" * 300))
    with pytest.raises(ImageReadError, match=r"^cannot open the file: embedded null"):
        read_image("a\0b.jpg")

    def forbidden(path):  # a real chmod would not stop a test that runs as root
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)
    with pytest.raises(ImageReadError, match=r"^cannot open the file: Permission denied$"):
        read_image(tmp_path / "secret.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_pictures_are_known_by_their_first_bytes(kind):
    assert is_picture_header(encode(draw(), kind)[:16])


def test_the_bounds_are_reached_exactly():
    check_extent((8192, 8192))
    check_extent((100, 1))
    assert MAX_PIXELS == 8192 * 8192
    with pytest.raises(ExtentError, match=r"^8193 x 8192 px are 67 million pixels, more than the 67 million"):
        check_extent((8193, 8192))
    assert decode_image(encode(Image.new("L", (300, 3)), "PNG")).shape == (3, 300, 3)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"mode": "CMYK"}], ids=str)
def test_a_jpeg_of_up_to_twice_the_pixels_is_decoded_at_half_its_size(options, monkeypatch):
    monkeypatch.setattr("kdxf_runtime.io.images.MAX_PIXELS", 96 * 64 * 2)
    image = draw(192, 128, options.pop("mode", "RGB"))
    found = decode_image(jpeg(image, **options))
    assert difference(found, bgr(draw(192, 128).resize((96, 64), Image.Resampling.BOX))) < 4
    with pytest.raises(ExtentError, match=r"^194 x 128 px are 0 million pixels"):
        decode_image(jpeg(draw(194, 128)))


def test_what_another_reader_decodes_is_bounded_too(tmp_path):
    large, page, missing = tmp_path / "large.png", tmp_path / "page.html", tmp_path / "missing.png"
    large.write_bytes(png(12_000, 12_000, 8, 2, b""))
    page.write_bytes(b"<html>")
    with pytest.raises(ExtentError, match=r"^12000 x 12000 px are 144 million pixels"):
        check_file(large)
    for other in (page, missing, "a\0b.jpg"):
        check_file(other)


def test_the_header_of_a_file_may_be_long(tmp_path):
    (tmp_path / "x.jpg").write_bytes(jpeg(icc_profile=bytes(300_000)))
    assert open_file_header(tmp_path / "x.jpg").size == (96, 64)


def test_ycck_jpeg_has_its_colours():
    """Photoshop's JPEGs for print: inverted colours as luma and chroma, and black."""
    planes = ImageOps.invert(draw()).convert("YCbCr").split()
    stored = [ImageOps.invert(plane) for plane in (*planes, Image.new("L", (96, 64), 255))]  # Pillow inverts CMYK
    data = bytearray(jpeg(Image.merge("CMYK", stored)))
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    data[transform] = 2
    found = decode_image(bytes(data))
    assert difference(found, bgr(draw())) < 4
    assert difference(found, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)) < 4


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(3_000_000)


def text_chunk(**options):
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("workflow", "x" * 3_000_000, **options)
    return chunks


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {"icc_profile": PROFILE}),
        ("WEBP", {"icc_profile": PROFILE, "lossless": True}),
        ("JPEG", {"icc_profile": PROFILE, "quality": 95}),
        ("PNG", {"pnginfo": text_chunk(zip=True)}),
        ("PNG", {"pnginfo": text_chunk()}),
    ],
    ids=["PNG profile", "WebP profile", "JPEG profile", "packed text", "plain text"],
)
def test_huge_profiles_and_texts_do_not_hide_the_pixels(kind, options, capfd):
    data = encode(draw(), kind, exif=orientation_exif(6), **options)
    found = decode_image(data)
    assert capfd.readouterr() == ("", "")
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert difference(found, np.rot90(stored, -1)) == 0


def test_what_was_left_out_of_a_png_is_noted():
    assert open_header(encode(draw(), "PNG", pnginfo=text_chunk(zip=True))).info["huge text"]
    assert "huge text" not in open_header(encode(draw(), "PNG")).info


def test_avif_as_opencv_reads_it():
    data = encode(draw(), "AVIF", quality=95)
    assert difference(decode_image(data), cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)) < 1
    assert difference(decode_image(data), bgr(draw())) < 3


def test_heic(tmp_path):
    heif = pytest.importorskip("pillow_heif", reason="the extra heic is not installed")
    heif.from_pillow(draw()).save(tmp_path / "x.heic", quality=-1, exif=orientation_exif(6).tobytes())
    assert difference(read_image(tmp_path / "x.heic"), np.rot90(bgr(draw()), -1)) < 3


def test_heic_names_the_extra_that_reads_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(100)
    with pytest.raises(
        ImageReadError, match=r"^a HEIC picture needs the package pillow_heif: pip install 'kdxf\[heic\]'"
    ):
        decode_image(data)


def tiff(*pages, **options):
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for page in pages:
            file.write(page, **options)
    return buffer.getvalue()


RAMP = np.linspace(0, 1, 64 * 48).reshape(48, 64)
COLOURS = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


@pytest.mark.parametrize(
    ("values", "options", "white"),
    [
        ((RAMP * 65535).astype(np.uint16), {}, 65535),
        ((RAMP * 65535).astype(">u2"), {"compression": "zlib"}, 65535),
        ((COLOURS * 65535).astype(np.uint16), {"photometric": "rgb"}, 65535),
        ((COLOURS * 65535).astype(np.uint16), {"photometric": "rgb", "compression": "zlib", "predictor": True}, 65535),
        (RAMP.astype(np.float32), {}, 1),
        ((COLOURS * 255).astype(np.uint8), {"photometric": "rgb", "tile": (16, 16)}, 255),
    ],
    ids=["grey 16", "big endian packed", "colour 16", "predictor", "float", "tiles"],
)
def test_deep_tiffs_as_tifffile_reads_them(values, options, white):
    other = np.zeros((5, 7), np.uint8)
    found = decode_image(tiff(values, **options))
    theirs = tifffile.imread(io.BytesIO(tiff(values, **options))).astype(float) * (255 / white)
    theirs = theirs if theirs.ndim == 3 else np.repeat(theirs[..., None], 3, axis=2)
    assert np.abs(found - theirs[..., ::-1]).max() <= 1
    if not options:  # of several pages, also of other sizes, the first
        assert np.array_equal(decode_image(tiff(values, other)), found)


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (COLOURS.astype(np.float32), {"photometric": "rgb"}),
        (RAMP.astype(np.float64), {}),
        ((COLOURS * 65535).astype(np.uint16).transpose(2, 0, 1), {"photometric": "rgb", "planarconfig": "separate"}),
        ((RAMP * 65535).astype(np.uint16), {"photometric": "miniswhite"}),
    ],
    ids=["float colour", "double", "planes", "white is 0"],
)
def test_tiffs_that_would_get_wrong_pixels_are_named(values, options):
    with pytest.raises(ImageReadError, match=r"a TIFF of a rare kind .*: save it with 8 bits per channel$"):
        decode_image(tiff(values.copy(), **options))


@pytest.mark.parametrize(
    "data", [b"", b"BM25 is a ranking", b"P6 is a class of ship", b"RIFF\0\0\0\0WAVEfmt ", b"%PDF-1.7"]
)
def test_other_files_are_no_pictures(data):
    assert not is_picture_header(data)


def test_extensions():
    assert {".jpg", ".png", ".webp", ".jfif"} <= IMAGE_EXTENSIONS


def test_a_picture_is_found_under_either_form_of_its_name(tmp_path):
    (tmp_path / unicodedata.normalize("NFD", "café.png")).write_bytes(encode(draw(), "PNG"))
    assert read_image(tmp_path / "café.png").shape == (64, 96, 3)
