import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from kdxf.data.pictures.header import EXTENSIONS, read_header
from kdxf_runtime.io.images import IMAGE_EXTENSIONS, ImageReadError


def encode(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(value):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize(("orientation", "size"), [(1, (6, 4)), (3, (6, 4)), (6, (4, 6)), (8, (4, 6))])
def test_sizes_are_those_of_the_upright_picture(kind, orientation, size):
    header = read_header(encode(Image.new("RGB", (6, 4)), kind, exif=turned(orientation)))
    assert (header.kind, header.size, header.orientation) == (kind, size, orientation)
    assert (header.mode, header.frames) == ("", 1)


@pytest.mark.parametrize(
    ("image", "kind", "options", "mode"),
    [
        (Image.new("CMYK", (4, 4)), "JPEG", {}, "CMYK"),
        (Image.new("L", (4, 4)), "JPEG", {}, "grey"),
        (Image.new("1", (4, 4)), "PNG", {}, "grey"),
        (Image.new("LA", (4, 4)), "PNG", {}, "grey, alpha"),
        (Image.new("RGBA", (4, 4)), "WEBP", {}, "alpha"),
        (Image.new("P", (4, 4)), "PNG", {"transparency": 0}, "palette, alpha"),
        (Image.fromarray(np.zeros((4, 4), np.uint16)), "PNG", {}, "grey, 16 bits"),
        (Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF", {}, "grey, 32 bits"),
    ],
)
def test_unusual_modes_are_named(image, kind, options, mode):
    assert read_header(encode(image, kind, **options)).mode == mode


def test_the_frames_of_an_animation_are_counted_and_a_phones_second_picture_is_not():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    gif = read_header(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (gif.kind, gif.frames) == ("GIF", 3)
    phone = read_header(encode(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert (phone.kind, phone.frames) == ("JPEG", 1)


def test_an_animation_whose_end_is_broken_counts_as_one_picture():
    frames = [Image.effect_noise((30, 30), 50) for _ in range(3)]
    data = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    second = int.from_bytes(data[4:8], "little")  # of the first directory, whose end has the place of the second
    end = second + 2 + 12 * int.from_bytes(data[second : second + 2], "little")
    assert read_header(data).frames == 3
    assert read_header(data[:end] + (2**31).to_bytes(4, "little") + data[end + 4 :]).frames == 1


def test_what_is_no_picture_is_refused():
    with pytest.raises(ImageReadError, match="not a whole picture of a known format"):
        read_header(b"<html>")


def test_every_extension_that_is_listed_belongs_to_a_format():
    assert frozenset().union(*EXTENSIONS.values()) == IMAGE_EXTENSIONS
