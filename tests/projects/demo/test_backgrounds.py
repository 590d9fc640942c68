import random

import numpy as np
import pytest
from advertisements.backgrounds import ORNAMENTS, draw_background, spoil
from PIL import Image


@pytest.mark.parametrize("ornament", sorted(ORNAMENTS))
def test_backgrounds(ornament, palette):
    pages = [draw_background((120, 90), palette, ornament, random.Random(seed)) for seed in (0, 0, 1)]
    assert pages[0].size == (120, 90) and pages[0].mode == "RGB"
    first, again, other = (np.asarray(page).astype(int) for page in pages)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert 3 < first.std() < 80  # something is there, and text stays readable on it


def test_ornaments_differ(palette):
    pages = {draw_background((64, 64), palette, name, random.Random(0)).tobytes() for name in ORNAMENTS}
    assert len(pages) == len(ORNAMENTS)


def test_spoiling_is_slight():
    page = Image.effect_mandelbrot((80, 60), (-2, -1, 1, 1), 60).convert("RGB")
    changes = [
        np.abs(np.asarray(spoil(page, random.Random(seed))).astype(int) - np.asarray(page)).mean() for seed in range(30)
    ]
    assert min(changes) == 0 and 0.5 < max(changes) < 8
