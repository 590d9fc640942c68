import numpy as np
import pytest

from kdxf_runtime.ocr.quarter_turns import ROTATIONS, turn_pixels, turn_points, turn_size


@pytest.mark.parametrize("degrees", ROTATIONS)
def test_pixels_and_points_turn_together(degrees):
    image = np.zeros((5, 9, 3), np.uint8)
    image[1, 6] = 255  # its centre is at (6.5, 1.5)
    turned = turn_pixels(image, degrees)
    np.testing.assert_array_equal(turned, np.rot90(image, -degrees // 90))  # numpy turns the other way round
    assert turn_size(9, 5, degrees) == turned.shape[1::-1]
    (row,), (column,) = np.nonzero(turned[:, :, 0])
    point = turn_points(np.array([[6.5, 1.5]], np.float32), degrees, 9, 5)
    assert point.tolist() == [[column + 0.5, row + 0.5]] and point.dtype == np.float32


def test_a_turn_and_its_opposite_change_nothing():
    quads = np.arange(16, dtype=np.float32).reshape(2, 4, 2)
    for degrees in ROTATIONS:
        there = turn_points(quads, degrees, 30, 20)
        np.testing.assert_array_equal(turn_points(there, -degrees % 360, *turn_size(30, 20, degrees)), quads)
