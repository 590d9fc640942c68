from types import SimpleNamespace

import pytest
from mmengine.logging import MMLogger

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.hooks import EarlyStoppingHook
from kdxf.errors import UserError

MONITOR = "accuracy/top1"


def runner(folder, epoch=0, resume=False):
    loop = SimpleNamespace(stop_training=False)
    logger = MMLogger.get_instance("early stopping")
    return SimpleNamespace(work_dir=str(folder), epoch=epoch, _resume=resume, train_loop=loop, logger=logger)


def validate(hook, run, *scores):
    """Give the epoch after which the run stops."""
    for score in scores:
        run.epoch += 1
        hook.after_val_epoch(run, {MONITOR: score})
        if run.train_loop.stop_training:
            return run.epoch
    return None


def test_minimum_of_epochs(tmp_path):
    # 50 is best; two validations without progress are over at epoch 3, but four epochs are due.
    scores = (50.0, 40.0, 40.0, 40.0)
    for min_epochs, end in ((0, 3), (4, 4), (5, None)):
        hook, run = EarlyStoppingHook(MONITOR, min_epochs, patience=2), runner(tmp_path)
        hook.before_train(run)
        assert validate(hook, run, *scores) == end


def test_progress_before_the_minimum(tmp_path):
    hook, run = EarlyStoppingHook(MONITOR, 4, patience=2), runner(tmp_path)
    hook.before_train(run)
    assert validate(hook, run, 50.0, 40.0, 40.0, 60.0, 50.0, 55.0, 70.0) == 6


def test_not_finite_stops_at_once(tmp_path):
    hook, run = EarlyStoppingHook(MONITOR, 10), runner(tmp_path)
    hook.before_train(run)
    assert validate(hook, run, 50.0, float("nan")) == 2


def test_resumed_run_counts_on(tmp_path):
    hook, run = EarlyStoppingHook(MONITOR, patience=3), runner(tmp_path)
    hook.before_train(run)
    validate(hook, run, 50.0, 40.0, 45.0)
    # From the checkpoint of epoch 3 one more validation is allowed, from that of epoch 2 two more.
    for epoch, end in ((3, 4), (2, 4), (1, 4)):
        hook, run = EarlyStoppingHook(MONITOR, patience=3), runner(tmp_path, epoch, resume=True)
        hook.before_train(run)
        assert validate(hook, run, *[40.0] * 5) == end
    hook, run = EarlyStoppingHook(MONITOR, patience=3), runner(tmp_path)  # a new run in the same folder
    hook.before_train(run)
    assert validate(hook, run, *[40.0, 30.0, 30.0, 30.0]) == 4


def test_resumed_after_its_stop(tmp_path):
    hook, run = EarlyStoppingHook(MONITOR, patience=2), runner(tmp_path)
    hook.before_train(run)
    assert validate(hook, run, 50.0, 40.0, 45.0) == 3
    for patience, min_epochs, stays in ((2, 0, True), (3, 0, False), (2, 4, False)):
        hook, run = EarlyStoppingHook(MONITOR, min_epochs, patience=patience), runner(tmp_path, 3, resume=True)
        hook.before_train(run)
        assert run.train_loop.stop_training == stays


def test_a_stopped_run_stays_so(tiny_config):
    options = {"type": "EarlyStoppingHook", "monitor": MONITOR, "stopping_threshold": -1.0}
    cfg = load_config(tiny_config, {"custom_hooks": [options]})
    assert train(cfg).epoch == 1 and train(cfg, resume=True).epoch == 1


def test_in_a_run(tiny_config):
    options = {"monitor": MONITOR, "patience": 1, "stopping_threshold": 1.0, "min_epochs": 2}
    cfg = load_config(tiny_config, {"custom_hooks": [{"type": "EarlyStoppingHook", **options}]})
    cfg.train_cfg.max_epochs = 4
    cfg.param_scheduler = None
    result = train(cfg)
    assert result.epoch == 2 and result.finished


def test_a_test_needs_no_training_data(tiny_config):
    options = {"custom_hooks": [{"type": "EarlyStoppingHook", "monitor": MONITOR}]}
    result = train(load_config(tiny_config, options))
    elsewhere = load_config(tiny_config, {**options, "train_dataloader.dataset.data_root": "nowhere"})
    assert run_test(elsewhere, result.checkpoint)[MONITOR] >= 0


def test_unknown_score(tmp_path):
    hook = EarlyStoppingHook("mAP")
    with pytest.raises(UserError, match="EarlyStoppingHook: the validation has no score 'mAP', only accuracy/top1"):
        hook.after_val_epoch(runner(tmp_path), {MONITOR: 1.0})


def test_arguments():
    with pytest.raises(ValueError, match="min_epochs must not be negative, got -1"):
        EarlyStoppingHook("mAP", min_epochs=-1)
