import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from kdxf.data.verification.image_checks import check_image
from kdxf.data.verification.options import Limits


def photo(width=160, height=120):
    """Noise: its coded data have no long runs in which damage could hide."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encode(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


JPEG = encode(photo())


def damaged(data, length=400):
    middle = len(data) // 2
    return data[:middle] + np.random.default_rng(1).bytes(length) + data[middle + length :]


def turned(value):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


def frames():
    return dict(save_all=True, append_images=[Image.new("RGB", (60, 60), "red")])


@pytest.mark.parametrize(
    ("name", "data", "problems"),
    [
        ("good.jpg", JPEG, []),
        ("good.JPEG", JPEG + b"maker's notes", []),
        ("good.png", encode(photo(), "PNG"), []),
        ("good.webp", encode(photo(), "WEBP"), []),
        ("empty.jpg", b"", [("unreadable", "the file is empty")]),
        (
            "text.jpg",
            b"<html>",
            [("unreadable", "not a whole picture of a known format (JPEG, PNG, WEBP, GIF, BMP, T")],
        ),
        ("half.jpg", JPEG[: len(JPEG) // 2], [("truncated", "cannot be decoded: image file is truncated (")]),
        ("half.png", encode(photo(), "PNG")[:9000], [("truncated", "cannot be decoded: image file is truncated")]),
        ("damaged.jpg", damaged(JPEG), [("damaged", "Corrupt JPEG data: ")]),
        ("damaged.png", damaged(encode(photo(), "PNG")), [("unreadable", "cannot be decoded: ")]),
        ("png.jpg", encode(photo(), "PNG"), [("wrong_extension", "is PNG, is called .jpg")]),
        ("none", JPEG, [("wrong_extension", "is JPEG, is called nothing")]),
        ("cmyk.jpg", encode(photo().convert("CMYK")), [("odd_mode", "CMYK")]),
        ("alpha.png", encode(photo().convert("RGBA"), "PNG"), [("odd_mode", "alpha")]),
        ("turned.jpg", encode(photo(), exif=turned(6)), [("rotated", "EXIF orientation 6")]),
        ("film.webp", encode(photo(60, 60), "WEBP", **frames()), [("animated", "2 frames; the first is used")]),
        ("small.png", encode(photo(31, 32), "PNG"), [("too_small", "31x32")]),
        ("large.png", encode(photo(401, 300), "PNG"), [("too_large", "401x300")]),
        ("strip.png", encode(photo(80, 321), "PNG"), [("odd_ratio", "80x321")]),
        ("just.png", encode(photo(100, 400), "PNG"), []),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, capfd, name, data, problems):
    (tmp_path / name).write_bytes(data)
    found = check_image(tmp_path / name, Limits(min_edge=32, max_edge=400, max_ratio=4)).problems
    assert [kind for kind, _ in found] == [kind for kind, _ in problems]
    assert all(said.startswith(start) for (_, said), (_, start) in zip(found, problems, strict=True))
    assert capfd.readouterr() == ("", "")


def test_several_problems_of_one_file_and_its_upright_size(tmp_path):
    (tmp_path / "x.png").write_bytes(encode(photo(100, 20).convert("L"), exif=turned(8)))
    check = check_image(tmp_path / "x.png", Limits())
    assert check.size == (20, 100)
    assert [kind for kind, _ in check.problems] == ["wrong_extension", "odd_mode", "rotated", "too_small"]


def test_files_that_cannot_be_opened(tmp_path):
    assert check_image(tmp_path / "none.jpg", Limits()).problems == [("missing", "no such file")]
    said = [("unreadable", "cannot open the file: Is a directory")]
    assert check_image(tmp_path, Limits()).problems == said


def test_a_picture_beyond_the_bounds_is_unreadable_and_says_why(tmp_path):
    photo(404, 4).save(tmp_path / "strip.png")
    assert check_image(tmp_path / "strip.png", Limits()).problems == [
        (
            "unreadable",
            "404 x 4 px: the longer side is more than 100 times the shorter one: cut it into parts, or leave it out",
        )
    ]
