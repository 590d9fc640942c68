import json

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.optimizers import OneCycleLR

BY_STEP = {"by_epoch": True, "convert_to_iter_based": True}


def rates(schedule, wrapper, steps):
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in wrapper.optimizer.param_groups])
        wrapper.step()
        schedule.step()
    return found


def test_parts_keep_their_ratio():
    image, text = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    groups = [{"params": [image], "lr": 1e-3}, {"params": [text], "lr": 2e-5}]
    wrapper = OptimWrapper(torch.optim.AdamW(groups, lr=1e-3))
    found = rates(OneCycleLR(wrapper, eta_max=1e-2, total_steps=20, by_epoch=False), wrapper, 20)

    reference = torch.optim.AdamW(groups, lr=1e-3)
    theirs = torch.optim.lr_scheduler.OneCycleLR(reference, [1e-2, 2e-4], total_steps=20, cycle_momentum=False)
    for step, pair in enumerate(found):
        assert pair == pytest.approx(theirs.get_last_lr())
        if step < 19:
            reference.step()
            theirs.step()


def test_a_peak_for_each_group():
    wrapper = OptimWrapper(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0))
    schedule = OneCycleLR(wrapper, eta_max=[3.0], total_steps=10, pct_start=0.3, by_epoch=False)
    assert rates(schedule, wrapper, 3)[2] == [3.0]  # the last of the first three steps


def test_scaled_with_the_batch_size(tiny_config):
    cfg = load_config(tiny_config, {"auto_scale_lr": {"base_batch_size": 16}, "optim_wrapper.optimizer.lr": 0.1})
    cfg.param_scheduler = {"type": "OneCycleLR", "eta_max": 0.2, "pct_start": 0.5, **BY_STEP}
    result = train(cfg, auto_scale_lr=True)
    (log,) = result.checkpoint.parent.glob("*/vis_data/scalars.json")
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    # 8 of 16 images a step: a peak of 0.1, the third of six steps, after a first rate of a twenty-fifth.
    assert [logged[step]["lr"] for step in (0, 2)] == pytest.approx([0.1 / 25, 0.1])
