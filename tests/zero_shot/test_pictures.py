import json

import pytest

from kdxf.errors import UserError
from kdxf.zero_shot.pictures import picture_steps


def steps(folder, **settings):
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return [tuple(step.values()) for step in picture_steps(folder, "--model")]


EDGE = [("LoadImage", 32), ("ResizeEdge", 32, "short", "area")]
WHOLE = [("LoadImage", 40), ("Resize", (24, 40), "area")]


def test_sizes(tmp_path):
    crop = {"height": 28, "width": 30}
    assert steps(tmp_path, size={"shortest_edge": 32}, crop_size=crop) == [*EDGE, ("CenterCrop", (30, 28))]
    assert steps(tmp_path, size=32, do_center_crop=True, crop_size=30) == [*EDGE, ("CenterCrop", 30)]
    assert steps(tmp_path, size={"shortest_edge": 32}) == [*EDGE, ("CenterCrop", 32)]
    assert steps(tmp_path, size={"height": 40, "width": 24}) == WHOLE
    assert steps(tmp_path, size=40) == [("LoadImage", 40), ("Resize", (40, 40), "area")]


def test_refused(tmp_path):
    with pytest.raises(UserError, match="^--model .* has no preprocessor_config.json, which says how it wants its"):
        picture_steps(tmp_path, "--model")
    with pytest.raises(UserError, match=r"says no size of pictures that kdxf knows \(size is \{'longest_edge': 9\}\)"):
        steps(tmp_path, size={"longest_edge": 9})
