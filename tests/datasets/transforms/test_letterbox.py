import re

import numpy as np
import pytest

from kdxf.datasets import Letterbox, LoadImage, TokenizeOCR
from kdxf.datasets.transforms.line_boxes import line_boxes
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord


def picture(width, height):
    """White, on no pixel black."""
    return np.full((height, width, 3), 255, np.uint8)


def white(image):
    """Left, top, right and bottom of what is white."""
    rows, columns = np.nonzero(image.min(axis=2) == 255)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize(
    ("scale", "size", "box"),
    [
        (60, (120, 60), (0, 15, 60, 45)),
        (60, (30, 60), (15, 0, 45, 60)),
        (60, (20, 10), (0, 15, 60, 45)),  # enlarged
        (60, (60, 60), (0, 0, 60, 60)),
        (60, (60, 45), (0, 7, 60, 52)),  # 15 rows are left: 7 above, 8 below
        ((96, 60), (96, 30), (0, 15, 96, 45)),
        ((96, 60), (100, 100), (18, 0, 78, 60)),
        ((60, 96), (100, 100), (0, 18, 60, 78)),
        (60, (1000, 3), (0, 29, 60, 30)),  # never thinner than a pixel
    ],
)
def test_fits_centred(scale, size, box):
    found = Letterbox(scale).transform({"img": picture(*size)})
    width, height = (scale, scale) if isinstance(scale, int) else scale
    assert found["img"].shape == (height, width, 3) and found["img_shape"] == (height, width)
    assert white(found["img"]) == box
    assert found["scale_factor"] == pytest.approx(((box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]))
    assert found["img"].sum() == 255 * 3 * (box[2] - box[0]) * (box[3] - box[1])


def test_colour_of_the_fill():
    found = Letterbox(8, pad_val=(1, 2, 3)).transform({"img": picture(8, 4)})["img"]
    assert found[:2].tolist() == found[6:].tolist() == [[[1, 2, 3]] * 8] * 2
    found = Letterbox(8, pad_val=114).transform({"img": picture(8, 4)})["img"]
    assert found[:2].tolist() == found[6:].tolist() == [[[114] * 3] * 8] * 2


def test_mirrors_the_edges():
    rows = np.repeat(np.arange(4, dtype=np.uint8)[:, None, None] * 10, 8, 1).repeat(3, 2)
    found = Letterbox(8, reflect_prob=1.0).transform({"img": rows})["img"]
    assert found[:, 0, 0].tolist() == [20, 10, 0, 10, 20, 30, 20, 10]


def test_mixes_mirrors_and_colour():
    np.random.seed(0)
    transform = Letterbox(8, reflect_prob=0.7)
    mirrored = [transform.transform({"img": picture(8, 4)})["img"].min() == 255 for _ in range(400)]
    assert 0.63 < np.mean(mirrored) < 0.77


def record(*boxes, width, height):
    quads = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for x0, y0, x1, y1 in boxes], np.float32)
    return OCRRecord("x", ["ab"] * len(boxes), np.ones(len(boxes), np.float32), quads, width, height, "fake", None)


def test_boxes_move_with_the_picture():
    """The text was read at 240 x 120, the image is decoded at half of it, and put into 60 x 60."""
    ocr = record((40, 20, 80, 60), (0, 0, 0, 0), width=240, height=120)
    before = ocr.boxes.copy()
    found = Letterbox(60).transform({"img": picture(120, 60), "ocr": ocr})
    assert (found["ocr"].width, found["ocr"].height) == (60, 60)
    # a quarter of 40, 20, 80, 60, and 15 rows lower
    assert line_boxes(found["ocr"], found["img"]).tolist() == [[10, 20, 20, 30]]
    assert not found["ocr"].boxes[1].any() and found["ocr"].boxes.dtype == np.float32
    assert (ocr.boxes == before).all() and ocr.width == 240


def test_tokens_get_their_place_in_the_frame():
    results = {"img": picture(120, 60), "ocr": record((0, 0, 240, 120), width=240, height=120)}
    results = TokenizeOCR({"type": "WordTokenizer"}).transform(Letterbox(60).transform(results))
    # cx, cy, w, h: the picture fills the middle half of the frame
    assert results["token_boxes"].tolist() == [[0.5, 0.5, 1.0, 0.5]]


@pytest.mark.parametrize(
    "ocr",
    [OCRRecord.empty("x"), OCRRecord.from_text("x", "text"), record((0, 0, 0, 0), width=240, height=120)],
)
def test_text_of_unknown_place_stays(ocr):
    assert Letterbox(60).transform({"img": picture(120, 60), "ocr": ocr})["ocr"] is ocr


def test_of_an_image_that_cannot_be_read(tmp_path):
    results = LoadImage(blank_size=32).transform({"img_path": str(tmp_path / "none.jpg")})
    assert Letterbox(16).transform(results)["img"].shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0}, "scale is 0; give a number of pixels above 0, or (width, height)"),
        ({"scale": (8, 8, 8)}, "scale is (8, 8, 8); give a number of pixels above 0, or (width, height)"),
        *(
            ({"scale": 8, "pad_val": value}, f"pad_val is {value!r}; give a number from 0 to 255, or three, BGR")
            for value in ((0, 0, 256), (0, 0), [0] * 4, 256, -1, None, "red", ("a", 0, 0))
        ),
        ({"scale": 8, "reflect_prob": 2}, "reflect_prob is 2; give a probability from 0 to 1"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(UserError, match=f"^Letterbox: {re.escape(message)}$"):
        Letterbox(**options)


def test_is_registered():
    assert TRANSFORMS.build({"type": "Letterbox", "scale": [8, 4]}).scale == (8, 4)
