"""Versions and hardware that a run used."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.registry import HOOKS
from kdxf.version import __version__
from kdxf_runtime.io.machine import available_cores

# Whatever can change a result, by the names under which it is installed. The optional ones may be absent.
_PACKAGES = (
    *("onedl-mmpretrain", "onedl-mmcv", "numpy", "pandas", "pyarrow", "pillow", "opencv-python", "timm"),
    *("rapidocr", "onnxruntime", "easyocr", "jieba", "gensim", "annoy", "transformers", "albumentations"),
    "pytorch_optimizer",
)


@HOOKS.register_module()
class EnvironmentHook(Hook):
    """Logs the versions that mmengine leaves out and the git commit, and writes kdxf's version into checkpoints."""

    def before_run(self, runner: Runner) -> None:
        """Log the versions, the processor cores, the threads that torch uses, and the git commit."""
        versions = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
        runner.logger.info(
            f"kdxf {__version__} ({versions}); {available_cores()} cores, {torch.get_num_threads()} torch threads"
        )
        if is_main_process() and (commit := git_commit()):
            runner.logger.info(f"git commit {commit}")

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add kdxf's version to the checkpoint."""
        checkpoint["meta"]["kdxf_version"] = __version__


def git_commit() -> str | None:
    """Return the commit of the git repository of the current folder, with a note if tracked files were changed since.

    Returns:
        Such as ``8e950ef... with changes``; None without git, without a repository, or before its first commit.
    """
    try:
        commit = _git("rev-parse", "--verify", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit} with changes" if changed else commit


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
