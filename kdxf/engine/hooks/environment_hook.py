"""Versions and hardware that a run used."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.io.machine import available_cores
from kdxf.registry import HOOKS
from kdxf.version import __version__

# Whatever can change a result, by the names under which it is installed. The optional ones may be absent.
_PACKAGES = (
    *("onedl-mmpretrain", "onedl-mmcv", "numpy", "pandas", "pyarrow", "pillow", "opencv-python", "timm"),
    *("rapidocr", "onnxruntime", "easyocr", "jieba", "gensim", "annoy", "transformers", "albumentations"),
    "pytorch_optimizer",
)


@HOOKS.register_module()
class EnvironmentHook(Hook):
    """Logs the versions that mmengine leaves out, and writes kdxf's version into checkpoints."""

    def before_run(self, runner: Runner) -> None:
        """Log the versions, the processor cores and the threads that torch uses."""
        versions = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
        runner.logger.info(
            f"kdxf {__version__} ({versions}); {available_cores()} cores, {torch.get_num_threads()} torch threads"
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add kdxf's version to the checkpoint."""
        checkpoint["meta"]["kdxf_version"] = __version__


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
