import numpy as np
import pytest

from kdxf.datasets.transforms import CoverRegion
from kdxf.errors import UserError


def picture():
    """4 rows of 10 pixels: 100 on the left half, 200 on the right one."""
    image = np.full((4, 10, 3), 100, np.uint8)
    image[:, 5:] = 200
    return image


def test_a_part_gets_the_mean_colour_of_the_rest():
    image = picture()
    covered = CoverRegion((0.5, 0.25, 0.9, 0.75)).transform({"img": image, "other": 1})
    assert covered["other"] == 1 and (image == picture()).all()  # a copy was changed
    # of 40 pixels 2 x 4 are covered; of the 32 left, 20 are 100 and 12 are 200
    mean = round((20 * 100 + 12 * 200) / 32)
    assert (covered["img"][1:3, 5:9] == mean).all()
    covered["img"][1:3, 5:9] = 200
    assert (covered["img"] == picture()).all()


def test_the_rest_gets_the_mean_colour_of_the_part():
    covered = CoverRegion((0.3, 0.0, 0.7, 0.5), outside=True).transform({"img": picture()})["img"]
    assert (covered[:2, 3:7] == picture()[:2, 3:7]).all()
    assert (covered[2:] == 150).all() and (covered[:, :3] == 150).all() and (covered[:, 7:] == 150).all()


def test_a_whole_picture_gets_its_own_mean_colour():
    assert (CoverRegion((0, 0, 1, 1)).transform({"img": picture()})["img"] == 150).all()


@pytest.mark.parametrize("region", [(0.5, 0, 0.5, 1), (0, 0.6, 1, 0.5), (-0.1, 0, 1, 1), (0, 0, 1, 1.1)])
def test_no_part_of_a_picture(region):
    with pytest.raises(UserError, match="CoverRegion: region is .*; give left, top, right, bottom from 0 to 1"):
        CoverRegion(region)
