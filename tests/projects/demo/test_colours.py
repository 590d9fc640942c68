import random

import pytest
from advertisements.colours import BLACK, STYLES, WHITE, contrast, hsv, luminance, mix, readable_on, sample_palette


def test_hsv_wraps_and_clips():
    assert hsv(0, 1, 1) == (255, 0, 0)
    assert hsv(1 / 3, 1, 1) == (0, 255, 0) == hsv(4 / 3, 1, 1)
    assert hsv(0.5, 0, 2) == (255, 255, 255)


def test_mix():
    assert mix((0, 100, 200), (100, 100, 0), 0.25) == (25, 100, 150)


def test_luminance_and_contrast_follow_wcag():
    assert luminance(WHITE) == pytest.approx(1)
    assert luminance((0, 255, 0)) == pytest.approx(0.7152)
    assert luminance((10, 10, 10)) == pytest.approx(10 / 255 / 12.92)
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21) == contrast(WHITE, (0, 0, 0))


def test_readable_colours():
    rng = random.Random(0)
    assert readable_on(WHITE, [(255, 255, 0), (0, 0, 120)], rng) == (0, 0, 120)
    assert readable_on((30, 30, 30), [(60, 30, 30)], rng) == WHITE
    assert readable_on((240, 240, 200), [WHITE], rng) == BLACK


@pytest.mark.parametrize("style", sorted(STYLES))
def test_palettes_keep_near_their_hue_and_products_stand_out(style):
    for seed in range(50):
        palette = sample_palette((0.33,), style, random.Random(seed))
        red, green, blue = palette.ground[0]
        assert green >= max(red, blue)
        assert contrast(palette.body, palette.ground[0]) >= 1.25
