import random

import numpy as np
import pytest
from advertisements.lettering import TextStyle, fit_lines, fit_size, sample_style, set_lines
from advertisements.wording import Line
from PIL import Image

GREY = (225, 225, 225)


def test_letters_fit_the_width_within_limits(font):
    width = font.at(100).getlength("Sale") / 100
    assert fit_size("Sale", font, 10.5 * width, 30, 5) == 10
    assert fit_size("Sale", font, 1000, 30, 5) == 30
    assert fit_size("Sale" * 50, font, 100, 30, 5) == 5


def test_least_important_lines_give_way():
    lines = [Line(role, role) for role in ("brand", "headline", "sub", "price", "button", "fine")]
    assert fit_lines(lines, room=20) == lines
    # heights 0.9 + 1.8 + 1.0 + 1.4 + 1.4 + 0.8 = 7.3, times 1.35 = 9.9; without fine 8.8, without brand 7.6
    assert [line.role for line in fit_lines(lines, room=9)] == ["brand", "headline", "sub", "price", "button"]
    assert [line.role for line in fit_lines(lines, room=8)] == ["headline", "sub", "price", "button"]
    assert [line.role for line in fit_lines(lines, room=0)] == ["headline"]


@pytest.mark.parametrize("centred", [True, False])
def test_text_appears_in_its_box_and_nowhere_else(font, palette, centred):
    page = Image.new("RGB", (400, 300), GREY)
    lines = [Line("KELPO", "brand"), Line("Big Sale", "headline"), Line("today", "sub"), Line("Buy", "button")]
    style = TextStyle(font, font, centred, tilt=0.0)
    set_lines(page, (50, 40, 350, 260), lines, style, palette, random.Random(3))
    changed = (np.asarray(page) != GREY).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert rows[0] >= 40 and rows[-1] < 260 and columns[0] >= 50 and columns[-1] < 350
    assert changed.mean() > 0.03
    middle = (columns[0] + columns[-1]) / 2
    assert (abs(middle - 200) < 5) == centred


def test_text_stands_on_a_panel_where_the_page_is_restless(font, palette):
    stripes = np.zeros((200, 300, 3), np.uint8)
    stripes[:, ::2] = 255
    page = Image.fromarray(stripes)
    style = TextStyle(font, font, True, 0)
    set_lines(page, (0, 0, 300, 200), [Line("Sale", "headline")], style, palette, random.Random(0))
    assert np.asarray(page)[100, 20:40].astype(int).std() < 60  # black and white stripes: 127


def test_styles_vary(font):
    rng = random.Random(0)
    tilts = [sample_style([font], True, rng).tilt for _ in range(200)]
    assert 100 < tilts.count(0.0) < 190 and max(map(abs, tilts)) <= 4
