from pathlib import Path

import pytest
from mmengine.fileio import get_file_backend

from kdxf.engine.atomic_backend import AtomicLocalBackend


def test_mmengine_uses_it(tmp_path):
    assert type(get_file_backend(str(tmp_path / "a.pth"))) is AtomicLocalBackend


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
