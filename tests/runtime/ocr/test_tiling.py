from itertools import pairwise

import numpy as np
import pytest

from kdxf.text.ocr import OCRLine
from kdxf_runtime.ocr.tiling import join_lines, read_tiled, tile_spans


def line(text, left, top, right, bottom, score=0.9):
    return OCRLine(text, score, np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32))


def texts(lines):
    return [line.text for line in lines]


def test_lines_of_tiles_one_below_the_other():
    before = [line("one", 0, 10, 90, 30), line("two", 0, 82, 80, 98, 0.7), line("thr", 0, 110, 60, 120)]
    after = [line("two", 0, 81, 80, 98, 0.8), line("three", 0, 110, 90, 130), line("four", 0, 140, 90, 160)]
    joined = join_lines(before, after, (80, 120), axis=1)
    # "two" lies whole in both: the surer reading; "three" is cut in the first; the order stays
    assert texts(joined) == ["one", "two", "three", "four"]
    assert joined[1].score == 0.8 and joined[2].box[2].tolist() == [90, 130]


def test_a_line_that_is_cut_at_the_start_of_the_next_tile():
    before, after = [line("whole", 0, 70, 90, 95)], [line("wnoie", 0, 80, 90, 95, 0.99)]
    assert texts(join_lines(before, after, (80, 120), axis=1)) == ["whole"]


def test_fragments_give_way_to_the_whole_line():
    before = [line("big", 0, 110, 30, 120), line("sale", 40, 110, 80, 120)]
    assert texts(join_lines(before, [line("big sale", 0, 108, 80, 135)], (80, 120), axis=1)) == ["big sale"]


def test_neighbours_side_by_side_or_one_below_the_other_are_different_lines():
    before = [line("left", 0, 90, 40, 110)]
    after = [line("right", 45, 90, 90, 110), line("below", 0, 108, 40, 128)]
    assert texts(join_lines(before, after, (80, 120), axis=1)) == ["left", "right", "below"]


def test_a_line_across_a_seam_is_put_together_where_the_texts_agree():
    # 10 px per character; the strip 180-220 shows "JUMPS" cut at both its ends
    before = [line("BROWN FOX JUMP5", 70, 0, 220, 10, 0.6)]
    after = [line("3UMPS OVER", 180, 1, 280, 11, 0.9)]
    (joined,) = join_lines(before, after, (180, 220), axis=0)
    assert joined.text == "BROWN FOX JUMPS OVER"
    assert joined.box.tolist() == [[70, 0], [280, 1], [280, 11], [70, 10]]
    np.testing.assert_allclose(joined.score, (15 * 0.6 + 10 * 0.9) / 25)


def test_texts_that_agree_nowhere_are_joined_in_the_middle_of_what_both_show():
    before, after = [line("abcdefgh", 0, 0, 80, 10)], [line("WXYZ", 40, 0, 80 + 40, 10)]
    (joined,) = join_lines(before, after, (40, 80), axis=0)
    assert joined.text == "abcdef" + "XYZ"  # both show four characters of the one, two of the other: half of each goes


def test_a_short_rest_is_joined_to_a_long_line():
    before, after = [line("the winter came", 0, 0, 1500, 10)], [line("came 12345", 1300, 0, 1800, 10)]
    assert texts(join_lines(before, after, (1300, 1500), axis=0)) == ["the winter came 12345"]


def test_a_text_higher_than_the_strip_is_not_put_together_from_halves():
    before, after = [line("HUGE", 0, 50, 400, 120, 0.4)], [line("HUGF", 0, 80, 400, 150, 0.3)]
    assert texts(join_lines(before, after, (80, 120), axis=1)) == ["HUGE"]


def test_as_few_equal_spans_as_it_takes():
    assert tile_spans(100, 100, 0.1) == [(0, 100)]
    assert tile_spans(100, 40, 0.25) == [(0, 40), (30, 70), (60, 100)]
    assert tile_spans(101, 40, 0.25) == [(0, 33), (22, 55), (45, 78), (68, 101)]


@pytest.mark.parametrize(("length", "tile", "overlap"), [(8000, 2700, 0.1), (2001, 2000, 0.0), (99_999, 2000, 0.5)])
def test_spans_cover_all_and_share_enough(length, tile, overlap):
    spans = tile_spans(length, tile, overlap)
    assert spans[0][0] == 0 and spans[-1][1] == length and max(stop - start for start, stop in spans) <= tile
    shared = [before[1] - after[0] for before, after in pairwise(spans)]
    assert min(shared) >= int(overlap * tile) - 1


def find_rows(image):
    """Read bright rows as lines of text: their brightness, or 'cut' with a low score if they touch the border."""
    bright = np.concatenate([[0], image[:, 0, 0], [0]]).astype(int)
    starts, stops = (
        np.nonzero((bright[1:] > 0) & (bright[:-1] == 0))[0],
        np.nonzero((bright[1:] == 0) & (bright[:-1] > 0))[0],
    )
    lines = []
    for start, stop in zip(starts, stops, strict=True):
        cut = start == 0 or stop == len(image)
        box = np.array([[0, start], [80, start], [80, stop], [0, stop]], np.float32)
        lines.append(OCRLine("cut" if cut else str(image[start, 0, 0]), 0.4 if cut else 0.9, box))
    return lines


@pytest.mark.parametrize("turn", [False, True])
def test_every_line_is_read_whole_once_where_it_stands(turn):
    image = np.zeros((7000, 100, 3), np.uint8)
    tops = range(10, 6950, 60)  # 30 px high: seams cut some of them
    for value, top in enumerate(tops, start=1):
        image[top : top + 30] = value

    def find(part):
        assert max(part.shape[:2]) <= 2000
        lines = find_rows(part.swapaxes(0, 1) if turn else part)
        return [OCRLine(line.text, line.score, line.box[:, ::-1] if turn else line.box) for line in lines]

    lines = read_tiled(find, image.swapaxes(0, 1) if turn else image, 2.5, 0.1)
    assert [line.text for line in lines] == [str(value) for value in range(1, len(tops) + 1)]
    assert [line.box[:, 0 if turn else 1].min() for line in lines] == list(tops)


def test_tiles_grow_with_the_shorter_side():
    shapes = []
    read_tiled(lambda part: shapes.append(part.shape[:2]) or [], np.zeros((8000, 1080, 3), np.uint8), 2.5, 0.1)
    # at most 2700 long, sharing 270 at least: four of (8000 + 3 * 270) / 4, rounded up
    assert shapes == [(2203, 1080)] * 4


@pytest.mark.parametrize("turn", [False, True])
def test_readings_are_compared_within_what_both_tiles_show(turn):
    """Two tiles, 0-2000 and 1800-3800: a line of 1770-1810, which the second sees from 1800, and too long."""
    image = np.zeros((100, 3800, 3), np.uint8) if not turn else np.zeros((3800, 100, 3), np.uint8)
    ends = iter([(1770, 1810), (0, 40)])

    def find(part):
        start, end = next(ends)
        return [line("milk", 0, start, 50, end) if turn else line("milk", start, 0, end, 50)]

    assert len(read_tiled(find, image, 2.5, 0.1)) == 1
