from pathlib import Path

import matplotlib
import numpy as np
import pytest

from kdxf.io.fonts import NO_CHINESE_FONT, Font, chinese_font
from kdxf.visualization import captions
from kdxf.visualization.captions import with_caption

RED, BLACK = (200, 0, 0), (0, 0, 0)


@pytest.fixture
def told(monkeypatch):
    """What is said when no font is found, each time anew."""
    said = []
    monkeypatch.setattr(captions, "chinese_font", lambda: None)
    monkeypatch.setattr(captions, "print_log", lambda message, *_: said.append(message))
    monkeypatch.setattr(captions, "_told", set())
    return said


def test_lines_stand_below_the_picture_in_their_colours(told):
    blue = np.zeros((50, 300, 3), np.uint8)
    blue[..., 0] = 255
    drawn = with_caption(blue, [("first", RED), ("second", BLACK)])
    assert (
        drawn.shape == (50 + 2 * 20 + 2 * 8, 300, 3) and (drawn[:50] == blue).all()
    )  # 14 pixels and 0.4 between lines
    first, second = drawn[58:78].reshape(-1, 3), drawn[78:98].reshape(-1, 3)
    assert first.min(axis=0)[2] >= 200 and first.min(axis=0)[0] == 0  # red on white: BGR
    assert second.min() == 0 and drawn[-8:].min() == 255 and told == []


def test_a_narrow_picture_stands_in_the_middle(told):
    drawn = with_caption(np.zeros((20, 40, 3), np.uint8), [("text", BLACK)])
    assert drawn.shape[1] == 240 and (drawn[:20, 100:140] == 0).all() and (drawn[:20, :100] == 255).all()


def test_long_lines_are_broken(told):
    short, long = (with_caption(np.zeros((9, 240, 3), np.uint8), [(text, RED)]) for text in ("a b", "word " * 40))
    assert (short.shape[0] - 9 - 16) == 20 and (long.shape[0] - 9 - 16) % 20 == 0 and long.shape[0] > 9 + 16 + 3 * 20
    assert (long[9:, -8:] == 255).all()  # nothing runs over the margin
    face = Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))).at(14)
    assert captions._broken("one two three", face, face.getlength("one two t")) == ["one two", "three"]
    assert captions._broken("iiii", face, face.getlength("ii")) == ["ii", "ii"]
    assert captions._broken("W", face, 1) == ["W"]


def test_without_a_font_for_them_chinese_characters_are_reported_once(told):
    for text in ("plain", "牛奶", "牛奶"):
        with_caption(np.zeros((9, 9, 3), np.uint8), [(text, RED)])
    assert told == [NO_CHINESE_FONT]


def test_with_a_font_for_them_chinese_characters_differ():
    if chinese_font() is None:
        pytest.skip(NO_CHINESE_FONT)
    one, other = (with_caption(np.zeros((9, 9, 3), np.uint8), [(text, RED)]) for text in ("牛奶", "手机"))
    assert one.shape == other.shape and (one != other).any()  # as boxes they would be the same
