"""Steps on pictures: the same pixels as MMCV's and MMPretrain's transforms of the same names."""

import mmcv.transforms
import mmpretrain.datasets.transforms
import numpy as np
import pytest

from kdxf_runtime.errors import UserError
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.steps.images import (
    BLANK_BGR,
    CenterCrop,
    CenterCropKeepText,
    Letterbox,
    LoadImage,
    Resize,
    ResizeEdge,
)
from kdxf_runtime.steps.line_boxes import line_boxes

SIZES = [(7, 5), (50, 31), (31, 50), (64, 64), (200, 33), (1, 9)]


def picture(size):
    return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)


def same(ours, theirs, size):
    got, expected = ours({"img": picture(size)}), theirs({"img": picture(size)})
    assert np.array_equal(got["img"], expected["img"]) and got["img_shape"] == expected["img_shape"]


def test_decoded_pixels_stand_for_a_file(tmp_path):
    pixels = picture((6, 8))
    results = LoadImage().transform({"img_path": str(tmp_path / "none.jpg"), "img_bytes": b"", "img_pixels": pixels})
    assert results["img"] is pixels and results["ori_shape"] == (6, 8) and "error" not in results


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", [{"scale": (20, 30)}, {"scale": (33, 20), "keep_ratio": True}, {"scale": 17},
                                     {"scale": (20, 30), "interpolation": "area"}])  # fmt: skip
def test_resize(size, options):
    same(Resize(**options), mmcv.transforms.Resize(**options), size)


@pytest.mark.parametrize("size", SIZES[:5])
@pytest.mark.parametrize("edge", ["short", "long", "width", "height"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_resize_edge(size, edge, interpolation):
    options = {"scale": 40, "edge": edge, "interpolation": interpolation}
    same(ResizeEdge(**options), mmpretrain.datasets.transforms.ResizeEdge(**options), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("crop", [6, (9, 4), 1000])
def test_center_crop(size, crop):
    same(CenterCrop(crop), mmcv.transforms.CenterCrop(crop), size)


def test_a_picture_that_cannot_be_read_is_blank_with_an_error(tmp_path):
    results = LoadImage(blank_size=8)({"img_path": str(tmp_path / "none.png")})
    assert (results["img"] == BLANK_BGR).all() and results["img"].shape == (8, 8, 3)
    assert "none.png" in results["error"] or "cannot open" in results["error"]


@pytest.mark.parametrize(
    ("step", "options", "said"),
    [
        (LoadImage, {"min_edge": 0}, "LoadImage: min_edge is 0; give a number of pixels above 0"),
        (CenterCropKeepText, {"crop_size": 0}, "CenterCropKeepText: crop_size is 0; give a number of pixels above 0"),
        (Letterbox, {"scale": (0, 4)}, r"Letterbox: scale is \(0, 4\); give a number of pixels above 0"),
        (
            Letterbox,
            {"scale": 4, "pad_val": (1, 2)},
            r"pad_val is \(1, 2\); give a number from 0 to 255, or three, BGR",
        ),
    ],
)
def test_faults_are_named(step, options, said):
    with pytest.raises(UserError, match=said):
        step(**options)


def test_a_letterbox_mirrors_or_fills():
    results = Letterbox((4, 2), pad_val=9)({"img": np.full((2, 2, 3), 7, np.uint8)})
    assert results["img"][0, :, 0].tolist() == [9, 7, 7, 9]
    mirrored = Letterbox((6, 2), reflect=True)(
        {"img": np.arange(2, dtype=np.uint8)[None, :, None].repeat(2, 0).repeat(3, 2)}
    )
    assert mirrored["img"][0, :, 0].tolist() == [0, 1, 0, 1, 0, 1]


def turned_record(angle, score=1.0, texts=("milk",), width=8):
    count = len(texts)
    boxes = np.tile(np.array([[1, 1], [3, 1], [3, 2], [1, 2]], np.float32), (count, 1, 1))
    scores = np.ones(count, np.float32)
    return OCRRecord("a.png", list(texts), scores, boxes, width, 6, "e", None, angle=angle, angle_score=score)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_picture_and_its_text_are_turned_upright(angle):
    pixels, record = picture((6, 8)), turned_record(angle)
    results = LoadImage(upright=True)({"img_path": "a.png", "img_pixels": pixels, "ocr": record})
    np.testing.assert_array_equal(results["img"], np.rot90(pixels, -angle // 90))
    assert results["img_shape"] == results["ori_shape"] == results["img"].shape[:2]
    x0, y0, x1, y1 = line_boxes(results["ocr"], results["img"])[0].astype(int)
    text = np.rot90(pixels[1:2, 1:3], -angle // 90)
    np.testing.assert_array_equal(results["img"][y0:y1, x0:x1], text)


@pytest.mark.parametrize(
    "record", [turned_record(90, 0.01), turned_record(None, 0, ()), turned_record(None, 0, width=0)]
)
def test_a_picture_of_which_the_angle_is_not_sure_stays(record):
    pixels = picture((6, 8))
    results = LoadImage(upright=True)({"img_path": "a.png", "img_pixels": pixels, "ocr": record})
    assert results["img"] is pixels and results["ocr"] is record


def test_text_read_in_one_direction_tells_no_angle():
    results = {"img_path": "a.png", "img_pixels": picture((6, 8)), "ocr": turned_record(None)}
    with pytest.raises(UserError, match=r"upright=True needs the angle of a.png, whose text was read in one direction"):
        LoadImage(upright=True)(dict(results))
    assert LoadImage()(results)["img"].shape == (6, 8, 3)
    assert LoadImage(upright=True).needs_ocr and not LoadImage().needs_ocr
