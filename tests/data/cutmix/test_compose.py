import numpy as np
import pytest

from kdxf.data.cutmix.compose import Lines, compose
from kdxf_runtime.ocr.record import OCRRecord

NONE = Lines([], np.zeros(0, np.float32), np.zeros((0, 4, 2), np.float32))


def quad(x0, y0, x1, y1):
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def lines(**boxes):
    quads = np.array([quad(*box) for box in boxes.values()], np.float32).reshape(-1, 4, 2)
    return Lines(list(boxes), np.linspace(0.5, 1, len(boxes)).astype(np.float32), quads)


def record(boxes, width, height):
    count = len(boxes)
    return OCRRecord(
        "x", list("abc")[:count], np.ones(count, np.float32), np.array(boxes, np.float32), width, height, "", None
    )


def test_lines_are_scaled_to_a_resized_picture_and_those_without_a_place_left_out():
    found = Lines.of_record(record([quad(10, 20, 30, 40), quad(0, 0, 0, 0)], 100, 200), np.zeros((50, 50, 3), np.uint8))
    assert found.texts == ["a"] and found.scores.tolist() == [1]
    assert found.quads.tolist() == [quad(5, 5, 15, 10)] and found.hulls.tolist() == [[5, 5, 15, 10]]
    assert Lines.of_record(OCRRecord.from_text("x", "a\nb"), np.zeros((50, 50, 3), np.uint8)).texts == []


@pytest.mark.parametrize("seed", range(8))
def test_a_crop_of_the_foreground_lies_on_the_background(seed):
    red, blue = np.full((90, 60, 3), (0, 0, 255), np.uint8), np.full((200, 100, 3), (255, 0, 0), np.uint8)
    made = compose(red, NONE, blue, NONE, np.random.default_rng(seed))
    x0, y0, x1, y1 = made.pasted
    expected = blue.copy()
    expected[y0:y1, x0:x1] = (0, 0, 255)
    assert (made.image == expected).all() and blue[..., 2].max() == 0
    assert 0 <= x0 < x1 <= 100 and 0 <= y0 < y1 <= 200
    assert 0.49 <= max((x1 - x0) / 100, (y1 - y0) / 200) <= 0.81


def test_padding_has_the_colour_of_the_rim_and_the_size_of_the_foreground():
    image = np.full((80, 60, 3), (10, 20, 30), np.uint8)
    image[35:45, 25:35] = 255
    made = compose(image, NONE, None, NONE, np.random.default_rng(0))
    assert made.image.shape == (80, 60, 3)
    assert made.image[0, 0].tolist() == made.image[-1, -1].tolist() == [10, 20, 30]


@pytest.mark.parametrize("seed", range(20))
def test_every_line_of_the_result_is_where_the_result_shows_it(seed):
    """Each line is painted in a colour of its own: the result's boxes must contain all of that colour."""
    rng = np.random.default_rng(seed)
    front, back = np.zeros((120, 120, 3), np.uint8), np.full((150, 130, 3), 255, np.uint8)
    fronts = lines(f1=(5, 10, 60, 20), f2=(50, 50, 115, 62), f3=(20, 100, 40, 112))
    backs = lines(b1=(2, 2, 60, 12), b2=(60, 70, 120, 80), b3=(10, 130, 60, 140))
    colours = {"f1": (0, 0, 255), "f2": (0, 255, 0), "f3": (255, 0, 0)}
    colours |= {"b1": (0, 255, 255), "b2": (255, 0, 255), "b3": (255, 255, 0)}
    for picture, found in ((front, fronts), (back, backs)):
        for name, (x0, y0, x1, y1) in zip(found.texts, found.hulls.astype(int), strict=True):
            picture[y0:y1, x0:x1] = colours[name]
    made = compose(front, fronts, back, backs, rng)
    assert made.lines.texts and made.lines.scores.shape == (len(made.lines.texts),)
    for name, (x0, y0, x1, y1) in zip(made.lines.texts, made.lines.hulls, strict=True):
        middle = made.image[int((y0 + y1) / 2), int((x0 + x1) / 2)].astype(int)
        assert np.abs(middle - colours[name]).max() <= 40
        mask = np.abs(made.image.astype(int) - colours[name]).max(axis=2) <= 5
        rows, columns = np.nonzero(mask)
        assert rows.min() >= y0 - 2 and rows.max() <= y1 + 2 and columns.min() >= x0 - 2 and columns.max() <= x1 + 2
    # No line of the crop is cut: what is not in the result's text is not in the picture.
    for name in set(fronts.texts) - set(made.lines.texts):
        assert not (np.abs(made.image.astype(int) - colours[name]).max(axis=2) <= 5).any()
    tops = made.lines.quads[:, :, 1].mean(axis=1)
    assert (np.diff(tops) >= 0).all()


def test_a_line_across_the_whole_picture_takes_the_whole_picture():
    image = np.zeros((50, 50, 3), np.uint8)
    made = compose(image, lines(wide=(0, 0, 50, 50)), np.zeros((100, 100, 3), np.uint8), NONE, np.random.default_rng(0))
    assert made.lines.texts == ["wide"]
    assert np.abs(made.lines.hulls[0] - made.pasted).max() <= 0.51


def test_lines_that_the_crop_covers_are_gone():
    image = np.zeros((50, 50, 3), np.uint8)
    covered = lines(everywhere=(0, 0, 100, 100))
    made = compose(image, NONE, np.zeros((100, 100, 3), np.uint8), covered, np.random.default_rng(0))
    assert made.lines.texts == []
