import numpy as np
import pytest

from kdxf.text.ocr import BaseOCREngine, OCRLine
from kdxf_runtime.ocr.base import Reading, SideLimits, read_rotated


class Corner(BaseOCREngine):
    """Engine that reads the value of the top left pixel, with higher scores for dark ones."""

    name = "corner 1"

    def find_lines(self, image):
        value = int(image[0, 0, 0])
        return [OCRLine(str(value), 1 - value / 256, np.zeros((4, 2), np.float32))]


def test_engine_must_say_how_to_find_lines():
    with pytest.raises(TypeError, match="find_lines"):
        BaseOCREngine()


def test_one_method_makes_an_engine():
    assert Corner().read(np.full((1, 1, 3), 7, np.uint8))[0].text == "7"


def test_options_of_reading_come_with_the_base():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0], image[1, 1] = 90, 10
    assert [line.text for line in Corner().read(image)] == ["90"]
    assert [line.text for line in Corner(rotations=(0, 180)).read(image)] == ["10"]
    assert Corner(min_score=0.9).read(image) == []
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Corner(colour=1)


def test_a_constructor_of_its_own_need_not_call_the_base():
    class Quiet(Corner):
        def __init__(self):
            self.name = "quiet 1"

    assert str(Quiet().reading) == str(Corner().reading) == "max_aspect=2.5 tile_overlap=0.1"


def find_arrow(image):
    """Find text where the image is bright; its score is high only if its left half is the brighter one."""
    rows, columns = np.nonzero(image[:, :, 0])
    if not len(rows):
        return []
    (top, left), (bottom, right) = (rows.min(), columns.min()), (rows.max() + 1, columns.max() + 1)
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    sure = image[top, left, 0] > image[top, right - 1, 0]
    return [OCRLine("arrow", 0.9 if sure else 0.3, box)]


def picture(degrees):
    """Return an arrow that points left, 4 x 1 pixels, rotated clockwise, and its corners from the text's top left."""
    image = np.zeros((7, 9, 3), np.uint8)
    image[2, 3:5], image[2, 5:7] = 200, 100
    corners = {
        0: (image.shape, [[3, 2], [7, 2], [7, 3], [3, 3]]),
        90: ((9, 7), [[5, 3], [5, 7], [4, 7], [4, 3]]),
        180: ((7, 9), [[6, 5], [2, 5], [2, 4], [6, 4]]),
        270: ((9, 7), [[2, 6], [2, 2], [3, 2], [3, 6]]),
    }
    turned = np.rot90(image, -degrees // 90)  # numpy turns the other way round
    shape, box = corners[degrees]
    assert turned.shape[:2] == shape[:2]
    return turned.copy(), box


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_finds_the_way_up_and_gives_boxes_in_the_image(degrees):
    image, box = picture(degrees)
    found = read_rotated(find_arrow, image, (0, 90, 180, 270))
    assert found.angle == -degrees % 360  # what turns it back
    (line,) = found.lines
    assert line.score == 0.9 and line.box.tolist() == box and line.box.dtype == np.float32


def test_one_rotation_is_taken_as_it_is():
    image, _ = picture(0)
    (line,), angle, angle_score = read_rotated(find_arrow, image, (180,))
    assert angle is None and angle_score == 0  # no other direction was tried
    assert line.score == 0.3 and line.box.tolist() == [[7, 3], [3, 3], [3, 2], [7, 2]]


def test_of_equal_readings_the_one_with_flat_lines_wins_then_the_first():
    def find(image):  # reads as well either way, as engines do that turn tall lines
        height, width = image.shape[:2]
        return [OCRLine("abc", 0.8, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32))]

    (line,), angle, angle_score = read_rotated(find, np.zeros((9, 2, 3), np.uint8), (0, 90, 270))
    assert angle == 90 and angle_score == 0  # 270 is as good
    assert line.box.tolist() == [[0, 9], [0, 0], [2, 0], [2, 9]]  # turned by 90: its top left is at the bottom left


def test_no_text_either_way():
    assert read_rotated(find_arrow, np.zeros((3, 3, 3), np.uint8), (0, 90)) == ([], None, 0)


