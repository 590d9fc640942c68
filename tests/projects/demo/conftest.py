from pathlib import Path

import matplotlib
import numpy as np
import pytest
from advertisements.colours import Palette
from advertisements.pen import Pen

from kdxf.io.fonts import Font


@pytest.fixture
def font() -> Font:
    """A font that is installed with kdxf's dependencies; it draws boxes for Chinese characters."""
    return Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")))


@pytest.fixture
def palette() -> Palette:
    return Palette(((250, 240, 230), (200, 220, 240)), body=(40, 120, 200), trim=(250, 200, 60), accent=(220, 30, 40))


@pytest.fixture
def check_product(palette):
    """Check one product drawing: opaque shapes that fill a good part of the layer; seeded."""

    def check(product):
        import random

        layers = []
        for seed in (1, 1, 2, 3, 4, 5):
            pen = Pen(96)
            product(pen, palette, random.Random(seed))
            layers.append(np.asarray(pen.layer))
        assert np.array_equal(layers[0], layers[1])
        for layer in layers:
            opaque = layer[..., 3] == 255
            assert 0.12 < opaque.mean() < 0.95
            assert set(np.unique(layer[..., 3])) == {0, 255}
            rows, columns = np.flatnonzero(opaque.any(1)), np.flatnonzero(opaque.any(0))
            assert rows[-1] - rows[0] > 40 and columns[-1] - columns[0] > 15
            assert len(np.unique(layer[opaque], axis=0)) >= 2

    return check
