"""Keeps in checkpoints which data they were trained on."""

from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.engine.config_files import config_files
from kdxf.io.provenance import TRAINING_DATA
from kdxf.registry import HOOKS


@HOOKS.register_module()
class TrainingDataHook(Hook):
    """Writes into checkpoints the fingerprints of the lists, OCR tables, word vectors, ... of their training.

    So a file of predictions can say which data its model was trained on. Weights that training starts from
    (``load_from``, ``--resume``, an earlier stage) contribute their fingerprints.

    Attributes:
        data: :func:`kdxf.engine.config_files.config_files` of the ``train_dataloader``, and of the teachers
            (``distillation``), of each training that the current weights went through, in order; empty where that is
            not known.
    """

    def __init__(self) -> None:
        self.data: list[dict[str, dict[str, str]]] = []

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Read the fingerprints of the weights that were loaded."""
        self.data = list(checkpoint.get("meta", {}).get(TRAINING_DATA, []))

    def before_train(self, runner: Runner) -> None:
        """Add the data of this run; the main process writes the checkpoints, so the others need not read the data."""
        if not is_main_process():
            return
        settings = {"train_dataloader": runner.cfg.get("train_dataloader")}
        teachers = (runner.cfg.get("model") or {}).get("distillation")
        own = config_files({**settings, "distillation": teachers} if teachers else settings)
        if own and self.data[-1:] != [own]:
            self.data.append(own)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the fingerprints to the checkpoint."""
        if self.data:
            checkpoint["meta"][TRAINING_DATA] = self.data
