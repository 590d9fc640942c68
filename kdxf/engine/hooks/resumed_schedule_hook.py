"""Says so when a resumed run follows another schedule than its config's."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.registry import HOOKS

# What places a schedule in time, whatever its kind.
_PLACES = ("begin", "end", "total_steps", "T_max", "periods", "milestones", "step_size")


@HOOKS.register_module()
class ResumedScheduleHook(Hook):
    """Warns when the config's schedule of the learning rate begins, steps or ends elsewhere than the checkpoint's.

    MMEngine goes on with the checkpoint's, so that a run that is resumed with more epochs stays at the rate with which
    it ended.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare."""
        saved = checkpoint.get("param_schedulers")
        if not runner._resume or not isinstance(saved, list):
            return
        ours = runner.param_schedulers or []
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
