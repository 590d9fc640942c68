import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.analysis.explain.view import UnknownViewError, View, find_view
from kdxf.text.ocr import OCRRecord

WIDTH, HEIGHT = 80, 60
EMPTY = OCRRecord.empty("x", width=WIDTH, height=HEIGHT)


@pytest.fixture
def photograph(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


def view_of(path, *steps, record=EMPTY, load="LoadImage"):
    with DefaultScope.overwrite_default_scope("kdxf"):
        return find_view([dict(type=load), *steps, dict(type="PackImageTextInputs")], path, record)


# What the first and the last pixel's outer edges show of the photograph, in its pixels: left, right, top, bottom.
CASES = {
    "as it is": ([], (80, 60), (0, 80, 0, 60)),
    "squeezed": ([dict(type="Resize", scale=(32, 32))], (32, 32), (0, 80, 0, 60)),
    # the short edge becomes 30 and the long one 40; 5 pixels of 40 and none of 30 are cut on either side
    "crop": (
        [dict(type="ResizeEdge", scale=30, edge="short"), dict(type="CenterCrop", crop_size=30)],
        (30, 30),
        (10, 70, 0, 60),
    ),
    "pillow": (
        [
            dict(type="ResizeEdge", scale=30, edge="short", backend="pillow", interpolation="bicubic"),
            dict(type="CenterCrop", crop_size=30),
        ],
        (30, 30),
        (10, 70, 0, 60),
    ),
    "enlarged": ([dict(type="Resize", scale=(320, 240))], (320, 240), (0, 80, 0, 60)),
    "mirrored": ([dict(type="RandomFlip", prob=1.0, direction="horizontal")], (80, 60), (80, 0, 0, 60)),
    # 80 x 60 fits into 40 x 40 as 40 x 30, with 5 rows (10 of the photograph) above and below
    "letterbox": ([dict(type="Letterbox", scale=40)], (40, 40), (0, 80, -10, 70)),
    "mirrors around": ([dict(type="Letterbox", scale=40, reflect_prob=1.0)], (40, 40), (0, 80, -10, 70)),
    # 80 x 60 fits into 40 x 120 as 40 x 30: 45 rows of mirrors (90) above and below, more than the picture has
    "wide mirrors": ([dict(type="Letterbox", scale=(40, 120), reflect_prob=1.0)], (40, 120), (0, 80, -90, 150)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_edges_of_the_input_lie_where_one_computes(photograph, case):
    steps, size, expected = CASES[case]
    view = view_of(photograph, *steps)
    assert view.size == size
    found = [
        (view.start[axis] + view.scale[axis] * edge) * total
        for axis, total in enumerate((WIDTH, HEIGHT))
        for edge in (0, size[axis])
    ]
    np.testing.assert_allclose(found, expected, atol=0.3)


def test_the_text_moves_the_crop(photograph):
    box = np.array([[[2, 20], [22, 20], [22, 30], [2, 30]]], np.float32)
    record = OCRRecord("x", ["milk"], np.ones(1, np.float32), box, WIDTH, HEIGHT, "fake", None)
    view = view_of(photograph, dict(type="CenterCropKeepText", crop_size=40), record=record)
    assert view.start[0] * WIDTH == pytest.approx(2, abs=0.3)  # as near to the middle as the text allows
    assert view.scale == pytest.approx((1 / WIDTH, 1 / HEIGHT), rel=0.01)
    assert view_of(photograph, dict(type="CenterCrop", crop_size=40)).start[0] * WIDTH == pytest.approx(20, abs=0.3)


def test_a_photograph_decoded_at_a_smaller_scale(tmp_path):
    Image.fromarray(np.zeros((600, 800, 3), np.uint8)).save(tmp_path / "photo.jpg")
    steps = [dict(type="LoadImage", min_edge=75), dict(type="CenterCrop", crop_size=60), dict(type="PackInputs")]
    with DefaultScope.overwrite_default_scope("kdxf"):
        view = find_view(steps, str(tmp_path / "photo.jpg"), EMPTY)
    # at 1/8 the photograph has 100 x 75 pixels: 20 of 100 are cut on the left, 8 of 75 at the top
    np.testing.assert_allclose(view.start, (0.2, 8 / 75), atol=0.005)
    np.testing.assert_allclose(view.scale, (1 / 100, 1 / 75), rtol=0.01)


def test_the_host_s_loader(photograph):
    assert view_of(photograph, load="LoadImageFromFile").size == (WIDTH, HEIGHT)


LOST = "rotates, distorts or recolours pictures, so no place can be followed"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            dict(type="Rotate", angle=30.0, prob=1.0, random_negative_prob=0.0),
            LOST,
        ),
        (
            dict(type="Shear", magnitude=0.5, prob=1.0, random_negative_prob=0.0),
            LOST,
        ),
        (dict(type="Invert", prob=1.0), LOST),
        (dict(type="CenterCrop", crop_size=2), "too little of the photograph to follow its places"),
    ],
)
def test_what_cannot_be_followed(photograph, step, message):
    with pytest.raises(UnknownViewError, match=message):
        view_of(photograph, step)


def test_a_pipeline_that_loads_no_picture(photograph):
    with pytest.raises(UnknownViewError, match="^the test pipeline has none of LoadImage, LoadImageFromFile$"):
        find_view([dict(type="PackImageTextInputs")], photograph, EMPTY)


def test_values_lie_where_their_pixels_are():
    """2 x 2 pixels of an input that shows columns 4 to 12 and rows 2 to 6 of a photograph of 16 x 8."""
    view = View((2, 2), (0.25, 0.25), (0.25, 0.25))
    laid = view.on_photograph(np.array([[0, 1], [0, 1]], np.float32), 16, 8)
    assert laid.shape == (8, 16)
    seen = ~np.isnan(laid)
    assert seen.sum() == 8 * 4 and seen[2:6, 4:12].all()
    # the centres of the two columns are at 6 and 10 (pixel centres at 5.5, 6.5, ...); between them it is linear
    np.testing.assert_allclose(laid[3, 4:12], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1], atol=1e-6)


def test_mirrored_values_are_turned_back_and_a_frame_is_left_out():
    view = View((4, 4), (-0.25, 0.5), (1.0, -0.5))  # rows 0 and 3 of the input are frame
    values = np.array([[9, 9, 9, 9], [1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 9]], np.float32)
    np.testing.assert_allclose(view.on_photograph(values, 4, 2), [[4, 3, 2, 1], [8, 7, 6, 5]], atol=1e-6)
