"""Training by epochs that may stop and resume within an epoch."""

from typing import Any

from mmengine.runner import EpochBasedTrainLoop
from torch import nn
from torch.utils.data import DataLoader

from kdxf.registry import LOOPS

# Batches of the running epoch that are done, and all of them: kept with a run's information, so in checkpoints.
_DONE = "batches_done"


class _EpochEndedError(Exception):
    """A hook ends the run before the epoch is over."""


@LOOPS.register_module()
class ResumableEpochLoop(EpochBasedTrainLoop):
    """mmengine's loop over epochs, which remembers the batches of an epoch that are done.

    A checkpoint that was saved within an epoch (``CheckpointHook`` with ``by_epoch=False``) is resumed with the next
    batch: the epoch's remaining images are seen in their order, and epochs, iterations and schedules count as in an
    uninterrupted run. (mmengine's loop begins the epoch again and runs too many iterations.) This holds
    for samplers whose order follows from seed and epoch, such as ``DefaultSampler``. A hook that sets
    ``stop_training`` within an epoch ends the run at once.

    :func:`kdxf.apis.train.train` uses it for ``train_cfg=dict(by_epoch=True, ...)``. The arguments are
    mmengine's.
    """

    def run(self) -> nn.Module:
        """Train, and return the model."""
        try:
            return super().run()
        except _EpochEndedError:
            self.runner.call_hook("after_train")
            return self.runner.model

    def run_epoch(self) -> None:
        """Train for one epoch or the rest of it."""
        hub = self.runner.message_hub
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        done = self._batches_done()
        for index, batch in enumerate(self._rest(done) if done else self.dataloader, start=done):
            hub.update_info(_DONE, [index + 1, len(self.dataloader)])
            self.run_iter(index, batch)
            if self.stop_training:
                raise _EpochEndedError
        hub.update_info(_DONE, [0, len(self.dataloader)])
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    def _batches_done(self) -> int:
        done, count = self.runner.message_hub.get_info(_DONE, [0, 0])
        if done and count != len(self.dataloader):
            self.runner.logger.warning(
                f"the checkpoint was saved within an epoch of {count} batches, which has {len(self.dataloader)} now: "
                "the epoch begins anew"
            )
            return 0
        return done

    def _rest(self, done: int) -> DataLoader[Any]:
        """Return a loader of the epoch's remaining batches; those that are done are not loaded."""
        loader = self.dataloader
        return DataLoader(
            loader.dataset,
            batch_sampler=list(loader.batch_sampler)[done:],
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            prefetch_factor=loader.prefetch_factor,
        )
