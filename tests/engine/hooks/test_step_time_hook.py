import json

import pytest

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.hooks import StepTimeHook


def test_a_run_ends_after_the_steps_and_leaves_their_times(tiny_config, tmp_path):
    cfg = load_config(tiny_config)
    file = tmp_path / "steps.json"
    cfg.custom_hooks = [dict(type="kdxf.StepTimeHook", file=str(file), steps=2)]
    train(cfg, validate=False)
    seconds = json.loads(file.read_text())
    assert len(seconds) == 1
    assert seconds[0] > 0


def test_too_few_steps():
    with pytest.raises(ValueError, match="steps must be at least 2, got 1"):
        StepTimeHook("steps.json", steps=1)
