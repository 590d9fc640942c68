import argparse
import runpy
import subprocess
import sys

import pandas as pd
import pytest
import torch


@pytest.fixture
def path(repo):
    return str(repo / "tools" / "analysis" / "cost_sheet.py")


@pytest.fixture
def tool(path, monkeypatch, capfd):
    """Run the tool in this process."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["cost_sheet.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name="__main__")
        stdout, stderr = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, end.value.code, stdout, stderr)

    return call


def test_measures(tool, tiny_config, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "tiny_crop.py").write_text(
        f'_base_ = "{tiny_config}"\n'
        'steps = [dict(type="LoadImageFromFile"), dict(type="CenterCrop", crop_size=16), dict(type="PackInputs")]\n'
        "train_dataloader = dict(dataset=dict(pipeline=steps))\n"
    )
    done = tool(
        *(tmp_path / "tiny_crop.py", tmp_path / "none.py", "--images", 24, "--steps", 1, "--batch-size", 4),
        *("--out", tmp_path / "sheet.csv"),
    )
    assert done.returncode == 1, done.stderr  # there is no such second config
    assert f"| {tmp_path}/tiny_crop.py | img 3x16x16 |" in done.stdout
    table = pd.read_csv(tmp_path / "sheet.csv")
    assert table.batch[0] == 4 and table.error[1].startswith(f"config file {tmp_path}/none.py does not exist")
    assert (table[["train (ms/step)", "train (GiB)", "predict (ms/image)", "predict (GiB)"]].iloc[0] > 0).all()


def test_gigabytes(path):
    read = runpy.run_path(path)["gigabytes"]
    assert [read(text) for text in ("6GB", "6 gib", "6", "1.5GB")] == [6 * 2**30, 6 * 2**30, 6 * 2**30, 3 * 2**29]
    for text in ("six", "0GB", "6MB"):
        with pytest.raises(argparse.ArgumentTypeError, match=f"must be gigabytes, such as 6GB, not '{text}'"):
            read(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "6GB"], "error: --memory: the largest batch is found by trying on a GPU"),
        (["--out", "sheet.txt"], "error: --out sheet.txt: the name must end with .md or .csv"),
        (["--images", "0"], "argument --images: must be a whole number from 1, not '0'"),
    ],
)
def test_one_clear_line(tool, tiny_config, monkeypatch, arguments, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = tool(tiny_config, *arguments)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
