from types import SimpleNamespace

import pytest
from mmengine.hooks import CheckpointHook

from kdxf.engine.hooks.checkpoint_due import checkpoint_is_due


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"by_epoch": False, "interval": 3}, [3, 6, 7]),
        ({"by_epoch": False, "interval": 3, "save_last": False}, [3, 6]),
        ({"by_epoch": False, "interval": -1}, [7]),
        ({"by_epoch": True, "interval": 3}, []),
    ],
)
def test_iterations_after_which_is_saved(options, expected):
    hooks = [SimpleNamespace(), CheckpointHook(**options)]
    found = [n for n in range(1, 8) if checkpoint_is_due(SimpleNamespace(hooks=hooks, iter=n - 1, max_iters=7))]
    assert found == expected
