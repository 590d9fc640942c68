"""What kdxf changes in mmengine, when, and how it behaves afterwards."""

import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as host
from torch import nn

from kdxf.engine import host_overrides
from kdxf.engine.config import load_config
from kdxf.engine.host_overrides import AtomicLocalBackend, cached_download, install_host_overrides
from kdxf.errors import UserError


def test_mmengine_uses_it(tmp_path):
    assert type(get_file_backend(str(tmp_path / "a.pth"))) is AtomicLocalBackend


INSTALLED_BY = {
    "kdxf, kdxf.registry": "mmengine.runner.checkpoint LocalBackend",
    "kdxf.engine": "kdxf.engine.host_overrides AtomicLocalBackend",
    "kdxf.models": "kdxf.engine.host_overrides AtomicLocalBackend",
    "kdxf.inference.model": "kdxf.engine.host_overrides AtomicLocalBackend",
}
# Each in a fork, which has torch and nothing of the host.
LOOK = """
import os, sys, torch
assert "mmengine" not in sys.modules
for modules in sys.argv[1:]:
    if os.fork() == 0:
        exec(f"import {modules}")
        from mmengine.fileio import get_file_backend as backend
        from mmengine.runner import CheckpointLoader
        print(CheckpointLoader._schemes["https://"].__module__, type(backend("a.pth")).__name__, flush=True)
        os._exit(0)
    os.wait()
"""


def test_what_installs_them():
    done = subprocess.run([sys.executable, "-c", LOOK, *INSTALLED_BY], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(INSTALLED_BY.values())


def test_installing_them_again_changes_nothing():
    before = list(CheckpointLoader._schemes.items())
    install_host_overrides()
    assert list(CheckpointLoader._schemes.items()) == before
    assert type(get_file_backend("a.pth")) is AtomicLocalBackend


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "new folder" / "a.pth"
    backend = AtomicLocalBackend()
    backend.put(b"one", path)
    backend.put(b"two", str(path))
    assert path.read_bytes() == b"two"
    assert [item.name for item in path.parent.iterdir()] == ["a.pth"]


def test_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.pth"
    path.write_bytes(b"old")
    write = Path.write_bytes

    def full_disk(self, data):
        write(self, data[:1])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space left"):
        AtomicLocalBackend().put(b"new", path)
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.pth"]


class Breaks:
    def __reduce__(self):
        return print, ("this must not run",)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Torch's folder of downloads; whatever is in it is not fetched again."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    weights = {"backbone.weight": torch.ones(1), "head.weight": torch.ones(2)}
    for name, state in (("good", weights), ("evil", Breaks())):
        torch.save({"state_dict": state}, folder / f"{name}.pth")
        for url in (f"http://host/{name}.pth", f"https://host/{name}.pth", f"https://host/a/{name}.pth?x=1"):
            path = cached_download(url)
            path.parent.mkdir()
            path.write_bytes((folder / f"{name}.pth").read_bytes())
    for tables in ("get_torchvision_models", "get_external_models", "get_mmcls_models"):
        monkeypatch.setattr(host, tables, lambda: {name: f"https://host/a/{name}.pth?x=1" for name in ("good", "evil")})
    return folder


@pytest.mark.parametrize(
    "prefix",
    ["https://host/", "http://host/", "torchvision://", "modelzoo://", "open-mmlab://", "openmmlab://", "mmcls://"],
)
def test_every_scheme_loads_safely(hub, prefix, capsys):
    suffix = ".pth" if prefix.startswith("http") else ""
    loaded = CheckpointLoader.load_checkpoint(f"{prefix}good{suffix}")
    names = ["weight"] if prefix == "mmcls://" else ["backbone.weight", "head.weight"]
    assert list(loaded["state_dict"]) == names
    with pytest.raises(UserError, match=r"evil.pth is refused"):
        CheckpointLoader.load_checkpoint(f"{prefix}evil{suffix}")
    assert "must not run" not in capsys.readouterr().out


def test_local_files(hub):
    assert "state_dict" in CheckpointLoader.load_checkpoint(str(hub / "good.pth"))
    with pytest.raises(UserError, match=r"evil.pth is refused"):
        host.load_checkpoint(nn.Linear(1, 1), str(hub / "evil.pth"))


def test_storage(hub, monkeypatch):
    class Backend:
        def get(self, name):
            return (hub / name.rpartition("/")[2]).read_bytes()

    monkeypatch.setattr(host_overrides, "get_file_backend", lambda *args, **kwargs: Backend())
    assert "state_dict" in CheckpointLoader.load_checkpoint("s3://bucket/good.pth")
    with pytest.raises(UserError, match=r"s3://bucket/evil.pth is refused"):
        CheckpointLoader.load_checkpoint("s3://bucket/evil.pth")


def test_no_scheme_of_mmengine_is_left():
    modules = {loader.__module__ for loader in CheckpointLoader._schemes.values()}
    # The second adds wheel://, in whatever process imports models.
    assert modules - {"kdxf.models.backbones.wheel_weights"} == {"kdxf.engine.host_overrides"}


def test_download(tmp_path, monkeypatch):
    def download(url, target):
        buffer = io.BytesIO()
        torch.save({"url": url}, buffer)
        with open(target, "wb") as file:
            file.write(buffer.getvalue())

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    urls = ["https://host/a/best.pth", "https://host/b/best.pth", "https://host/b/best.pth?version=2"]
    for url in [*urls, *urls]:
        assert CheckpointLoader.load_checkpoint(url) == {"url": url}
    assert len(list((tmp_path / "checkpoints").glob("*/best.pth"))) == 3


@pytest.mark.parametrize("local_rank", [0, 1])
def test_all_processes_hear_of_a_failure(tmp_path, monkeypatch, local_rank):
    """And on each machine the first one downloads, though only one of them is rank 0 of all."""
    tried = []
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda url, target: tried.append(url))
    monkeypatch.setattr(host_overrides, "all_gather_object", lambda error: [error, "it cannot be fetched"])
    monkeypatch.setenv("RANK", "8")
    monkeypatch.setenv("LOCAL_RANK", str(local_rank))
    with pytest.raises(UserError, match="it cannot be fetched"):
        CheckpointLoader.load_checkpoint("https://host/a.pth")
    assert len(tried) == 1 - local_rank


