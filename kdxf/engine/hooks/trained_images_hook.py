"""Keeps in checkpoints which images they were trained on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.datasets.image_keys import are_among, each_once, image_keys, keys_of
from kdxf.engine.dist import unwrapped
from kdxf.registry import HOOKS


@HOOKS.register_module()
class TrainedImagesHook(Hook):
    """Writes the keys of the training images into checkpoints, and warns where a test set contains some.

    So a file of predictions can say which images its model had seen, and soft labels of those can be refused. Weights
    that training starts from (``load_from``, ``--resume``, an earlier stage) contribute their keys. A score on images
    that were trained on is no validation; the log counts such images.

    Attributes:
        keys: Sorted int64 keys (:mod:`kdxf.datasets.image_keys`) of all images that the current weights were trained
            on; None where their checkpoint has none.
    """

    def __init__(self) -> None:
        self.keys: np.ndarray | None = None

    def seen(self, paths: Sequence[str]) -> np.ndarray | None:
        """Return which images the current weights were trained on.

        Args:
            paths: n paths, as the pipeline opens them.

        Returns:
            bool (n,), or None where that is not known.
        """
        return None if self.keys is None else are_among(image_keys(paths), self.keys)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Read the keys of the weights that were loaded."""
        keys = checkpoint.get("meta", {}).get("trained_on")
        self.keys = None if keys is None else keys.numpy()

    def before_train(self, runner: Runner) -> None:
        """Add the images of this run, and look for them in the validation set."""
        own = keys_of(runner.train_dataloader.dataset)
        theirs = getattr(getattr(unwrapped(runner.model), "distillation", None), "trained_on", None)
        known = [keys.ravel() for keys in (own, theirs, self.keys) if keys is not None]
        self.keys = each_once(np.concatenate(known))
        if runner.val_loop is not None:
            self._warn(runner, runner.val_dataloader.dataset, "validation")

    def before_test(self, runner: Runner) -> None:
        """Look for images that were trained on in the test set."""
        self._warn(runner, runner.test_dataloader.dataset, "test")

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the keys to the checkpoint."""
        if self.keys is not None:
            checkpoint["meta"]["trained_on"] = torch.from_numpy(self.keys)

    def _warn(self, runner: Runner, dataset: Any, what: str) -> None:
        if self.keys is None or not len(self.keys):
            return
        tested = keys_of(dataset)
        both = int(are_among(tested, self.keys).sum())
        if both:
            runner.logger.warning(
                f"{both} of the {len(tested)} images of the {what} set were trained on: its scores are no {what}"
            )
