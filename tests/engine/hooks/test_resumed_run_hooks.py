"""A run with a schedule that depends on scores is in tests/test_schedules.py."""

from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.hooks import ResumedValidationHook

COSINE = {"type": "CosineAnnealingLR", "eta_min": 0, "by_epoch": True, "convert_to_iter_based": True}


@pytest.fixture(scope="module")
def trained(tiny_trained, tmp_path_factory):
    cfg = load_config(tiny_trained.checkpoint.parent / "tiny.py", {"work_dir": str(tmp_path_factory.mktemp("one"))})
    cfg.param_scheduler = COSINE
    cfg.train_cfg.max_epochs = 1
    return train(cfg).checkpoint


def log_of(trained, work_dir, schedule, epochs=2):
    cfg = load_config(trained.parent / "tiny.py", {"work_dir": str(work_dir)})
    cfg.custom_hooks = [{"type": "ResumedScheduleHook"}]
    cfg.param_scheduler = schedule
    cfg.train_cfg.max_epochs = epochs
    train(cfg, resume=trained)
    (log,) = Path(work_dir).glob("*/*.log")
    return log.read_text()


def test_a_run_that_gets_longer(trained, tmp_path):
    assert (
        "the learning rate follows the checkpoint's schedule, not the config's: CosineAnnealingLR.end 3 in place of 6; "
        "CosineAnnealingLR.T_max 3 in place of 6. To begin with the config's, take the weights alone: "
        "load_from=CHECKPOINT in place of --resume"
    ) in log_of(trained, tmp_path, COSINE)


def test_more_schedules(trained, tmp_path):
    warm_up = {"type": "LinearLR", "end": 1, "start_factor": 0.1, "by_epoch": True, "convert_to_iter_based": True}
    text = log_of(trained, tmp_path, [{**COSINE, "end": 1, "T_max": 1}, warm_up])
    assert "not the config's: 1 schedules in place of 2. To begin" in text


def test_the_same_schedule(trained, tmp_path):
    assert "the learning rate follows" not in log_of(trained, tmp_path, {**COSINE, "end": 1, "T_max": 1})


def validations(epoch=4, iteration=12, resume=True, val=True, kind=EpochBasedTrainLoop, begin=1, interval=2):
    loop = kind.__new__(kind)  # three batches in an epoch, six epochs
    loop._epoch, loop._iter, loop._max_epochs, loop.dataloader = epoch, iteration, 6, range(3)
    loop.val_begin, loop.val_interval = begin, interval
    runner = SimpleNamespace(train_loop=loop, val_loop=Mock() if val else None, _resume=resume, logger=Mock())
    ResumedValidationHook().before_train(runner)
    if not val:
        return 0
    told = [call.args[0] for call in runner.logger.info.call_args_list]
    expected = [f"validating epoch {epoch} again, which the checkpoint was saved before"]
    assert told == expected * runner.val_loop.run.call_count
    return runner.val_loop.run.call_count


def test_at_the_end_of_a_validated_epoch():
    assert validations() == 1
    assert validations(epoch=6, iteration=18, interval=4) == 1  # the last one is always validated


@pytest.mark.parametrize(
    "options",
    [
        {"resume": False},
        {"val": False},
        {"epoch": 0, "iteration": 0},
        {"epoch": 3, "iteration": 9},  # not validated
        {"begin": 5},
        {"iteration": 13},  # saved within the epoch after it, which the validation came before
        {"kind": IterBasedTrainLoop},
    ],
)
def test_not_otherwise(options):
    assert validations(**options) == 0
