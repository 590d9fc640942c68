"""Training by epochs that may stop and resume within an epoch."""

from collections.abc import Iterator
from typing import Any

from mmengine.runner import EpochBasedTrainLoop
from torch import nn
from torch.utils.data import DataLoader

from kdxf.engine.sample_seeds import SeededBatches, seeded_loader
from kdxf.engine.split_step import SplitStep
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

    The random numbers of a sample follow from the run's seed, the epoch and the sample's index
    (:mod:`kdxf.engine.sample_seeds`). So neither the number of loader workers nor where a run was stopped changes what
    is learned.

    A batch for which memory does not suffice is computed in parts (:mod:`kdxf.engine.split_step`).

    :func:`kdxf.apis.train.train` uses it for ``train_cfg=dict(by_epoch=True, ...)``. The arguments are
    mmengine's.
    """

    _seeded: tuple[DataLoader[Any], SeededBatches] | None = None
    _pipeline: Any = None
    _step: SplitStep | None = None

    def run(self) -> nn.Module:
        """Train, and return the model."""
        try:
            return super().run()
        except _EpochEndedError:
            self.runner.call_hook("after_train")
            return self.runner.model
        finally:
            self._seeded = None  # ends its workers

    def run_epoch(self) -> None:
        """Train for one epoch or the rest of it."""
        hub = self.runner.message_hub
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        done = self._batches_done()
        for index, batch in enumerate(self._batches(done), start=done):
            hub.update_info(_DONE, [index + 1, len(self.dataloader)])
            self.run_iter(index, batch)
            if self.stop_training:
                raise _EpochEndedError
        hub.update_info(_DONE, [0, len(self.dataloader)])
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Train on a batch."""
        self._step = self._step or SplitStep()
        self.runner.call_hook("before_train_iter", batch_idx=idx, data_batch=data_batch)
        outputs = self._step(self.runner, data_batch)
        self.runner.call_hook("after_train_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self._iter += 1

    def _batches_done(self) -> int:
        done, count = self.runner.message_hub.get_info(_DONE, [0, 0])
        if done and count != len(self.dataloader):
            self.runner.logger.warning(
                f"the checkpoint was saved within an epoch of {count} batches, which has {len(self.dataloader)} now: "
                "the epoch begins anew"
            )
            return 0
        return done

    def _batches(self, done: int) -> Iterator[Any]:
        """Yield the epoch's remaining batches; those that are done are not loaded.

        Workers that persist have the dataset as it was when they started: they start anew when a hook has changed its
        pipeline.
        """
        pipeline = getattr(self.dataloader.dataset, "pipeline", None)
        if self._seeded is None or pipeline is not self._pipeline or not self.dataloader.persistent_workers:
            self._seeded = seeded_loader(self.dataloader, self.runner.seed or 0)
            self._pipeline = pipeline
        loader, batches = self._seeded
        batches.epoch, batches.skip = self._epoch, done
        yield from loader
