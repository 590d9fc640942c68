import datetime

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from kdxf.engine import dist
from kdxf.engine.dist import start_distributed, unwrapped
from kdxf.errors import UserError

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture
def groups(monkeypatch):
    """The process groups that are asked for; none is made."""
    made = []
    monkeypatch.setattr(dist.distributed, "init_process_group", lambda *args, **kwargs: made.append((args, kwargs)))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return made


def set_all(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def environment():
    import os

    return {name: os.environ[name] for name in VARIABLES}


def test_one_process(groups):
    cfg = Config()
    start_distributed(cfg, "none")
    assert cfg.to_dict() == {"launcher": "none"} and groups == []


def test_torchrun_on_cpu(groups, monkeypatch):
    set_all(monkeypatch, RANK="1", WORLD_SIZE="2", LOCAL_RANK="1", MASTER_ADDR="host", MASTER_PORT="5")
    cfg = Config({"find_unused_parameters": True, "env_cfg": {"dist_cfg": {"backend": "nccl", "timeout": 60}}})
    start_distributed(cfg, "pytorch")
    assert groups == [(("gloo",), {"timeout": datetime.timedelta(seconds=60)})]
    assert cfg.model_wrapper_cfg == {
        "type": "MMDistributedDataParallel",
        "broadcast_buffers": False,
        "find_unused_parameters": True,
        "device_ids": None,
    }
    assert environment() == {
        "RANK": "1",
        "WORLD_SIZE": "2",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "host",
        "MASTER_PORT": "5",
    }


def test_a_wrapper_of_the_config_stays(groups, monkeypatch):
    set_all(monkeypatch, RANK="0", WORLD_SIZE="1", LOCAL_RANK="0")
    cfg = Config({"model_wrapper_cfg": {"type": "Mine", "static_graph": True}})
    start_distributed(cfg, "pytorch")
    assert (cfg.model_wrapper_cfg.type, cfg.model_wrapper_cfg.static_graph) == ("Mine", True)
    assert cfg.model_wrapper_cfg.device_ids is None


def test_mpi(groups, monkeypatch):
    set_all(monkeypatch, OMPI_COMM_WORLD_RANK="2", OMPI_COMM_WORLD_SIZE="4", OMPI_COMM_WORLD_LOCAL_RANK="0")
    start_distributed(Config(), "mpi")
    assert environment() == {
        "RANK": "2",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29500",
    }


def test_slurm_asks_for_the_first_host(groups, monkeypatch, tmp_path):
    scontrol = tmp_path / "scontrol"
    scontrol.write_text('#!/bin/sh\n[ "$3" = "node[3-4]" ] && printf "node3\\nnode4\\n"\n')
    scontrol.chmod(0o755)
    set_all(monkeypatch, SLURM_PROCID="3", SLURM_NTASKS="4", SLURM_LOCALID="1", SLURM_JOB_NODELIST="node[3-4]")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    start_distributed(Config(), "slurm")
    assert environment() == {
        "RANK": "3",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "node3",
        "MASTER_PORT": "29500",
    }


def test_with_a_gpu_mmengine_starts(groups, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    set_all(monkeypatch, RANK="0", WORLD_SIZE="2", LOCAL_RANK="0")
    cfg = Config()
    start_distributed(cfg, "pytorch")
    assert groups == [] and cfg.to_dict() == {"launcher": "pytorch"}


def test_without_a_launcher(groups):
    with pytest.raises(
        UserError, match="--launcher slurm needs the environment variable SLURM_PROCID, which is not set"
    ):
        start_distributed(Config(), "slurm")


def test_unwrapped(monkeypatch):
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

    monkeypatch.setitem(MODEL_WRAPPERS.module_dict, "Wrapper", Wrapper)
    model = nn.Linear(1, 1)
    assert unwrapped(model) is unwrapped(Wrapper(model)) is model
