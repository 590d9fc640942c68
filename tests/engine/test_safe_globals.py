from pickle import UnpicklingError

import pytest
from mmengine.logging import HistoryBuffer

from kdxf.engine.safe_globals import SAFE_GLOBALS


def by_path(path):
    return next(item for item in SAFE_GLOBALS if f"{item.__module__}.{item.__name__}" == path)


def test_getattr_gives_out_only_the_listed_methods():
    give = by_path("builtins.getattr")
    assert give(HistoryBuffer, "mean") is HistoryBuffer.mean
    for owner, name in (
        (HistoryBuffer, "__init__"),
        (HistoryBuffer([], []), "mean"),
        (dict, "get"),
        (give, "__globals__"),
    ):
        with pytest.raises(UnpicklingError, match="is not allowed"):
            give(owner, name)


def test_nothing_that_runs_code_is_listed():
    paths = {f"{item.__module__}.{item.__name__}" for item in SAFE_GLOBALS}
    assert {path for path in paths if path.startswith("builtins.")} == {"builtins.getattr"}
    modules = {path.rpartition(".")[0].partition(".")[0] for path in paths}
    assert modules == {"builtins", "numpy", "mmengine"}
