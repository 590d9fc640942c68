from pathlib import Path

import pytest
import torch

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config

# 3 batches an epoch, 2 epochs; a checkpoint after every step.
EVERY_STEP = {"default_hooks.checkpoint.by_epoch": False, "default_hooks.checkpoint.interval": 1}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("step", [1, 2, 3, 5])
@pytest.mark.parametrize("workers", [0, 1])
def test_goes_on_within_an_epoch(tiny_config, tmp_path, step, workers):
    if workers and step != 2:
        pytest.skip("loader workers once are enough")
    options = EVERY_STEP | {"train_dataloader.num_workers": workers, "randomness.seed": 1}
    # A schedule by iterations and one by epochs.
    options["param_scheduler"] = [
        {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": 6},
        {"type": "StepLR", "step_size": 1, "gamma": 0.5, "by_epoch": True},
    ]
    whole = load_config(tiny_config, options | {"work_dir": str(tmp_path / "whole")})
    straight = load_checkpoint(train(whole).checkpoint)
    part = load_config(tiny_config, options | {"work_dir": str(tmp_path / "part")})
    result = train(part, resume=tmp_path / "whole" / f"iter_{step}.pth")
    resumed = load_checkpoint(result.checkpoint)
    assert result.epoch == 2 and result.checkpoint.name == "iter_6.pth"
    assert (resumed["meta"]["epoch"], resumed["meta"]["iter"]) == (straight["meta"]["epoch"], 6)
    assert same(straight["state_dict"], resumed["state_dict"])
    assert straight["param_schedulers"] == resumed["param_schedulers"]
    (log,) = (tmp_path / "part").glob("*/*.log")
    epoch, batch = divmod(step, 3)
    if batch:
        assert f"Epoch(train) [{epoch + 1}][{batch + 1}/3]" in log.read_text()
        assert f"Epoch(train) [{epoch + 1}][{batch}/3]" not in log.read_text()


def test_another_batch_size_begins_the_epoch_anew(tiny_config, tmp_path):
    train(load_config(tiny_config, EVERY_STEP))
    options = EVERY_STEP | {"work_dir": str(tmp_path / "part"), "train_dataloader.batch_size": 12}
    options["param_scheduler"] = None
    result = train(load_config(tiny_config, options), resume=tmp_path / "work" / "iter_2.pth")
    assert result.epoch == 2
    (log,) = (tmp_path / "part").glob("*/*.log")
    assert "saved within an epoch of 3 batches, which has 2 now: the epoch begins anew" in log.read_text()


def test_mmengines_name_is_taken_too(tiny_config):
    cfg = load_config(tiny_config)
    cfg.train_cfg = {"type": "EpochBasedTrainLoop", "max_epochs": 1}
    train(cfg)
    assert "ResumableEpochLoop" in Path(cfg.work_dir, "tiny.py").read_text()
