"""Hooks for resumed runs: a warning of another schedule, and a validation that the checkpoint lacks."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from kdxf.registry import HOOKS

# Settings of schedules that are counted in epochs or iterations.
_PLACES = ("begin", "end", "total_steps", "T_max", "periods", "milestones", "step_size")


@HOOKS.register_module()
class ResumedScheduleHook(Hook):
    """Warns when the config's schedule of the learning rate begins, steps or ends at another time than the
    checkpoint's.

    MMEngine continues with the checkpoint's, so that a run that is resumed with more epochs keeps the rate with which
    it ended.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare the schedules of config and checkpoint, and warn where they differ."""
        saved = checkpoint.get("param_schedulers")
        if not runner._resume or not isinstance(saved, list):
            return
        ours: Any = runner.param_schedulers or []
        changes = [] if len(saved) == len(ours) else [f"{len(saved)} schedules in place of {len(ours)}"]
        for schedule, state in zip(ours, saved, strict=False):
            mine = schedule.state_dict()
            changes += [
                f"{type(schedule).__name__}.{key} {state.get(key)} in place of {mine[key]}"
                for key in _PLACES
                if key in mine and mine[key] != state.get(key)
            ]
        if changes:
            runner.logger.warning(
                f"the learning rate follows the checkpoint's schedule, not the config's: {'; '.join(changes)}. "
                "To begin with the config's, take the weights alone: load_from=CHECKPOINT in place of --resume"
            )


@HOOKS.register_module()
class ResumedValidationHook(Hook):
    """Validates first when a run is resumed from the end of an epoch that is validated.

    A checkpoint is saved before its epoch is validated, so what depends on scores does not know the last one: the best
    checkpoint, early stopping, ``ReduceOnPlateauLR``. With this hook they continue as if the run had never stopped.
    """

    # After the hooks that prepare themselves in ``before_train``.
    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Validate if the checkpoint was saved at the end of an epoch that is validated."""
        loop = runner.train_loop
        if not runner._resume or runner.val_loop is None or not isinstance(loop, EpochBasedTrainLoop):
            return
        ended = loop.epoch > 0 and loop.iter == loop.epoch * len(loop.dataloader)
        due = loop.epoch >= loop.val_begin and (loop.epoch % loop.val_interval == 0 or loop.epoch == loop.max_epochs)
        if ended and due:
            runner.logger.info(f"validating epoch {loop.epoch} again, which the checkpoint was saved before")
            runner.val_loop.run()
