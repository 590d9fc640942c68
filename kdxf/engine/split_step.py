"""A training step that goes on in smaller parts when memory runs out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import Tensor

from kdxf.errors import UserError

_CPU_ALLOCATOR = "DefaultCPUAllocator"


class SplitStep:
    """Trains a model on a batch; where that takes too much memory, on parts of it whose gradients are added up.

    The batch that did not fit is computed again in twice as many parts, from the same weights, and so are all later
    ones; at most until a part is a single image. The optimizer still takes one step for each batch of the loader, so
    the total batch size, learning rate, schedules and epochs stay as they are. The gradient is that of the whole batch,
    but for layers and losses that look at other samples: batch norms take the statistics of each part, and mixup,
    CutMix and losses of pairs find their partners in it. Batch norms may have counted the images that did not fit.

    Models with a training step of their own, optimizer wrappers that update in their own way, and distributed runs,
    where one process cannot compute again alone, stop as always.

    Attributes:
        parts: Parts of a batch; 1 as long as memory suffices.
    """

    def __init__(self) -> None:
        self.parts = 1

    def __call__(self, runner: Runner, batch: Any) -> dict[str, Tensor]:
        """Train on a batch, and return the values to log.

        Raises:
            UserError: A single image does not fit.
        """
        model: Any = runner.model
        wrapper: Any = runner.optim_wrapper
        if not _splits(model, wrapper, batch):
            return model.train_step(batch, optim_wrapper=wrapper)
        samples = batch["data_samples"]
        size = len(samples)
        targets = [dict(sample.items()) for sample in samples]
        while True:
            try:
                logged = self._backward(model, wrapper, batch, size)
                break
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise
                if self.parts >= size:
                    raise UserError(
                        "out of memory with a single image: train on smaller images, with --amp, or with a smaller "
                        "model"
                    ) from error
            # Outside of the handler: the error holds the frames, and with them the tensors, of what failed.
            _restore(samples, targets)
            self._split(runner, wrapper, size)
        if wrapper.should_update():
            wrapper.step()
            wrapper.zero_grad()
        return logged

    def _backward(self, model: Any, wrapper: Any, batch: Any, size: int) -> dict[str, Tensor]:
        """Add up the gradients of all parts, and count them as one backward pass."""
        logged: dict[str, Tensor] = {}
        parts = min(self.parts, size)
        for number, part in enumerate(_slices(batch, size, parts)):
            share = len(part["data_samples"]) / size
            with wrapper.optim_context(model):
                losses = model._run_forward(model.data_preprocessor(part, True), mode="loss")
            loss, values = model.parse_losses(losses)
            wrapper.backward(wrapper.scale_loss(loss) if parts == 1 else wrapper.scale_loss(loss * share))
            if number < parts - 1:
                wrapper._inner_count -= 1
            for name, value in values.items():
                logged[name] = value if parts == 1 else logged.get(name, 0) + share * value
        return logged

    def _split(self, runner: Runner, wrapper: Any, size: int) -> None:
        dropped = wrapper._inner_count % wrapper._accumulative_counts
        wrapper.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        before = -(-size // self.parts)
        self.parts *= 2
        after = f" (the gradients of {dropped} earlier batches of this step are lost)" if dropped else ""
        runner.logger.warning(
            f"out of memory with {before} images at once: each batch of {size} is computed in {min(self.parts, size)} "
            f"parts from now on; total batch and learning rate stay, batch norms see the parts{after}"
        )


def ran_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of torch or Python means that memory, of the GPU or the machine, did not suffice."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _CPU_ALLOCATOR in str(error)


def _splits(model: Any, wrapper: Any, batch: Any) -> bool:
    """Tell whether this is the training step of mmengine's base classes, whose parts are known."""
    return (
        getattr(type(model), "train_step", None) is BaseModel.train_step
        and getattr(type(wrapper), "update_params", None) is OptimWrapper.update_params
        and isinstance(batch, Mapping)
        and bool(batch.get("data_samples"))
        and isinstance(batch["data_samples"][0], BaseDataElement)
    )


def _restore(samples: Sequence[Any], targets: Sequence[Mapping[str, Any]]) -> None:
    """Give samples the fields again that they came with: the data preprocessor may have mixed their targets."""
    for sample, target in zip(samples, targets, strict=True):
        for name in set(sample.keys()) - target.keys():
            delattr(sample, name)
        for name, value in target.items():
            if sample.get(name) is not value:
                sample.set_field(value, name)


def _slices(batch: Mapping[str, Any], size: int, parts: int) -> Iterator[Any]:
    """Yield ``parts`` parts of a batch of ``size`` samples, whose sizes differ by one at most."""
    for number in range(parts):
        yield _slice(batch, slice(number * size // parts, (number + 1) * size // parts))


def _slice(value: Any, rows: slice) -> Any:
    if isinstance(value, Mapping):
        return {key: _slice(item, rows) for key, item in value.items()}
    return value[rows]
