import json
from pathlib import Path

import pytest

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.hooks import MarginScheduleHook
from kdxf.errors import UserError

ARCFACE = """
default_scope = "kdxf"
model["head"] = dict(type="ArcFaceClsHead", num_classes=3, in_channels=64, embedding_channels=8)
custom_hooks = [dict(type="MarginScheduleHook", begin=0.5, end=1.5)]
"""


def factors(work_dir):
    """What each run logged, iteration by iteration."""
    return [
        [round(row["margin_factor"], 4) for row in map(json.loads, path.read_text().splitlines()) if "loss" in row]
        for path in sorted(Path(work_dir).glob("*/vis_data/scalars.json"))
    ]


def test_the_margin_rises_and_a_resumed_run_goes_on(tiny_config):
    tiny_config.write_text(tiny_config.read_text() + ARCFACE)
    first, second = tiny_config.parent / "first", tiny_config.parent / "second"
    train(load_config(tiny_config, {"train_cfg.max_epochs": 1, "work_dir": str(first)}), validate=False)
    # three iterations an epoch: epochs 0, 1/3, 2/3, then 1, 4/3, 5/3
    assert factors(first) == [[0.0, 0.0, round(1 / 6, 4)]]
    result = train(load_config(tiny_config, {"work_dir": str(second)}), resume=first / "epoch_1.pth")
    assert factors(second) == [[0.5, round(5 / 6, 4), 1.0]]
    assert result.metrics["accuracy/top1"] >= 0


@pytest.mark.parametrize(("begin", "end"), [(-1, 5), (5, 5), (6, 5)])
def test_no_span_of_time_is_refused(begin, end):
    with pytest.raises(UserError, match=f"needs 0 <= begin < end, got begin={begin} and end={end}"):
        MarginScheduleHook(begin, end)


def test_a_model_without_the_head_is_refused(tiny_config):
    hook = {"custom_hooks": [{"type": "MarginScheduleHook", "begin": 0, "end": 1}], "default_scope": "kdxf"}
    with pytest.raises(UserError, match="the model has no ArcFaceClsHead; drop the hook from custom_hooks"):
        train(load_config(tiny_config, hook), validate=False)