@pytest.mark.parametrize("failure", [OSError, RuntimeError])
def test_no_network(tmp_path, monkeypatch, failure):
    def download(url, target):
        raise failure("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    target = cached_download("https://host/a.pth")
    message = rf"https://host/a.pth cannot be fetched \(no route to host\); .* put it at {target}, or give a local path"
    with pytest.raises(UserError, match=message):
        CheckpointLoader.load_checkpoint("https://host/a.pth")


def test_unknown_name(hub):
    with pytest.raises(UserError, match=r"torchvision://resnot: there is no such model; known are evil, good"):
        CheckpointLoader.load_checkpoint("torchvision://resnot")


def test_pavi():
    with pytest.raises(UserError, match="pavi:// is not supported"):
        CheckpointLoader.load_checkpoint("pavi://a.pth")


def test_a_config_anywhere_names_a_base_of_kdxf(tmp_path):
    path = tmp_path / "config.py"
    path.write_text('_base_ = ["kdxf::_base_/default_runtime.py", "own.py"]\nlog_level = "WARNING"\n')
    (tmp_path / "own.py").write_text("lr = 1\n")
    cfg = load_config(path)
    assert (cfg.default_hooks.logger.interval, cfg.log_level, cfg.lr) == (50, "WARNING", 1)


def test_a_base_that_does_not_exist(tmp_path):
    path = tmp_path / "config.py"
    path.write_text('_base_ = "kdxf::_base_/no.py"\n')
    with pytest.raises(UserError, match="kdxf::_base_/no.py: kdxf has no such config"):
        load_config(path)


@pytest.mark.parametrize("max_length", [1000, 7])
def test_histories_are_as_before_and_not_copied_each_time(max_length):
    random = np.random.default_rng(0)
    buffer, copies, before = HistoryBuffer([3, 4], [1, 1], max_length=max_length), 0, np.empty(0)
    values, counts = [3, 4, *random.random(500).tolist()], [1, 1, *random.integers(1, 9, 500).tolist()]
    for number in range(2, len(values)):
        buffer.update(values[number], counts[number])
        if number == 300:
            buffer = copy.deepcopy(buffer)
        if number == 400:
            buffer = pickle.loads(pickle.dumps(buffer))
        found = buffer.data
        assert found[0].tolist() == values[: number + 1][-max_length:], number
        assert found[1].tolist() == counts[: number + 1][-max_length:], number
        copies += not np.shares_memory(before, found[0])
        before = found[0]
    assert found[1].dtype == np.int64 and found[0].dtype == np.float64
    assert buffer.mean(5) == sum(values[-5:]) / sum(counts[-5:]) and buffer.current() == values[-1]
    if max_length == 1000:
        assert copies < 12  # when it has doubled, and twice above
        assert len(pickle.dumps(buffer)) < 502 * 16 + 1000  # without the room


def test_a_copy_of_a_history_goes_its_own_way():
    one = HistoryBuffer()
    one.update(1.0)
    other = copy.copy(one)
    one.update(2.0)
    other.update(3.0)
    assert [history.data[0].tolist() for history in (one, other)] == [[1.0, 2.0], [1.0, 3.0]]


def test_what_is_no_number_is_no_history():
    with pytest.raises(TypeError, match="log_val must be int or float, got str"):
        HistoryBuffer().update("1")
    with pytest.raises(TypeError, match="count must be int or float, got NoneType"):
        HistoryBuffer().update(1.0, None)
