import numpy as np
import pytest
from advertisements.pen import Pen

RED = (255, 0, 0)


def drawn(draw) -> np.ndarray:
    pen = Pen(100)
    draw(pen)
    layer = np.asarray(pen.layer)
    assert (layer[layer[..., 3] > 0] == [*RED, 255]).all()
    return layer[..., 3] == 255


@pytest.mark.parametrize(
    ("draw", "area", "inside", "outside"),  # area as a share of the layer; points as (x, y) in pixels
    [
        (lambda pen: pen.rectangle((0.2, 0.3, 0.8, 0.7), RED), 0.24, (50, 50), (10, 50)),
        (lambda pen: pen.rectangle((0.2, 0.3, 0.8, 0.7), RED, 0.2), 0.24 - 0.04 * 0.858, (50, 50), (21, 31)),
        (lambda pen: pen.oval((0.1, 0.3, 0.9, 0.7), RED), np.pi * 0.4 * 0.2, (50, 50), (12, 32)),
        (lambda pen: pen.disc((0.5, 0.5), 0.3, RED), np.pi * 0.09, (50, 21), (50, 15)),
        (lambda pen: pen.ring((0.5, 0.5), 0.3, RED, 0.1), np.pi * (0.09 - 0.04), (50, 25), (50, 50)),
        (lambda pen: pen.arc((0.5, 0.5), 0.3, 0, 180, RED, 0.1), np.pi * 0.025, (50, 75), (50, 25)),
        (lambda pen: pen.polygon([(0, 0), (1, 0), (0, 1)], RED), 0.5, (20, 20), (80, 80)),
        (lambda pen: pen.mirrored([(0.5, 0.2), (0.9, 0.2), (0.9, 0.8), (0.5, 0.8)], RED), 0.48, (15, 50), (50, 10)),
        (lambda pen: pen.line([(0.1, 0.5), (0.9, 0.5)], RED, 0.1), 0.08, (50, 50), (50, 60)),
        (lambda pen: pen.star((0.5, 0.5), 0.5, RED, 4, 0.5), 0.5 * 8 * 0.5 * 0.25 * 2**-0.5, (50, 5), (10, 10)),
    ],
)
def test_shapes(draw, area, inside, outside):
    mask = drawn(draw)
    assert mask.mean() == pytest.approx(area, abs=0.025)
    assert mask[inside[1], inside[0]] and not mask[outside[1], outside[0]]


def test_thin_lines_do_not_vanish():
    assert drawn(lambda pen: pen.line([(0.1, 0.5), (0.9, 0.5)], RED, 0.0001)).sum() >= 80
