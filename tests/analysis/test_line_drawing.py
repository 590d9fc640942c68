import numpy as np
import pytest

from kdxf.analysis.line_drawing import draw_boxes

NO_BOXES = np.zeros((0, 4, 2), np.float32)


def is_magenta(pixels):
    return (pixels[..., 0] > 100) & (pixels[..., 1] < 60) & (pixels[..., 2] > 100)


def test_box_is_outlined_and_numbered_and_the_image_left_alone():
    image = np.zeros((100, 200, 3), np.uint8)
    box = np.array([[[40, 50], [160, 50], [160, 90], [40, 90]]], np.float32)
    picture = draw_boxes(image, box, side=400)
    assert picture.shape == image.shape and not image.any()  # never enlarged
    assert is_magenta(picture)[70, 40] and is_magenta(picture)[90, 100] and not picture[70, 100].any()
    patch = picture[38:50, 40:52]
    assert is_magenta(patch).any() and (patch > 200).all(-1).any()  # white on magenta


def test_shrunk_to_the_side():
    box = np.array([[[400, 500], [1600, 500], [1600, 900], [400, 900]]], np.float32)
    picture = draw_boxes(np.zeros((1000, 2000, 3), np.uint8), box, side=200)
    assert picture.shape == (100, 200, 3)
    assert is_magenta(picture[68:72, 39:42]).any()  # the line is still seen


@pytest.mark.parametrize("turn", [False, True])
def test_tall_images_are_folded_into_columns_and_wide_ones_into_rows(turn):
    image = np.zeros((901, 100, 3), np.uint8)
    image[301:602], image[602:] = 100, 200  # three parts of 301 rows, the last of 299
    if turn:
        image = image.swapaxes(0, 1).copy()
    picture = draw_boxes(image, NO_BOXES, side=1000)
    if turn:
        picture = picture.swapaxes(0, 1)
    assert picture.shape == (301, 300, 3)
    assert [picture[150, x, 0] for x in (50, 150, 250)] == [0, 100, 200]
    assert (picture[299:, 200:] == 255).all() and (picture[:298, 250] == 200).all()


def test_number_stays_inside_a_tiny_image():
    assert draw_boxes(np.zeros((3, 3, 3), np.uint8), np.full((12, 4, 2), 5, np.float32), side=50).shape == (3, 3, 3)


def test_numbers_and_colours_of_one_s_own():
    image = np.zeros((100, 200, 3), np.uint8)
    lefts = (40, 120)
    boxes = np.array([[[x, 50], [x + 40, 50], [x + 40, 90], [x, 90]] for x in lefts], np.float32)
    colours = [(0, 255, 0), (255, 0, 0)]
    picture = draw_boxes(image, boxes, 200, [3, 12], colours)
    for x, channel in ((40, 1), (160, 0)):
        assert picture[70, x].argmax() == channel and picture[70, x].max() > 200 and picture[70, x].min() == 0
    assert (draw_boxes(image, boxes, 200, [1, 2], colours) != picture).any()
    assert (draw_boxes(image, boxes, 200, [1, 2]) == draw_boxes(image, boxes, 200)).all()
