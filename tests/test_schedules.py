"""The learning rate of every step, by the schedules that configs name, against torch's; also when a run is resumed."""

import json
import math

import pytest
import torch
from torch.optim import lr_scheduler

from kdxf.apis.train import train
from kdxf.engine.config import load_config

STEPS = 3  # in an epoch of the tiny config
LR = 0.05
BY_STEP = {"by_epoch": True, "convert_to_iter_based": True}


def run(path, work, schedule, epochs, resume=False, **options):
    """Train, and give the rate of every step of this run."""
    checkpoints = {"default_hooks.checkpoint.max_keep_ckpts": -1, "train_cfg.max_epochs": epochs}
    cfg = load_config(path, {"work_dir": str(work), **checkpoints, **options})
    cfg.param_scheduler = schedule
    train(cfg, resume=resume)
    logs = sorted(work.glob("*/vis_data/scalars.json"))
    return [line["lr"] for line in map(json.loads, logs[-1].read_text().splitlines()) if "lr" in line]


def torch_rates(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    schedule, rates = make(optimizer), []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < steps - 1:
            schedule.step()
    return rates


def cosine(step, steps):
    return LR * (1 + math.cos(math.pi * step / steps)) / 2


def expected(name, steps):
    if name == "SGDR":  # cycles of one and two epochs; the fourth epoch stays where the second cycle ended
        theirs = torch_rates(lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, STEPS, 2), 3 * STEPS)
        return theirs + [theirs[-1]] * (steps - len(theirs))
    if name == "one-cycle":
        return torch_rates(lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=steps), steps)
    if name == "warm-up and cosine":  # from a tenth to all of it in the three steps of an epoch, then three epochs down
        return [LR * factor for factor in (0.1, 0.55, 1.0)] + [cosine(step, 9) for step in range(9)]
    return [LR * 0.4 ** (step // (2 * STEPS)) for step in range(steps)]


SCHEDULES = {
    "SGDR": {"type": "CosineRestartLR", "periods": [1, 2], "restart_weights": [1, 1], "eta_min": 0, **BY_STEP},
    "one-cycle": {"type": "OneCycleLR", "eta_max": 0.2, **BY_STEP},
    "warm-up and cosine": [
        {"type": "LinearLR", "start_factor": 0.1, "end": 1, **BY_STEP},
        {"type": "CosineAnnealingLR", "eta_min": 0, "begin": 1, **BY_STEP},
    ],
    "step": {"type": "StepLR", "step_size": 2, "gamma": 0.4, "by_epoch": True},
}


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_rates_of_every_step(name, tiny_config, tmp_path):
    rates = run(tiny_config, tmp_path / "a", SCHEDULES[name], 4)
    assert rates == pytest.approx(expected(name, 4 * STEPS), abs=1e-9)
    resumed = run(tiny_config, tmp_path / "b", SCHEDULES[name], 4, resume=tmp_path / "a" / "epoch_2.pth")
    assert resumed == rates[2 * STEPS :]


def test_plateau(tiny_config, tmp_path):
    plateau = {"type": "ReduceOnPlateauLR", "monitor": "accuracy/top1", "rule": "greater", "factor": 0.5, "patience": 1}
    # Nothing is good enough to count as better: the first score is the best, and every second one after it is too many.
    options = {"by_epoch": True, "threshold": 1000, "threshold_rule": "abs"}
    rates = run(tiny_config, tmp_path / "a", {**plateau, **options}, 6)
    assert rates == pytest.approx([LR * factor for factor in (1, 1, 1, 0.5, 0.5, 0.25) for _ in range(STEPS)])
    # The checkpoint does not know the score of its own epoch, which is validated again.
    again = {"resume": tmp_path / "a" / "epoch_4.pth"}
    assert run(tiny_config, tmp_path / "b", {**plateau, **options}, 6, **again) == rates[4 * STEPS :]
