"""A run with a schedule that depends on scores is in tests/test_schedules.py."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from kdxf.engine.hooks import ResumedValidationHook


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
