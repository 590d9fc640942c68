import os
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from kdxf.data.lists import read_list
from kdxf.data.pictures.resize import Resizing, format_result, resize, resize_image
from kdxf.errors import UserError
from kdxf_runtime.io.images import read_image


def scene(width, height):
    """Soft waves: any good way of shrinking gives nearly the same."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    waves = [np.sin(9 * x + 4 * y), np.cos(7 * y), np.sin(11 * x * y)]
    return Image.fromarray((127 + 100 * np.stack(waves, axis=2)).astype(np.uint8))


def exif_of(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "a camera"
    return exif


@pytest.fixture
def shop(tmp_path):
    """Folders ``in`` (``path``) and ``out``, and ``run(image, **options)`` with an edge of 100."""
    (tmp_path / "in" / "a").mkdir(parents=True)
    root, out = tmp_path / "in", tmp_path / "out"
    run = lambda image, **options: resize_image(image, Resizing(root, out, **{"edge": 100, **options}))  # noqa: E731
    return SimpleNamespace(root=root, out=out, run=run)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(160, 120), (1000, 740)])  # decoded in full, and at a quarter
def test_a_large_jpeg_becomes_small_and_upright(shop, size, orientation):
    scene(*size).save(shop.root / "a/x.jpg", quality=95, exif=exif_of(orientation))
    result = shop.run("a/x.jpg")
    assert (result.action, result.notes) == ("resized", [])
    assert result.bytes_read == (shop.root / "a/x.jpg").stat().st_size
    assert result.bytes_written == (shop.out / "a/x.jpg").stat().st_size
    with Image.open(shop.out / "a/x.jpg") as image:
        expected = (100, round(100 * size[1] / size[0]))
        assert image.size == (expected if orientation == 1 else expected[::-1])
        assert image.getexif()[ExifTags.Base.Orientation] == 1 and image.getexif()[ExifTags.Base.Make] == "a camera"
    small = scene(*size).resize(expected, Image.Resampling.LANCZOS)
    small = small if orientation == 1 else small.rotate(-90, expand=True)
    found = read_image(shop.out / "a/x.jpg")[:, :, ::-1]
    assert np.abs(found.astype(int) - np.asarray(small)).mean() < 2.5


def test_what_is_small_enough_is_taken_over_byte_for_byte(shop):
    scene(100, 80).save(shop.root / "a/x.jpg", exif=exif_of(1))
    assert shop.run("a/x.jpg").action == "copied"
    assert (shop.out / "a/x.jpg").read_bytes() == (shop.root / "a/x.jpg").read_bytes()
    assert not (shop.out / "a/x.jpg").samefile(shop.root / "a/x.jpg")
    assert shop.run("a/x.jpg", link=True, overwrite=True).action == "linked"
    assert (shop.out / "a/x.jpg").samefile(shop.root / "a/x.jpg")
    assert shop.run("a/x.jpg", link=True).action == "there"


def test_small_and_turned_or_of_another_format_is_coded_anew(shop):
    scene(80, 48).save(shop.root / "a/x.png", exif=exif_of(6))
    assert shop.run("a/x.png").action == "re-encoded"
    assert (read_image(shop.out / "a/x.png") == read_image(shop.root / "a/x.png")).all()
    scene(80, 48).save(shop.root / "a/y.png")
    assert shop.run("a/y.png", kind="JPEG", quality=97).action == "re-encoded"
    difference = np.abs(read_image(shop.out / "a/y.jpg").astype(int) - read_image(shop.root / "a/y.png"))
    assert difference.max() < 12


@pytest.mark.parametrize(
    ("mode", "kind", "becomes", "lost"),
    [
        ("L", "JPEG", "L", []),
        ("CMYK", "JPEG", "CMYK", []),
        ("RGBA", "PNG", "RGBA", []),
        ("LA", "PNG", "LA", []),
        ("P", "PNG", "RGB", ["palette"]),
        ("1", "PNG", "L", []),
        ("RGBA", "WEBP", "RGBA", []),
        ("P", "GIF", "P", []),
        ("RGB", "BMP", "RGB", []),
        ("I;16", "PNG", "I;16", []),
    ],
)
def test_modes_and_formats_are_kept(shop, mode, kind, becomes, lost):
    image = scene(200, 150)
    image = Image.fromarray(np.full((150, 200), 30000, np.uint16)) if mode == "I;16" else image.convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(shop.root / "a/x", kind)
    assert shop.run("a/x").notes == lost
    with Image.open(shop.out / "a/x") as small:
        assert (small.format, small.size, small.mode) == (kind, (100, 75), becomes)
        assert mode != "I;16" or small.getpixel((50, 30)) == 30000


def test_a_colour_that_means_transparent_becomes_alpha(shop):
    image = scene(200, 100)
    image.paste((1, 2, 3), (0, 0, 100, 100))
    image.save(shop.root / "x.png", transparency=(1, 2, 3))
    assert shop.run("x.png").notes == []
    with Image.open(shop.out / "x.png") as small:
        assert small.mode == "RGBA" and small.getpixel((20, 25))[3] == 0 and small.getpixel((80, 25))[3] == 255


def test_a_job_goes_on_where_it_stopped(shop):
    image, target = shop.root / "x.jpg", shop.out / "x.jpg"
    scene(200, 150).save(image)
    assert shop.run("x.jpg").action == "resized"
    assert shop.run("x.jpg").action == "there"
    target.write_bytes(target.read_bytes()[:-200])  # by another program: not whole
    assert shop.run("x.jpg").action == "resized"
    assert shop.run("x.jpg", edge=80).action == "resized"  # of another size
    os.utime(image, ns=(2 * 10**18, 2 * 10**18))  # the picture is newer than its result
    assert shop.run("x.jpg", edge=80).action == "resized"
    os.utime(image, ns=(10**18, 10**18))
    assert shop.run("x.jpg", edge=80).action == "there"
    assert shop.run("x.jpg", edge=80, overwrite=True).action == "resized"
    assert [path.name for path in shop.out.iterdir()] == ["x.jpg"]


def test_a_dry_run_writes_nothing(shop):
    scene(200, 150).save(shop.root / "x.jpg")
    assert shop.run("x.jpg", dry_run=True).action == "resized" and not shop.out.exists()


def test_broken_pictures_fail_with_the_reason_and_leave_nothing(shop):
    scene(200, 150).save(shop.root / "x.jpg")
    (shop.root / "half.jpg").write_bytes((shop.root / "x.jpg").read_bytes()[:-300])
    (shop.root / "empty.jpg").touch()
    scene(404, 4).save(shop.root / "strip.jpg")
    for name, reason in (
        ("strip.jpg", "404 x 4 px: the longer side is more than 100 times the shorter one"),
        ("half.jpg", "image file is truncated"),
        ("empty.jpg", "the file is empty"),
        ("none.jpg", "No such file or directory"),
    ):
        result = shop.run(name)
        assert result.action == "failed" and result.notes[0].startswith(reason)
    assert not shop.out.exists()


def test_links_that_cannot_be_made_are_the_users_business(shop, monkeypatch):
    scene(20, 20).save(shop.root / "x.png")
    monkeypatch.setattr("os.link", partial(_refuse, 18))
    with pytest.raises(UserError, match=r"^--link: .*x.png cannot be a hard link \(Invalid cross-device link\); leave"):
        shop.run("x.png", link=True)


def _refuse(number, *_):
    raise OSError(number, os.strerror(number))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "images"
    (root / "a").mkdir(parents=True)
    Image.new("RGB", (80, 40)).save(root / "a" / "large.jpg")
    Image.new("RGBA", (30, 10)).save(root / "a" / "small.png")
    (root / "a" / "broken.jpg").touch()
    (root / "list.csv").write_text(
        "image,label,fold\na/large.jpg,x,0\na/broken.jpg,x,1\na/small.png,y,2\na/large.jpg,y,3\n"
    )
    return root


def test_no_image_at_all(root, tmp_path):
    (root / "list.csv").write_text("image\na/broken.jpg\na/none.jpg\n")
    with pytest.raises(UserError, match=r"no image can be read \(first: the file is empty\); check --root$"):
        resize(read_list(root / "list.csv"), Resizing(root, tmp_path / "out"), workers=1)


def test_a_list_keeps_its_columns_and_loses_what_failed(root, tmp_path):
    result = resize(read_list(root / "list.csv"), Resizing(root, tmp_path / "out", edge=40), workers=1)
    assert result.frame.to_numpy().tolist() == [
        ["a/large.jpg", "x", 0],
        ["a/small.png", "y", 2],
        ["a/large.jpg", "y", 3],
    ]
    assert result.actions == {"resized": 1, "copied": 1, "failed": 1}
    assert result.notes.to_numpy().tolist() == [["a/broken.jpg", "failed", "the file is empty"]]
    assert sorted(path.name for path in (tmp_path / "out" / "a").iterdir()) == ["large.jpg", "small.png"]
    lines = format_result(result).split("\n")
    assert sorted(lines[:3]) == ["copied              1", "failed              1", "resized             1"]
    assert "MB became" in lines[3] and lines[-1] == "failed: the file is empty: 1 (first: a/broken.jpg)"


def test_another_format_changes_the_paths_of_the_list(root, tmp_path):
    job = Resizing(root, tmp_path / "out", edge=40, kind="JPEG")
    result = resize(read_list(root / "list.csv"), job, workers=1)
    assert result.frame["image"].tolist() == ["a/large.jpg", "a/small.jpg", "a/large.jpg"]
    assert "not kept: transparency: 1 (first: a/small.png)" in format_result(result)
    assert all((tmp_path / "out" / image).is_file() for image in result.frame["image"])


def test_the_boxes_of_an_ocr_table_fit_the_small_picture(root, tmp_path):
    """Boxes are in pixels of the picture that was read, and are used as fractions of its size."""
    line_boxes = pytest.importorskip("kdxf_runtime.steps.line_boxes")
    from kdxf_runtime.ocr.record import OCRRecord

    pixels = np.full((300, 400, 3), 255, np.uint8)
    pixels[60:120, 100:300] = 0
    Image.fromarray(pixels).save(root / "a" / "text.png")
    box = np.array([[[100, 60], [300, 60], [300, 120], [100, 120]]], np.float32)
    record = OCRRecord("a/text.png", ["milk"], np.ones(1, np.float32), box, 400, 300, "e", None)
    resize(read_list(root / "a"), Resizing(root / "a", tmp_path / "out", edge=80), workers=1)
    small = read_image(tmp_path / "out" / "text.png")
    x0, y0, x1, y1 = line_boxes.line_boxes(record, small)[0].round().astype(int)
    assert (x0, y0, x1, y1) == (20, 12, 60, 24)
    assert small[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1].max() < 60 and small[: y0 - 2].min() > 200


def test_inputs_and_other_results_are_never_replaced(root, tmp_path):
    images = read_list(root / "list.csv")
    with pytest.raises(
        UserError, match=r"images: lies in the input, which is never changed; choose a folder beside it$"
    ):
        resize(images, Resizing(root, root), workers=1)
    with pytest.raises(UserError, match="lies in the input"):
        resize(read_list(root), Resizing(root, root / "out"), workers=1)
    resize(images, Resizing(root, root / "small"), workers=1)  # a list names its images, so this is another folder
    Image.new("RGB", (9, 9)).save(root / "large.jpg")
    pd.DataFrame({"image": ["large.jpg", "a/large.jpg"]}).to_csv(root / "both.csv", index=False)
    with pytest.raises(UserError, match=r"a: large.jpg would replace an input; choose another folder$"):
        resize(read_list(root / "both.csv"), Resizing(root, root / "a"), workers=1)
    Image.new("RGB", (9, 9)).save(root / "a" / "large.png")
    with pytest.raises(UserError, match=r"^large.jpg and large.png would both become large.jpg; rename one of them$"):
        resize(read_list(root / "a"), Resizing(root / "a", tmp_path / "out", kind="JPEG"), workers=1)
    for path in ("../large.jpg", str(root / "large.jpg")):
        pd.DataFrame({"image": [path]}).to_csv(root / "a" / "up.csv", index=False)
        with pytest.raises(UserError, match="large.jpg: leads out of the image root"):
            resize(read_list(root / "a" / "up.csv"), Resizing(root / "a", tmp_path / "out"), workers=1)
    pd.DataFrame({"image": ["../large.jpg"]}).to_csv(root / "a" / "up.csv", index=False)
    with pytest.raises(
        UserError, match=r"^../large.jpg: leads out of the image root; choose a root above it with --root$"
    ):
        resize(read_list(root / "a" / "up.csv"), Resizing(root / "a", tmp_path / "out"), workers=1)


def test_options_are_checked(root, tmp_path):
    with pytest.raises(UserError, match=r"^--edge: must be at least 1 pixel, not 0$"):
        resize(read_list(root), Resizing(root, tmp_path, edge=0), workers=1)
    with pytest.raises(UserError, match=r"^--quality: lies between 1 and 100, not 101$"):
        resize(read_list(root), Resizing(root, tmp_path, quality=101), workers=1)
