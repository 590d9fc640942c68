from pathlib import Path

import pytest

from kdxf.apis.config import load_config
from kdxf.apis.train import train

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
