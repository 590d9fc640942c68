"""Makes up for the validation that a checkpoint does not know of."""

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from kdxf.registry import HOOKS


@HOOKS.register_module()
class ResumedValidationHook(Hook):
    """Validates first when a run is resumed from the end of an epoch that is validated.

    A checkpoint is saved before its epoch is validated, so what depends on scores does not know the last one: the best
    checkpoint, early stopping, ``ReduceOnPlateauLR``. With this hook they go on as if the run had never stopped.
    """

    # After the hooks that get ready in ``before_train``.
    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Validate where that is due."""
        loop = runner.train_loop
        if not runner._resume or runner.val_loop is None or not isinstance(loop, EpochBasedTrainLoop):
            return
        ended = loop.epoch > 0 and loop.iter == loop.epoch * len(loop.dataloader)
        due = loop.epoch >= loop.val_begin and (loop.epoch % loop.val_interval == 0 or loop.epoch == loop.max_epochs)
        if ended and due:
            runner.logger.info(f"validating epoch {loop.epoch} again, which the checkpoint was saved before")
            runner.val_loop.run()
