import builtins
import functools
import os
import pickle
import subprocess
import zipfile
from collections import Counter
from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

from kdxf.engine.checkpoint import SAFE_GLOBALS, load_checkpoint, trusting_checkpoints
from kdxf.errors import UserError


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


class Calls:
    """Its pickle calls a function when it is read."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


@pytest.fixture
def save(tmp_path):
    def save(content, **kwargs):
        path = tmp_path / "weights.pth"
        torch.save(content, path, **kwargs)
        return path

    return save


def error_of(path):
    with pytest.raises(UserError) as raised:
        load_checkpoint(path)
    message = str(raised.value)
    assert "\n" not in message and str(path) in message
    return message


def test_what_mmengine_saves(save):
    buffer = HistoryBuffer([1.0, 3.0], [1, 1])
    content = {
        "state_dict": {"weight": torch.arange(3.0), "half": torch.ones(2, dtype=torch.bfloat16)},
        "meta": {"epoch": 3, "dataset_meta": {"classes": ("奶粉", "b")}},
        "message_hub": {"log_scalars": {"loss": buffer}, "runtime_info": {"score": np.float64(0.5), "n": np.int64(2)}},
        "param_schedulers": [{"anneal": OneCycleParamScheduler._annealing_cos, "milestones": Counter([3, 4])}],
        "arrays": [np.arange(4), np.array(["a", "中"]), np.zeros((2, 2), dtype=np.float16), np.array([True])],
    }
    loaded = load_checkpoint(save(content))
    assert torch.equal(loaded["state_dict"]["weight"], torch.arange(3.0))
    assert loaded["meta"] == content["meta"]
    assert loaded["message_hub"]["log_scalars"]["loss"].mean() == 2.0
    assert loaded["message_hub"]["runtime_info"] == {"score": 0.5, "n": 2}
    assert loaded["param_schedulers"] == content["param_schedulers"]
    for found, saved in zip(loaded["arrays"], content["arrays"], strict=True):
        assert found.dtype == saved.dtype and np.array_equal(found, saved)


def test_arrays_saved_by_another_numpy(save, tmp_path):
    """numpy 2 renamed the package that checkpoints name."""
    ours, theirs = b"numpy._core.multiarray", b"numpy.core.multiarray"
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        ours, theirs = theirs, ours
    other = tmp_path / "other.pth"
    with (
        zipfile.ZipFile(save({"a": np.arange(3), "n": np.float64(1.5)})) as source,
        zipfile.ZipFile(other, "w") as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            assert (ours in content) == name.endswith("data.pkl")
            target.writestr(name, content.replace(ours, theirs))
    loaded = load_checkpoint(other)
    assert np.array_equal(loaded["a"], np.arange(3)) and loaded["n"] == 1.5


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("content", "culprit"),
    [
        (Calls(os.system, "touch {marker}"), r"\w+\.system"),
        (Calls(subprocess.Popen, ["touch", "{marker}"]), r"\w+\.Popen"),
        (Calls(eval, "open('{marker}', 'w')"), "eval"),
        (Calls(builtins.exec, "open('{marker}', 'w')"), "exec"),
        (Calls(functools.partial, print), r"functools\.partial"),
        (Calls(getattr, HistoryBuffer, "__init__"), r"getattr\(HistoryBuffer, '__init__'\)"),
        (Calls(getattr, np.ndarray, "tofile"), r"getattr\(ndarray, 'tofile'\)"),
        (Calls(getattr, "text", "format"), r"getattr\(text, 'format'\)"),
    ],
)
def test_code_is_refused(save, tmp_path, content, culprit, zipped):
    marker = tmp_path / "ran"
    content.args = tuple(arg.format(marker=marker) if isinstance(arg, str) else arg for arg in content.args)
    path = save({"state_dict": {}, "extra": content}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=f"is refused: its pickle wants {culprit}, which can run code; .*--trust-check"):
        load_checkpoint(path)
    assert not marker.exists()


def test_trust(save, tmp_path):
    marker = tmp_path / "ran"
    path = save({"state_dict": {}, "extra": Calls(os.system, f"touch {marker}")})
    with trusting_checkpoints(False), pytest.raises(UserError):
        load_checkpoint(path)
    with trusting_checkpoints():
        load_checkpoint(path)
    assert marker.exists()
    marker.unlink()
    error_of(path)  # trust ends with its context
    assert not marker.exists()


def test_allow_list_is_left_as_it_was(save):
    before = torch.serialization.get_safe_globals()
    load_checkpoint(save({"a": np.arange(2)}))
    assert set(torch.serialization.get_safe_globals()) == set(before)


def test_meta_config_is_not_handed_on(save):
    """mmengine's resume executes that text as Python."""
    path = save({"state_dict": {}, "meta": {"config": "import os", "cfg": "a = 1"}})
    assert load_checkpoint(path)["meta"] == {"cfg": "a = 1"}


def test_missing(tmp_path):
    assert "does not exist; check the path" in error_of(tmp_path / "none.pth")


@pytest.mark.parametrize("size", [0, 10, 500, -40])
def test_truncated(save, size):
    path = save({"state_dict": {"weight": torch.zeros(1000)}})
    path.write_bytes(path.read_bytes()[:size])
    assert "is damaged, or is no checkpoint (" in error_of(path)


@pytest.mark.parametrize("content", [b"hello, world", b"PK\x03\x04nothing", pickle.dumps({"a": 1}), b"\x80\x02}q\x00."])
def test_no_checkpoint(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert "is damaged, or is no checkpoint (" in error_of(path)


def test_no_dict(save):
    assert "holds a list, not a dict of weights" in error_of(save([1, 2]))


def test_safetensors(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "weights.safetensors"
    save_file({"weight": torch.arange(4.0)}, path)
    assert torch.equal(load_checkpoint(path)["weight"], torch.arange(4.0))
    path.write_bytes(path.read_bytes()[:5])
    assert "is damaged, or is no checkpoint (" in error_of(path)


def test_trust_of_an_outer_context_holds_inside(save, tmp_path):
    marker = tmp_path / "ran"
    path = save({"state_dict": {}, "extra": Calls(os.system, f"touch {marker}")})
    with trusting_checkpoints():
        with trusting_checkpoints(False):
            load_checkpoint(path)
        assert marker.exists()
        marker.unlink()
        load_checkpoint(path)
    assert marker.exists()
