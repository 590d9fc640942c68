"""The measurements for a GPU run through on the CPU."""

import sys

import pytest


@pytest.fixture
def gpu(repo, monkeypatch):
    monkeypatch.syspath_prepend(str(repo / "benchmarks"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    import gpu

    monkeypatch.setattr(gpu, "GPU", False)
    return gpu


@pytest.mark.slow
def test_everything_runs_with_a_tiny_model(gpu, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--smoke", "--out", str(tmp_path / "gpu.md")])
    gpu.main()
    table = (tmp_path / "gpu.md").read_text(encoding="utf-8")
    names = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    assert names[2:] == [
        *(f"step, {name}" for name in gpu.STEPS),
        "loader, 0 workers",
        "loader, 0 workers, colours changed",
        "loader, 0 workers, colours left to the device",
        "training loop, bfloat16",
        "dist_train.sh, one process, an epoch",
        "resumed training, bfloat16",
    ]
    assert table.count("images/s") == 10


def test_without_a_gpu_only_the_smoke_test_runs(gpu, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit):
        gpu.main()
    assert "there is no GPU here; --smoke tries everything out on the CPU" in capsys.readouterr().err
