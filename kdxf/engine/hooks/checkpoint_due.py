"""When a checkpoint is written within an epoch."""

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner


def checkpoint_is_due(runner: Runner) -> bool:
    """Tell, in ``after_train_iter``, whether a ``CheckpointHook`` that counts iterations saves after this one."""
    return any(
        hook.every_n_train_iters(runner, hook.interval) or (hook.save_last and hook.is_last_train_iter(runner))
        for hook in runner.hooks
        if isinstance(hook, CheckpointHook) and not hook.by_epoch
    )
