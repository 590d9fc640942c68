"""Where the lines of an OCR record stand in an image."""

import numpy as np
import pytest

from kdxf.text.ocr import OCRRecord
from kdxf_runtime.steps.line_boxes import cut_quad, line_boxes, line_quads, text_sides


def record_of(*boxes, width=80, height=40):
    """A record with the given boxes (x0, y0, x1, y1)."""
    quads = [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]] for x0, y0, x1, y1 in boxes]
    texts, scores = ["a"] * len(quads), np.ones(len(quads), np.float32)
    return OCRRecord("x.jpg", texts, scores, np.array(quads, np.float32).reshape(-1, 4, 2), width, height, "fake", None)


def image_of(width, height):
    return np.zeros((height, width, 3), np.uint8)


def test_boxes_follow_the_size_of_the_image():
    record = record_of((8, 4, 40, 12))
    assert line_boxes(record, image_of(80, 40)).tolist() == [[8, 4, 40, 12]]
    assert line_boxes(record, image_of(20, 10)).tolist() == [[2, 1, 10, 3]]  # decoded at a quarter
    assert line_boxes(record, image_of(160, 40)).tolist() == [[16, 4, 80, 12]]  # resized without keeping the shape
    assert line_quads(record, image_of(20, 10)).tolist() == [[[2, 1], [10, 1], [10, 3], [2, 3]]]


def test_the_hull_of_a_slanted_line():
    record = record_of((0, 0, 1, 1))
    record.boxes[0] = [[10, 0], [30, 10], [20, 20], [0, 10]]
    assert line_boxes(record, image_of(80, 40)).tolist() == [[0, 0, 30, 20]]


def test_boxes_are_clipped_and_those_outside_are_left_out():
    record = record_of((-5, -5, 10, 10), (70, 30, 99, 99), (90, 0, 99, 9), (5, 5, 5, 9))
    assert line_boxes(record, image_of(80, 40)).tolist() == [[0, 0, 10, 10], [70, 30, 80, 40]]


@pytest.mark.parametrize(
    "record",
    [
        OCRRecord.empty("x.jpg", width=80, height=40),
        OCRRecord.from_text("x.jpg", "two\nlines"),
        record_of((0, 0, 0, 0)),
        record_of((1, 1, 9, 9), width=0, height=0),
    ],
)
def test_no_text_or_text_of_unknown_place(record):
    assert line_quads(record, image_of(80, 40)).shape == (0, 4, 2)
    assert line_boxes(record, image_of(80, 40)).shape == (0, 4)


def test_lines_of_known_place_among_others():
    assert line_boxes(record_of((0, 0, 0, 0), (1, 2, 3, 4)), image_of(80, 40)).tolist() == [[1, 2, 3, 4]]


def test_the_record_is_left_alone():
    record = record_of((8, 4, 40, 12))
    record.boxes.setflags(write=False)
    line_quads(record, image_of(80, 40))[:] = 7
    assert record.boxes[0].tolist() == [[8, 4], [40, 4], [40, 12], [8, 12]]


def test_where_text_begins_and_ends():
    wide, tall = [[0, 0], [100, 0], [100, 70], [0, 70]], [[0, 0], [10, 0], [10, 16], [0, 16]]
    assert [side.tolist() for side in text_sides(np.array(wide))] == [[[0, 0], [0, 70]], [[100, 0], [100, 70]]]
    assert [side.tolist() for side in text_sides(np.array(tall))] == [[[0, 0], [10, 0]], [[0, 16], [10, 16]]]


@pytest.mark.parametrize(
    ("quad", "start", "end", "piece"),
    [
        ([[0, 0], [100, 0], [100, 10], [0, 10]], 0, 0.3, [[0, 0], [30, 0], [30, 10], [0, 10]]),
        ([[0, 0], [100, 0], [100, 10], [0, 10]], 0.3, 1, [[30, 0], [100, 0], [100, 10], [30, 10]]),
        # slanted: the cut runs from one long side to the other
        ([[0, 0], [40, 20], [36, 28], [-4, 8]], 0.5, 1, [[20, 10], [40, 20], [36, 28], [16, 18]]),
        # from top to bottom
        ([[0, 0], [10, 0], [10, 100], [0, 100]], 0.2, 0.5, [[0, 20], [10, 20], [10, 50], [0, 50]]),
        ([[0, 0], [0, 0], [0, 0], [0, 0]], 0, 0.5, [[0, 0], [0, 0], [0, 0], [0, 0]]),
    ],
)
def test_a_piece_of_a_quad(quad, start, end, piece):
    np.testing.assert_allclose(cut_quad(np.array(quad, np.float32), start, end), piece, atol=1e-4)


def test_fractions_of_a_pixel_are_kept():
    record = record_of((-0.5, 1.25, 9.5, 39.75), (79.75, 0, 81, 1.5))
    assert line_boxes(record, image_of(80, 40)).tolist() == [[0, 1.25, 9.5, 39.75], [79.75, 0, 80, 1.5]]
    assert line_boxes(record, image_of(40, 20)).tolist() == [[0, 0.625, 4.75, 19.875], [39.875, 0, 40, 0.75]]
