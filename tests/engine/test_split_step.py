from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.split_step import SplitStep, ran_out_of_memory
from kdxf.errors import UserError

TOO_MUCH = 2**55  # bytes, which no machine has: the allocator's own error


@contextmanager
def memory_for(images):
    """Let every first convolution or linear layer ask for too much memory when it gets more than ``images``."""

    def take(module, inputs):
        if isinstance(module, nn.Conv2d | nn.Linear) and len(inputs[0]) > images:
            torch.empty(TOO_MUCH, dtype=torch.uint8)

    handle = nn.modules.module.register_module_forward_pre_hook(take)
    try:
        yield
    finally:
        handle.remove()


def test_training_goes_on_in_parts_and_learns_the_same(tiny_config, tmp_path):
    """Batches of 8; memory for 3, so 4 parts of 2."""
    options = {
        "val_cfg": None,
        "val_dataloader": None,
        "val_evaluator": None,
        "default_hooks.checkpoint.save_best": None,
    }
    whole = train(load_config(tiny_config, options))
    with memory_for(3):
        parts = train(load_config(tiny_config, options | {"work_dir": str(tmp_path / "parts")}))
    expected, found = load_checkpoint(whole.checkpoint), load_checkpoint(parts.checkpoint)
    assert_close(found["state_dict"], expected["state_dict"], rtol=1e-4, atol=1e-5)
    assert found["param_schedulers"] == expected["param_schedulers"]
    assert parts.loss == pytest.approx(whole.loss, rel=1e-4)
    (log,) = (tmp_path / "parts").glob("*/*.log")
    lines = [line for line in log.read_text().splitlines() if "out of memory" in line]
    assert [line.partition("out of memory with ")[2] for line in lines] == [
        f"{images} images at once: each batch of 8 is computed in {number} parts from now on; total batch and "
        "learning rate stay, batch norms see the parts"
        for images, number in ((8, 2), (4, 4))
    ]


class Model(BaseModel):
    """The mean over samples of w * x, whose preprocessor doubles the targets, as mixing changes them, in place."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))
        self.fails = []
        self.sizes = []

    def forward(self, inputs, data_samples=None, mode="loss"):
        self.sizes.append(len(data_samples))
        for sample in data_samples:
            sample.set_gt_score(2 * sample.get("gt_score", torch.ones(1)))
        if self.fails and self.fails.pop(0):
            torch.empty(TOO_MUCH, dtype=torch.uint8)
        targets = torch.stack([sample.gt_score for sample in data_samples])
        return {"loss": (self.w * inputs["x"][:, None] * targets).mean(), "size": torch.tensor(float(len(targets)))}


def make(**kwargs):
    warned = []
    model = Model()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0), **kwargs)
    return SimpleNamespace(model=model, optim_wrapper=wrapper, logger=SimpleNamespace(warning=warned.append)), warned


def batch(*values, scores=True):
    samples = [DataSample() for _ in values]
    for sample in samples if scores else ():
        sample.set_gt_score(torch.ones(1))
    return {"inputs": {"x": torch.tensor(values)}, "data_samples": samples}


@pytest.mark.parametrize("scores", [True, False])
def test_parts_of_unequal_size_and_targets_that_were_changed(scores):
    runner, _ = make()
    step = SplitStep()
    runner.model.fails = [True, True]
    logged = step(runner, batch(1.0, 2.0, 6.0, scores=scores))
    # 3 images, then the first of 2 parts (1 image), then 3 parts of one; the target is 2 in each, never 4.
    assert runner.model.sizes == [3, 1, 1, 1, 1] and step.parts == 4
    assert_close(runner.model.w.detach(), torch.tensor(1 - 2 * 3.0))
    assert_close(logged["loss"].detach(), torch.tensor(6.0))
    step(runner, batch(1.0, 3.0))
    assert runner.model.sizes[5:] == [1, 1]


def test_accumulated_gradients_count_a_batch_once():
    runner, warned = make(accumulative_counts=2)
    runner.model.fails = [True]
    step = SplitStep()
    step(runner, batch(1.0, 3.0))
    assert runner.model.w.item() == 1 and runner.optim_wrapper._inner_count == 1
    step(runner, batch(5.0, 7.0))
    assert_close(runner.model.w.detach(), torch.tensor(1 - 2 * (2.0 + 6.0) / 2))
    runner.model.fails = [False, False, True]
    step(runner, batch(1.0, 3.0))
    step(runner, batch(5.0, 7.0, 9.0, 9.0))
    assert "(the gradients of 1 earlier batches of this step are lost)" in warned[-1]


def test_a_single_image_that_does_not_fit_ends_the_run():
    runner, _ = make()
    runner.model.fails = [True] * 9
    with pytest.raises(UserError, match="out of memory with a single image: train on smaller images, with --amp"):
        SplitStep()(runner, batch(1.0, 2.0))
    assert runner.model.sizes == [2, 1] and runner.model.w.item() == 1


def test_other_errors_and_other_training_steps_are_left_alone():
    runner, _ = make()

    class Own(Model):
        def train_step(self, data, optim_wrapper):
            return {"own": torch.ones(())}

    runner.model = Own()
    assert SplitStep()(runner, batch(1.0)) == {"own": torch.ones(())}
    runner, _ = make()
    with pytest.raises(KeyError, match="x"):
        SplitStep()(runner, {"inputs": {}, "data_samples": [DataSample()]})
    assert not ran_out_of_memory(RuntimeError("shapes differ"))
    assert ran_out_of_memory(MemoryError()) and ran_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
