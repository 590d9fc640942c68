import base64

import cv2
import numpy as np
import pytest

from kdxf.io.pages import Picture
from kdxf.io.pages.pictures import PictureStore


def _pixels(stored):
    data = base64.b64decode(stored.uri.split(",", 1)[1])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def _grey(value, height=20, width=40):
    return np.full((height, width, 3), value, np.uint8)


def test_a_picture_is_scaled_down_and_never_up():
    store = PictureStore(longest=20)
    large, small = store.add(_grey(9, 40, 10)), store.add(_grey(9, 4, 10))
    assert (large.width, large.height) == (5, 20) and _pixels(large).shape == (20, 5, 3)
    assert (small.width, small.height) == (10, 4) and _pixels(small).shape == (4, 10, 3)
    assert large.uri.startswith("data:image/jpeg;base64,")


def test_the_same_picture_is_shared_whether_it_comes_as_a_file_or_as_pixels(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), _grey(100))
    store = PictureStore(longest=20)
    first, again, pixels, other = (
        store.add(item) for item in (tmp_path / "a.png", str(tmp_path / "a.png"), _grey(100), _grey(200))
    )
    assert first == again == pixels and first.name != other.name
    assert store.shared() == {first.name: first}
    (tmp_path / "a.png").unlink()
    assert store.add(tmp_path / "a.png") == first  # it is read once


def test_a_see_through_overlay_keeps_its_alpha():
    heat = np.zeros((8, 8, 4), np.uint8)
    heat[:, :4] = (0, 0, 255, 128)
    figure = PictureStore(20).figure(Picture(_grey(7, 8, 8), "caption", {"heatmap": heat}))
    assert [name for name, _ in figure.layers] == ["picture", "heatmap"]
    shown = _pixels(figure.layers[1][1])
    assert shown.shape == (8, 8, 4) and shown[2, 1, 3] == 128 and shown[2, 7, 3] == 0
    assert np.abs(shown[2, 1, :3].astype(int) - (0, 0, 255)).max() < 12


def test_a_picture_that_cannot_be_read_has_a_reason_and_no_overlays(tmp_path):
    store = PictureStore(20)
    picture = Picture(tmp_path / "none.jpg", "caption", {"boxes": _grey(1)})
    (_, stored), *rest = store.figure(picture).layers
    assert stored.uri == "" and stored.reason == "cannot open the file: No such file or directory" and rest == []
    store.figure(picture)
    assert store.shared() == {}


def test_more_than_four_overlays_are_an_error():
    with pytest.raises(ValueError, match="^overlays: at most 4, not 5$"):
        Picture(_grey(1), overlays={str(number): _grey(1) for number in range(5)})
