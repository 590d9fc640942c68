import numpy as np
import pytest

from kdxf.analysis.explain.drawing import AGAINST, FOR, NEUTRAL, draw_explanation, draw_heatmap, effect_colour
from kdxf.analysis.explain.explanation import Explanation
from kdxf.text.ocr import OCRRecord


def explanation(effects, boxes, width=100, height=50):
    texts = [f"line {index}" for index in range(len(boxes))]
    record = OCRRecord("x", texts, np.ones(len(boxes), np.float32), boxes, width, height, "fake", None)
    lines = np.array([[effect, np.nan] for effect in effects], np.float32).reshape(-1, 2)
    scores = np.array([0.2, 0.8], np.float32)
    return Explanation("x", "x", None, None, 1, scores, record, lines, [], None, "not made")


def quad(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_colours_say_direction_and_strength():
    effects = np.array([-0.4, 0.4, 0.0, -0.2], np.float32)
    assert [effect_colour(effects, row) for row in range(3)] == [FOR, AGAINST, NEUTRAL]
    assert effect_colour(effects, 3) == tuple(np.mean([FOR, NEUTRAL], axis=0).round().astype(int))
    # where nothing changes much, nothing is shown as strong: a change of 0.005 gets a tenth of the colour
    assert effect_colour(np.array([0.005]), 0) == tuple(
        (0.1 * np.array(AGAINST) + 0.9 * np.array(NEUTRAL)).round().astype(int)
    )


def test_each_line_is_outlined_in_its_colour_and_keeps_its_number():
    boxes = np.array([quad(10, 20, 40, 40), quad(0, 0, 0, 0), quad(60, 20, 90, 40)], np.float32)
    image = np.zeros((100, 200, 3), np.uint8)  # twice the size at which the text was read
    picture = draw_explanation(image, explanation([-0.5, 0.3, 0.5], boxes), side=400)
    assert picture.shape == (200, 400, 3) and not image.any()
    assert np.abs(picture[120, 40].astype(int) - FOR).max() < 25  # x 10 of 100 is 40 of 400
    assert np.abs(picture[120, 360].astype(int) - AGAINST).max() < 25
    assert not picture[:20, :20].any()  # a line of unknown place is not drawn
    first = draw_explanation(image, explanation([-0.5, 0.5], boxes[[0, 2]]), side=400)
    assert (first[:, :200] == picture[:, :200]).all()
    assert (first[:, 200:] != picture[:, 200:]).any()  # it is number 3 here, and number 2 there


def test_the_heatmap_lies_over_the_picture_and_the_unseen_is_dark():
    image = np.full((50, 100, 3), 100, np.uint8)
    heatmap = np.zeros((10, 20), np.float32)
    heatmap[:, 10:15] = 1
    heatmap[:, 15:] = np.nan
    picture = draw_heatmap(image, heatmap, side=200)
    assert picture.shape == (100, 200, 3)
    cold, hot, unseen = (picture[50, x].astype(int) for x in (20, 120, 180))
    assert hot[2] > hot[0] + 50 and cold[0] > cold[2] + 10  # red where it speaks for the class, blueish where not
    assert unseen.tolist() == [35, 35, 35]


@pytest.mark.parametrize("side", [40, 400])
def test_both_pictures_have_the_same_size(side):
    image = np.zeros((75, 100, 3), np.uint8)
    boxes = draw_explanation(image, explanation([], np.zeros((0, 4, 2), np.float32), 100, 75), side)
    assert boxes.shape == draw_heatmap(image, np.zeros((3, 4), np.float32), side).shape == (side * 3 // 4, side, 3)
