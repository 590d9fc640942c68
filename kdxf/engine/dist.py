"""Distributed start-up, also on machines without a GPU.

mmengine starts every launcher on a GPU: it selects a CUDA device, and pins the wrapped model to one. Without CUDA
the process group is made here, with gloo, before mmengine's Runner looks for one; with CUDA mmengine makes it.
"""

import datetime
import os
import subprocess
import warnings
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import is_model_wrapper
from torch import distributed

from kdxf.errors import UserError

# mmengine and this module use the name that torch 2.4 knows.
warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")

# Where each launcher leaves the rank, the number of processes, and the rank within the machine.
_VARIABLES = {
    "pytorch": ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    "slurm": ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"),
    "mpi": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
}


def start_distributed(cfg: Config, launcher: str) -> None:
    """Prepare a config, and on a CPU machine the process group, for a launcher.

    Args:
        cfg: Changed in place: ``launcher``, and without CUDA ``model_wrapper_cfg``.
        launcher: ``none``, ``pytorch`` (torchrun), ``slurm`` or ``mpi``.

    Raises:
        UserError: The launcher's environment variables are missing.
    """
    cfg.launcher = launcher
    if launcher == "none":
        return
    _export_rank(launcher)
    if torch.cuda.is_available():
        return
    cfg.model_wrapper_cfg = {
        "type": "MMDistributedDataParallel",
        "broadcast_buffers": False,
        "find_unused_parameters": cfg.get("find_unused_parameters", False),
        **(cfg.get("model_wrapper_cfg") or {}),
        "device_ids": None,
    }
    if not distributed.is_initialized():
        timeout = cfg.get("env_cfg", {}).get("dist_cfg", {}).get("timeout", 1800)
        distributed.init_process_group("gloo", timeout=datetime.timedelta(seconds=timeout))


def unwrapped(model: Any) -> Any:
    """Return the model inside of a distributed wrapper, or the model itself."""
    return model.module if is_model_wrapper(model) else model


def _export_rank(launcher: str) -> None:
    names = _VARIABLES[launcher]
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise UserError(
            f"--launcher {launcher} needs the environment variable {missing[0]}, which is not set; "
            "start with tools/dist_train.sh or tools/slurm_train.sh, or leave --launcher out"
        )
    for name, target in zip(names, _VARIABLES["pytorch"], strict=True):
        os.environ[target] = os.environ[name]
    if "MASTER_ADDR" not in os.environ and launcher == "slurm":
        os.environ["MASTER_ADDR"] = _first_slurm_host()
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29500")


def _first_slurm_host() -> str:
    hosts = subprocess.run(
        ["scontrol", "show", "hostnames", os.environ["SLURM_JOB_NODELIST"]],
        check=True,
        capture_output=True,
        text=True,
    )
    return hosts.stdout.split()[0]
