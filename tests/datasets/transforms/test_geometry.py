"""Crops that keep the text of a picture."""

import re

import numpy as np
import pytest
from mmcv.transforms import CenterCrop
from mmpretrain.datasets import RandomResizedCrop as HostRandomResizedCrop

from kdxf.datasets import (
    CenterCropKeepText,
    FlipUnlessText,
    Letterbox,
    LoadImage,
    RandomResizedCrop,
    RandomResizedCropKeepText,
    TokenizeOCR,
)
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf.text.ocr import OCRRecord
from kdxf_runtime.steps.line_boxes import line_boxes


def record(*boxes, width=100, height=60):
    quads = [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for x0, y0, x1, y1 in boxes]
    scores, quads = np.ones(len(boxes), np.float32), np.array(quads, np.float32).reshape(-1, 4, 2)
    return OCRRecord("x.jpg", ["a"] * len(boxes), scores, quads, width, height, "fake", None)


def gradient(width=100, height=60):
    """An image whose first channel is the column and whose second is the row."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    return image


def window_of(image):
    """The columns and rows that a crop of ``gradient`` shows: x0, y0, x1, y1."""
    corners = image[[0, -1], [0, -1], :2].astype(int)
    return (*corners[0].tolist(), *(corners[1] + 1).tolist())


NO_PLACE = [OCRRecord.empty("x.jpg"), OCRRecord.from_text("x.jpg", "text"), record((0, 0, 0, 0))]


@pytest.mark.parametrize("ocr", NO_PLACE)
@pytest.mark.parametrize("options", [{"scale": 32}, {"scale": (20, 30), "crop_ratio_range": (0.3, 1.0)}])
def test_without_text_both_crop_as_the_host(ocr, options):
    for seed in range(20):
        np.random.seed(seed)
        expected = HostRandomResizedCrop(**options).transform({"img": gradient()})
        for kind in (RandomResizedCrop, RandomResizedCropKeepText):
            np.random.seed(seed)
            found = kind(**options).transform({"img": gradient(), "ocr": ocr})
            assert (found["img"] == expected["img"]).all()
            assert found["img_shape"] == expected["img_shape"]


class Drawn(RandomResizedCropKeepText):
    """Random crop that takes its windows (top, left, height, width) from a list, and does not resize."""

    def __init__(self, crops, **options):
        super().__init__(1, **options)
        self.windows = iter(crops)
        self.crop = self

    def rand_crop_params(self, _):
        return next(self.windows)


LEFT, RIGHT, NEITHER, BOTH = (0, 0, 60, 40), (0, 50, 60, 50), (20, 0, 40, 100), (0, 0, 30, 100)
CUT_RIGHT = (0, 0, 60, 62)  # shows the left line, and 12 of 30 columns of the right one
# Two lines at the top, of 20 and 30 columns and 10 rows: two and three fifths of the text.
LINES = [(5, 5, 25, 15), (50, 5, 80, 15)]


@pytest.mark.parametrize(
    ("min_text", "crops", "chosen"),
    [
        (1.0, [LEFT, NEITHER, RIGHT, BOTH, LEFT], BOTH),
        (0.6, [LEFT, NEITHER, RIGHT, BOTH], RIGHT),
        (0.4, [NEITHER, LEFT, RIGHT], LEFT),
        (0.0, [NEITHER, BOTH], NEITHER),
        # none will do: the one with the most in whole lines, then with the most at all, then the first
        (1.0, [NEITHER, LEFT, RIGHT, CUT_RIGHT], RIGHT),
        (1.0, [NEITHER, LEFT, CUT_RIGHT, NEITHER], CUT_RIGHT),
        (1.0, [NEITHER, (0, 65, 60, 35), (1, 65, 59, 35), NEITHER], (0, 65, 60, 35)),
    ],
)
def test_which_crop_is_taken(min_text, crops, chosen):
    transform = Drawn(crops, min_text=min_text, candidates=4)
    assert transform._choose(None, np.array(LINES, np.float32)) == chosen


def test_a_line_may_lose_its_rim():
    crops = [(0, 7, 60, 93), (0, 5, 60, 95)]
    one_line = np.array(LINES[:1], np.float32)
    assert Drawn([(0, 6, 60, 94)], min_text=1.0)._choose(None, one_line) == (0, 6, 60, 94)  # 19 of 20 columns
    assert Drawn(crops, min_text=1.0)._choose(None, one_line) == crops[1]  # 18 of 20 columns


def test_text_is_kept_more_often():
    """The line spans 60 of 100 columns: counted on the columns that the crops show."""
    np.random.seed(0)
    ocr = record((20, 20, 80, 30))
    options = {"scale": 40, "crop_ratio_range": (0.35, 0.9), "aspect_ratio_range": (1.2, 2.0)}

    def count(transform):
        whole = 0
        for _ in range(200):
            x0, y0, x1, y1 = window_of(transform.transform({"img": gradient(), "ocr": ocr})["img"])
            whole += x0 <= 22 and x1 >= 78 and y0 <= 21 and y1 >= 29
        return whole

    plain, kept = count(RandomResizedCrop(**options)), count(RandomResizedCropKeepText(**options))
    assert plain < 140 and kept > 190


def test_boxes_are_scaled_to_the_image():
    """The picture was 400 x 240 pixels when its text was read."""
    np.random.seed(0)
    crop = RandomResizedCropKeepText(40, min_text=1.0, candidates=100, crop_ratio_range=(0.2, 0.4))
    for _ in range(20):
        ocr = record((280, 160, 360, 200), width=400, height=240)
        x0, y0, x1, y1 = window_of(crop.transform({"img": gradient(), "ocr": ocr})["img"])
        assert x0 <= 71 and x1 >= 89 and y0 <= 41 and y1 >= 49


def test_a_seed_repeats():
    found = []
    for _ in range(2):
        np.random.seed(5)
        found.append(RandomResizedCropKeepText(16).transform({"img": gradient(), "ocr": record(*LINES)})["img"])
    assert (found[0] == found[1]).all()


@pytest.mark.parametrize("ocr", NO_PLACE)
@pytest.mark.parametrize("size", [(100, 60), (61, 99), (40, 40), (31, 30)])
def test_without_text_it_is_a_center_crop(ocr, size):
    expected = CenterCrop(30).transform({"img": gradient(*size)})
    found = CenterCropKeepText(30).transform({"img": gradient(*size), "ocr": ocr})
    assert (found["img"] == expected["img"]).all()
    assert found["img_shape"] == expected["img_shape"] == (30, 30)


@pytest.mark.parametrize("box", [(40, 20, 60, 30), (35, 15, 65, 45)])
def test_text_inside_of_the_centre_changes_nothing(box):
    found = CenterCropKeepText(30).transform({"img": gradient(), "ocr": record(box)})
    assert window_of(found["img"]) == (35, 15, 65, 45)


@pytest.mark.parametrize(
    ("boxes", "window"),
    [
        # 100 x 60, crop 40 x 40: the centre is 30, 10, 70, 50
        ([(20, 20, 50, 30)], (20, 10, 60, 50)),  # moved left, just so far
        ([(50, 20, 80.5, 30)], (41, 10, 81, 50)),
        ([(20.5, 20, 50, 30)], (20, 10, 60, 50)),
        ([(40, 5.25, 60, 30.5)], (30, 5, 70, 45)),
        ([(40, 20, 60, 55.25)], (30, 16, 70, 56)),
        # text of 50.5 columns: the crop is 51 x 51
        ([(10.25, 20, 60.75, 30)], (10, 4, 61, 55)),
        ([(40, 0, 60, 15)], (30, 0, 70, 40)),
        ([(75, 50, 99, 60)], (59, 20, 99, 60)),
        ([(0, 20, 10, 30), (12, 20, 35, 30)], (0, 10, 40, 50)),
        # text of 50 columns: the crop is 50 x 50 before it is resized
        ([(10, 20, 30, 30), (40, 20, 60, 30)], (10, 5, 60, 55)),
        # text of 100 columns: the crop is as high as the picture, and shows the most of the text
        ([(0, 20, 20, 30), (60, 20, 100, 30)], (40, 0, 100, 60)),
        ([(0, 20, 100, 30)], (20, 0, 80, 60)),
    ],
)
def test_a_crop_is_moved_and_widened(boxes, window, monkeypatch):
    monkeypatch.setattr("kdxf.datasets.transforms.geometry.mmcv.imresize", lambda image, _: image)
    found = CenterCropKeepText(40).transform({"img": gradient(), "ocr": record(*boxes)})
    assert window_of(found["img"]) == window


def test_a_widened_crop_has_the_size_that_was_asked_for():
    found = CenterCropKeepText((40, 20)).transform({"img": gradient(), "ocr": record((0, 20, 60, 30))})
    assert found["img"].shape == (20, 40, 3) and found["img_shape"] == (20, 40)
    small = CenterCropKeepText(40).transform({"img": gradient(30, 20), "ocr": OCRRecord.empty("x.jpg")})
    assert small["img"].shape == (40, 40, 3)


def test_the_crop_shows_as_much_text_as_any_would():
    """Compared with all places of the window, pixel by pixel."""
    random = np.random.default_rng(0)
    for _ in range(20):
        starts = random.integers(0, [80, 50], (4, 2))
        boxes = np.hstack([starts, np.minimum(starts + random.integers(3, 40, (4, 2)), [100, 60])]).astype(float)
        shown = np.zeros((60, 100))
        for x0, y0, x1, y1 in boxes.astype(int):
            shown[y0:y1, x0:x1] += 1
        crop = CenterCropKeepText(59)
        found = crop.transform({"img": gradient(), "ocr": record(*boxes)})["img"]
        height = 60 if (np.ptp(boxes[:, [0, 2]]) > 59 or np.ptp(boxes[:, [1, 3]]) > 59) else 59
        best = max(shown[y : y + height, x : x + height].sum() for y in range(61 - height) for x in range(101 - height))
        x0, y0 = (found[0, 0, :2].astype(int)).tolist()
        assert shown[y0 : y0 + height, x0 : x0 + height].sum() >= 0.999 * best


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: RandomResizedCropKeepText(8, min_text=2),
            "RandomResizedCropKeepText: min_text is 2; give a part of the text, from 0 to 1",
        ),
        (
            lambda: RandomResizedCropKeepText(8, candidates=0),
            "RandomResizedCropKeepText: candidates is 0; give a number above 0",
        ),
        (lambda: CenterCropKeepText(0), "CenterCropKeepText: crop_size is 0; give a number of pixels above 0"),
    ],
)
def test_options_are_checked(make, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        make()


def test_are_registered_and_ask_for_text():
    assert TRANSFORMS.build({"type": "RandomResizedCropKeepText", "scale": 8, "max_attempts": 3}).needs_ocr
    assert TRANSFORMS.build({"type": "CenterCropKeepText", "crop_size": 8}).needs_ocr


def test_an_image_without_text_is_mirrored_left_to_right():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    found = FlipUnlessText(1.0).transform({"img": image, "ocr": OCRRecord.empty("x.jpg")})
    assert (found["img"] == image[:, ::-1]).all()
    assert found["flip"] is True


def test_an_image_with_text_is_never_mirrored(sample):
    before = sample["img"].copy()
    found = FlipUnlessText(1.0).transform(sample)
    assert (found["img"] == before).all()
    assert found["flip"] is False


def test_half_of_the_images_are_mirrored():
    np.random.seed(0)
    flip = FlipUnlessText(0.5)
    results = {"img": np.zeros((1, 1, 3), np.uint8), "ocr": OCRRecord.empty("x.jpg")}
    count = sum(flip.transform(dict(results))["flip"] for _ in range(1000))
    assert abs(count - 500) < 5 * 16  # sqrt(1000 / 4) = 16
    assert not FlipUnlessText(0.0).transform(dict(results))["flip"]


def test_the_probability_is_checked():
    with pytest.raises(UserError, match=r"^FlipUnlessText: prob is 3; give a probability from 0 to 1$"):
        FlipUnlessText(3)


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


def boxed_record(*boxes, width, height):
    quads = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for x0, y0, x1, y1 in boxes], np.float32)
    return OCRRecord("x", ["ab"] * len(boxes), np.ones(len(boxes), np.float32), quads, width, height, "fake", None)


def test_boxes_move_with_the_picture():
    """The text was read at 240 x 120, the image is decoded at half of it, and put into 60 x 60."""
    ocr = boxed_record((40, 20, 80, 60), (0, 0, 0, 0), width=240, height=120)
    before = ocr.boxes.copy()
    found = Letterbox(60).transform({"img": picture(120, 60), "ocr": ocr})
    assert (found["ocr"].width, found["ocr"].height) == (60, 60)
    # a quarter of 40, 20, 80, 60, and 15 rows lower
    assert line_boxes(found["ocr"], found["img"]).tolist() == [[10, 20, 20, 30]]
    assert not found["ocr"].boxes[1].any() and found["ocr"].boxes.dtype == np.float32
    assert (ocr.boxes == before).all() and ocr.width == 240


def test_tokens_get_their_place_in_the_frame():
    results = {"img": picture(120, 60), "ocr": boxed_record((0, 0, 240, 120), width=240, height=120)}
    results = TokenizeOCR({"type": "WordTokenizer"}).transform(Letterbox(60).transform(results))
    # cx, cy, w, h: the picture fills the middle half of the frame
    assert results["token_boxes"].tolist() == [[0.5, 0.5, 1.0, 0.5]]


@pytest.mark.parametrize(
    "ocr",
    [OCRRecord.empty("x"), OCRRecord.from_text("x", "text"), boxed_record((0, 0, 0, 0), width=240, height=120)],
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
def test_options_are_checked_of_letterbox(options, message):
    with pytest.raises(UserError, match=f"^Letterbox: {re.escape(message)}$"):
        Letterbox(**options)


def test_is_registered():
    assert TRANSFORMS.build({"type": "Letterbox", "scale": [8, 4]}).scale == (8, 4)
