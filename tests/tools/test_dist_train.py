"""Two processes on the CPU, started by the shell scripts, against one process."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import torch

from kdxf.engine.checkpoint import load_checkpoint


@pytest.fixture
def run(repo, tmp_path):
    def run(script, *arguments, **variables):
        environment = os.environ | {"PYTHON": sys.executable, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
        command = [str(repo / "tools" / script), *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment | variables, cwd=tmp_path
        )

    return run


@pytest.mark.slow
def test_two_processes_do_what_one_does(run, tiny_config, tiny_trained, tmp_path):
    # Four images in each of two processes are the same eight that one process takes; the model has no batch statistics.
    work = tmp_path / "two processes"
    done = run("dist_train.sh", tiny_config, 2, "--work-dir", work, "--cfg-options", "train_dataloader.batch_size=4")
    assert done.returncode == 0, done.stderr
    one, two = load_checkpoint(tiny_trained.checkpoint), load_checkpoint(work / "epoch_2.pth")
    assert one["meta"]["iter"] == two["meta"]["iter"] == 6
    for name, weight in one["state_dict"].items():
        assert torch.allclose(weight, two["state_dict"][name], atol=1e-5), name
    (log,) = work.glob("*/*.log")
    assert "Distributed training: True" in log.read_text()

    done = run("dist_test.sh", tiny_config, work / "epoch_2.pth", 2, "--out", work / "p.csv", "--work-dir", work / "t")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(work / "p.csv")
    assert list(table.image) == sorted(table.image) and len(table) == table.image.nunique() == 12
    assert 100 * (table.label == table.pred_label).mean() == pytest.approx(tiny_trained.metrics["accuracy/top1"])


@pytest.mark.slow
def test_two_machines_of_one_process_do_what_one_does(run, tiny_config, tiny_trained, tmp_path):
    # Both are this machine; they find each other by the address of the first, as machines do.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    work = tmp_path / "two machines"
    machines = {"NNODES": "2", "MASTER_ADDR": "127.0.0.1", "PORT": port}
    options = ["--work-dir", work, "--cfg-options", "train_dataloader.batch_size=4"]
    with ThreadPoolExecutor(2) as both:
        done = list(
            both.map(lambda rank: run("dist_train.sh", tiny_config, 1, *options, NODE_RANK=rank, **machines), "01")
        )
    assert [one.returncode for one in done] == [0, 0], done
    one, two = load_checkpoint(tiny_trained.checkpoint), load_checkpoint(work / "epoch_2.pth")
    assert one["meta"]["iter"] == two["meta"]["iter"] == 6
    for name, weight in one["state_dict"].items():
        assert torch.allclose(weight, two["state_dict"][name], atol=1e-5), name
    assert len(list(work.glob("*/*.log"))) == 1


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("dist_train.sh", ["config.py"], "dist_train.sh CONFIG PROCESSES [options of tools/train.py]"),
        ("dist_test.sh", ["config.py", "a.pth"], "dist_test.sh CONFIG CHECKPOINT PROCESSES [options of tools/test.py]"),
        ("slurm_train.sh", ["p", "job", "config.py"], "slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options"),
        ("dist_train.sh", ["config.py", "two"], "error: PROCESSES must be a number, not 'two'"),
    ],
)
def test_usage(run, script, arguments, message):
    done = run(script, *arguments)
    assert done.returncode == 2 and message in done.stderr


@pytest.fixture
def shown(tmp_path):
    """A folder of commands that print their arguments, one in brackets each."""
    for name in ("srun", "python"):
        path = tmp_path / name
        path.write_text('#!/bin/sh\nprintf "[%s]" "$@"; printf " threads=%s" "$OMP_NUM_THREADS"\n')
        path.chmod(0o755)
    return tmp_path


def test_several_machines(run, shown, repo):
    variables = {"NNODES": "2", "NODE_RANK": "1", "MASTER_ADDR": "host", "PORT": "7", "PYTHON": str(shown / "python")}
    done = run("dist_train.sh", "my config.py", 4, "--amp", **variables)
    assert done.stdout == (
        "[-m][torch.distributed.run][--nnodes][2][--node_rank][1][--master_addr][host][--master_port][7]"
        f"[--nproc_per_node][4][{repo}/tools/train.py][--launcher][pytorch][my config.py][--amp] threads=1"
    )


def test_port_of_one_machine(run, shown):
    done = run("dist_test.sh", "c.py", "a.pth", 2, PORT="7", PYTHON=str(shown / "python"))
    assert "[--nnodes][1][--master_addr][127.0.0.1][--master_port][7]" in done.stdout


def test_slurm(run, shown, repo):
    variables = {"GPUS": "4", "SRUN_ARGS": "--qos high", "PATH": f"{shown}:{os.environ['PATH']}", "PYTHON": "python"}
    done = run("slurm_train.sh", "part", "job", "my config.py", "out dir", "--amp", **variables)
    assert done.stdout.startswith(
        "[--partition][part][--job-name][job][--gres][gpu:4][--ntasks][4][--ntasks-per-node][4][--cpus-per-task][5]"
        f"[--kill-on-bad-exit][1][--qos][high][python][-u][{repo}/tools/train.py][my config.py]"
        "[--work-dir][out dir][--launcher][slurm][--amp]"
    )