def test_the_score_of_the_angle_is_the_lead_of_flat_text():
    flat, tall = (np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32) for w, h in ((9, 2), (2, 9)))
    readings = {
        7: [OCRLine("x" * 30, 0.5, flat), OCRLine("x" * 10, 1.0, tall)],  # 15 + 0.9 * 10 = 24, flat 15
        8: [OCRLine("x" * 20, 1.0, tall)],  # 18, flat 0
        9: [OCRLine("x" * 10, 0.8, flat)],  # 8
    }
    image = np.array([[[7] * 3, [8] * 3], [[0] * 3, [9] * 3]], np.uint8)  # the top left is 7 as it lies, 8 by 270
    found = read_rotated(lambda turned: readings.get(int(turned[0, 0, 0]), []), image, (0, 90, 180, 270))
    assert found.angle == 0 and found.angle_score == pytest.approx((15 - 8) / (15 + 20))
    readings[7] = [OCRLine("x" * 30, 1.0, tall)]  # 27: the best of all, but flat lines are read in another direction
    found = read_rotated(lambda turned: readings.get(int(turned[0, 0, 0]), []), image, (0, 90, 180, 270))
    assert found.angle == 0 and found.angle_score == 0


BOX = np.zeros((4, 2), np.float32)


def test_lines_below_the_score_neither_stay_nor_vote_for_a_rotation():
    def find(image):  # a dark top left corner: one sure word; else much unsure text
        return [OCRLine("sure", 0.9, BOX)] if image[0, 0, 0] == 0 else [OCRLine("unsure" * 5, 0.4, BOX)]

    image = np.zeros((4, 4, 3), np.uint8)
    image[3, 3] = 255
    assert Reading(rotations=(0, 180)).read(find, image).lines[0].text == "unsure" * 5
    assert Reading(rotations=(0, 180), min_score=0.5).read(find, image).lines[0].text == "sure"
    assert Reading(min_score=0.4).read(find, image[::-1, ::-1]).lines[0].score == 0.4  # the bound itself stays


def test_tiles_only_what_is_long_and_may_be_told_not_to():
    shapes = []

    def find(image):
        shapes.append(image.shape[:2])
        return []

    for height, width in ((4000, 3000), (2000, 100), (1500, 3700)):
        Reading().read(find, np.zeros((height, width, 3), np.uint8))
    assert shapes == [(4000, 3000), (2000, 100), (1500, 3700)]
    shapes.clear()
    image = np.zeros((3000, 100, 3), np.uint8)
    Reading().read(find, image)  # tiles of 2000 that share 200 at least: two of (3000 + 200) / 2
    Reading(max_aspect=None).read(find, image)
    assert shapes == [(1600, 100), (1600, 100), (3000, 100)]


def test_turned_first_then_tiled():
    shapes = []

    def find(image):
        shapes.append(image.shape[:2])
        return []

    Reading(rotations=[90]).read(find, np.zeros((3000, 100, 3), np.uint8))
    assert shapes == [(100, 1600), (100, 1600)]


def test_what_stands_in_the_name():
    assert str(Reading()) == "max_aspect=2.5 tile_overlap=0.1"
    assert str(Reading((0, 180), None, 0.2, 0.5)) == "max_aspect=None rotations=0,180 min_score=0.5"
    assert Reading(rotations=90).rotations == (90,) and Reading(rotations=[0, 90]) == Reading(rotations=(0, 90))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rotations": (45,)}, r"rotations must be some of \(0, 90, 180, 270\), each once, not \(45,\)"),
        ({"rotations": ()}, r"rotations must be some of .*, not \(\)"),
        ({"rotations": (0, 0)}, r"rotations must be some of .*, not \(0, 0\)"),
        ({"max_aspect": 0.5}, "max_aspect must be at least 1, or None, not 0.5"),
        ({"tile_overlap": 0.6}, "tile_overlap must be from 0 to 0.5, not 0.6"),
        ({"min_score": 60}, "min_score must be from 0 to 1, not 60"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        Reading(**options)


@pytest.mark.parametrize(
    ("shape", "expected", "factor"),
    [
        ((30, 40), (60, 80), 2.0),  # enlarged until the shorter side has 60
        ((60, 90), (60, 90), 1.0),
        ((50, 100), (60, 120), 1.2),
        ((10, 100), (12, 120), 1.2),  # the longer side stops it
        ((480, 240), (120, 60), 0.25),
        ((1, 1200), (1, 120), 0.1),
    ],
)
def test_scales_into_the_limits(shape, expected, factor):
    image, scale = SideLimits(60, 120).scale(np.zeros((*shape, 3), np.uint8))
    assert image.shape == (*expected, 3) and scale == pytest.approx(factor)


def test_name_and_limits_that_cannot_be():
    assert str(SideLimits(60, 120)) == "side=60-120"
    with pytest.raises(ValueError, match=r"min_side \(0\) must be positive and at most max_side \(9\)"):
        SideLimits(0, 9)
