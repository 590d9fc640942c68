"""Reading of pictures: right pixels from every honest kind, one line about every broken one."""

import io
import re
import struct
import unicodedata
import zlib

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw

from kdxf.io.images import IMAGE_EXTENSIONS, ImageReadError, decode_image, is_picture_header, read_image


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


def test_sixteen_bit_grey_png_is_scaled():
    values = np.array([[0, 257, 32768, 65535]], ">u2")
    found = decode_image(png(4, 1, 16, 0, b"\0" + values.tobytes()))
    assert found[0].tolist() == [[0] * 3, [1] * 3, [128] * 3, [255] * 3]


def test_dark_sixteen_bit_png_stays_dark():
    values = np.array([[0, 100, 200, 255]], ">u2")
    assert decode_image(png(4, 1, 16, 0, b"\0" + values.tobytes())).max() == 1


def test_sixteen_bit_rgb_png():
    pixels = np.array([[[65535, 0, 0], [0, 257 * 100, 257 * 200]]], ">u2")
    assert decode_image(png(2, 1, 16, 2, b"\0" + pixels.tobytes()))[0].tolist() == [[0, 0, 255], [200, 100, 0]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),  # a float picture from 0 to 1
        ([0.0, 128.0, 255.0], [0, 128, 255]),
        ([0.0, np.nan, -3.0], [0, 0, 0]),
        ([0.0, 100_000.0, 200_000.0], [0, 128, 255]),  # no such white exists: the largest value is it
    ],
)
def test_float_tiff_finds_its_white(values, expected):
    found = decode_image(encode(Image.fromarray(np.array([values], np.float32)), "TIFF"))
    assert found[0, :, 0].tolist() == expected


def test_transparent_pixels_stand_on_white():
    rgba = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    rgba.putpixel((1, 0), (0, 0, 255, 255))
    assert decode_image(encode(rgba, "PNG"))[0].tolist() == [[255, 255, 255], [255, 0, 0]]
    rgba.putpixel((1, 0), (0, 0, 0, 128))  # half black on white is grey
    assert decode_image(encode(rgba, "PNG"))[0].tolist() == [[255] * 3, [127] * 3]


def test_palette_with_alpha_stands_on_white():
    palette = Image.new("P", (3, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    palette.putdata([0, 1, 2])
    assert decode_image(encode(palette, "PNG", transparency=1))[0].tolist() == [
        [30, 20, 10],
        [255, 255, 255],
        [90, 80, 70],
    ]


def test_rgb_png_with_a_transparent_colour_stands_on_white():
    image = Image.new("RGB", (2, 1), (9, 8, 7))
    image.putpixel((1, 0), (1, 2, 3))
    assert decode_image(encode(image, "PNG", transparency=(9, 8, 7)))[0].tolist() == [[255] * 3, [3, 2, 1]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_of_every_mode(mode):
    source = draw(mode=mode)
    assert difference(decode_image(encode(source, "PNG")), bgr(source)) == 0


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_stands_for_an_animation(kind):
    frames = [Image.new("RGB", (16, 12), colour) for colour in ((200, 0, 0), (0, 200, 0))]
    found = decode_image(encode(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert difference(found, bgr(frames[0])) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_exif_orientation_is_applied(orientation, kind):
    data = encode(draw(), kind, exif=orientation_exif(orientation), **({"quality": 95} if kind == "JPEG" else {}))
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


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"<html>404 not found</html>", "not a whole picture of a known format (JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM)"),
        (jpeg()[:20], "not a whole picture of a known format (JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a whole picture of a known format"),
        (bmp_with_compression(99), "broken header: Unsupported BMP compression (99)"),
        (png(50_000, 50_000, 8, 2, b""), "enormous declared size: Image size (2500000000 pixels) exceeds limit"),
        (jpeg_that_declares(50_000, 50_000), "enormous declared size: Image size (2500000000 pixels) exceeds limit"),
        (png(8, 8, 8, 2, b"\0" * 10), "cannot be decoded: image file is truncated"),
    ],
    ids=["empty", "html", "cut header", "eps", "odd header", "bomb", "JPEG bomb", "too little data"],
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
