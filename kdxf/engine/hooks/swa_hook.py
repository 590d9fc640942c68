"""Mean weights of the last epochs, with recomputed statistics of batch norms and ``DocumentNorm``."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import StochasticWeightAverage
from mmengine.runner import EpochBasedTrainLoop, Runner, weights_to_cpu

from kdxf.engine.dist import unwrapped
from kdxf.engine.norm_statistics import renew_norms, updating_norms
from kdxf.engine.validation import validate
from kdxf.errors import UserError
from kdxf.registry import HOOKS


@HOOKS.register_module()
class SWAHook(Hook):
    """Stochastic weight averaging (https://arxiv.org/abs/1803.05407).

    The plain mean of the weights at the end of every epoch from ``begin_epoch`` on. When training ends, the batch norms
    and ``DocumentNorm`` of the mean get their statistics in a pass over the training data (those that training left
    alone keep theirs), it is validated, its scores are logged as ``val/<score>_swa``, and it is saved as ``swa.pth`` in
    the work folder, a checkpoint like any other. The run's own weights and checkpoints stay as they are.

    The schedule sets the learning rate. For the constant one of the paper let a schedule end early::

        param_scheduler = dict(type="CosineAnnealingLR", eta_min=0.01, end=30, by_epoch=True)  # then 0.01
        custom_hooks = [dict(type="SWAHook", begin_epoch=31)]

    Checkpoints to resume from hold the mean so far.

    Args:
        begin_epoch: The first epoch whose weights count; the first epoch of a run is 1.

    Raises:
        ValueError: ``begin_epoch`` is not positive.
    """

    # After EMAHook, which puts its own weights into every checkpoint.
    priority = "BELOW_NORMAL"

    def __init__(self, begin_epoch: int) -> None:
        if begin_epoch < 1:
            raise ValueError(f"begin_epoch must be 1 or more, got {begin_epoch}")
        self.begin_epoch = begin_epoch
        self._layers: list[str] = []
        self._saving = False

    def before_run(self, runner: Runner) -> None:
        """Create the averaged model."""
        self._average: Any = StochasticWeightAverage(unwrapped(runner.model))

    def before_train(self, runner: Runner) -> None:
        """Check that there will be epochs to average.

        Raises:
            UserError: Training goes by iterations, or ends before ``begin_epoch``.
        """
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise UserError("SWAHook averages the ends of epochs: set train_cfg=dict(by_epoch=True, max_epochs=...)")
        if self.begin_epoch > runner.max_epochs:
            raise UserError(
                f"SWAHook: begin_epoch is {self.begin_epoch}, but training ends with epoch {runner.max_epochs}: "
                "take an earlier one"
            )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Restore the mean so far when a run is resumed."""
        if not runner._resume:
            return
        if "swa" in checkpoint:
            self._average.load_state_dict(checkpoint["swa"]["average"])
            self._layers = checkpoint["swa"]["batch_norms"]
        elif checkpoint["meta"]["epoch"] >= self.begin_epoch:
            runner.logger.warning(
                f"SWAHook: the checkpoint of epoch {checkpoint['meta']['epoch']} has no mean of weights, "
                "which now begins with the next epoch"
            )

    def after_train_epoch(self, runner: Runner) -> None:
        """Add the weights to the mean, and note which norms train."""
        if runner.epoch + 1 >= self.begin_epoch:
            model = unwrapped(runner.model)
            self._average.update_parameters(model)
            self._layers = updating_norms(model)

    def after_train(self, runner: Runner) -> None:
        """Finish, validate and save the mean."""
        epochs = int(self._average.steps)
        if epochs == 0:
            runner.logger.warning(f"SWAHook: training stopped before epoch {self.begin_epoch}; nothing is averaged")
            return
        if self._layers:
            self._update_norms(runner)
        scores = self._validate(runner) if runner.val_loop is not None else {}
        listed = "".join(f", {name} {score:.4f}" for name, score in scores.items())
        runner.logger.info(f"mean of the weights of {epochs} epochs, saved as swa.pth{listed}")
        self._saving = True
        runner.save_checkpoint(
            runner.work_dir,
            "swa.pth",
            save_optimizer=False,
            save_param_scheduler=False,
            meta={"epoch": runner.epoch, "iter": runner.iter, "averaged_epochs": epochs},
            by_epoch=False,
        )
        self._saving = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put the mean into its own checkpoint, and its state into those that a run may resume from."""
        if self._saving:
            checkpoint["state_dict"] = weights_to_cpu(self._average.module.state_dict())
            checkpoint.pop("ema_state_dict", None)
        elif "optimizer" in checkpoint:
            average = weights_to_cpu(self._average.state_dict())
            checkpoint["swa"] = {"average": average, "batch_norms": self._layers}

    def _update_norms(self, runner: Any) -> None:
        loader, model = runner.train_loop.dataloader, self._average.module
        with runner.optim_wrapper.optim_context(model):  # the precision of training
            renew_norms(model, self._layers, loader, seed=runner.seed or 0, epoch=runner.epoch)

    def _validate(self, runner: Runner) -> dict[str, float]:
        """Return and log the scores; the hooks of a validation, such as ``CheckpointHook``, are not called."""
        scores = {f"{name}_swa": value for name, value in validate(runner.val_loop, self._average.module).items()}
        for name, score in scores.items():
            runner.message_hub.update_scalar(f"val/{name}", score)
        runner.visualizer.add_scalars(scores, step=runner.epoch)
        return scores
