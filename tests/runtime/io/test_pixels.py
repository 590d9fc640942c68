"""Pixels of every mode, as they come out of files."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kdxf_runtime.io.images import decode_image
from kdxf_runtime.io.pixels import pixels, shrink, to_rgb


def encode(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour, rows):
    """A PNG written by hand; ``rows`` are the bytes of the scan lines, each with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


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
    source = ramp().convert(mode)
    assert np.array_equal(decode_image(encode(source, "PNG")), np.asarray(source.convert("RGB"))[:, :, ::-1])


def ramp(width=23, height=17):
    """Colours that differ from row to row and column to column."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 11, y * 15, (x + y) * 6], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F"])
def test_strips_make_no_difference(mode, monkeypatch):
    image = ramp().convert("L").convert(mode) if mode in ("I", "F") else ramp().convert(mode)
    whole = pixels(image)
    monkeypatch.setattr("kdxf_runtime.io.pixels._STRIP_PIXELS", 50)  # 2 rows
    assert np.array_equal(pixels(image), whole) and whole.std() > 0
    assert np.array_equal(pixels(image, bgr=True), whole[..., ::-1])


def test_the_white_of_a_float_picture_is_that_of_all_its_strips(monkeypatch):
    monkeypatch.setattr("kdxf_runtime.io.pixels._STRIP_PIXELS", 1)
    image = Image.fromarray(np.array([[0.5], [100.0], [200.0]], np.float32))
    assert pixels(image)[:, 0, 0].tolist() == [0, 100, 200]


def test_rgb_stays_itself():
    image = ramp()
    assert to_rgb(image) is image
    assert to_rgb(image.convert("L")).mode == "RGB"


def test_shrink():
    """A longer side of 4: of 8 x 2 pixels, each is the mean of four; a smaller picture is not enlarged."""
    image = np.arange(0, 64, 4, dtype=np.uint8).reshape(2, 8)
    assert shrink(image, 4).tolist() == [[18, 26, 34, 42]]
    assert shrink(image, 8) is image
    assert shrink(np.zeros((1, 100, 3), np.uint8), 10).shape == (1, 10, 3)
