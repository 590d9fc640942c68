import os
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from mmengine.hooks import CheckpointHook, EMAHook
from torch import nn

from kdxf.apis.stages import plan_stages
from kdxf.apis.test import test as run_test
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import EqualBuffersHook, equal_buffers_hook
from kdxf.engine.hooks.equal_buffers_hook import equalize
from kdxf.models.text_encoders.document_norm import DocumentNorm


def test_means_of_statistics_and_counters_of_the_main_process(monkeypatch):
    """Another process stands by whose statistics are all 3, and the main process has counted 7."""
    monkeypatch.setattr(equal_buffers_hook, "all_reduce", lambda flat, op: flat.add_(3).div_(2))
    monkeypatch.setattr(equal_buffers_hook, "broadcast", lambda flat, src: flat.fill_(7))
    model = nn.Sequential(nn.BatchNorm1d(2), DocumentNorm(2))
    model[0].running_mean[0] = 5.0
    equalize(model.buffers())
    assert model[0].running_mean.tolist() == [4.0, 1.5] and model[0].running_var.tolist() == [2.0, 2.0]
    assert model[1].mean.tolist() == [1.5, 1.5] and model[1].var.tolist() == [2.0, 2.0]
    assert model[0].num_batches_tracked == model[1].num_batches == 7 and model[1].num_batches.dtype == torch.int64
    assert model[0].weight.tolist() == [1.0, 1.0]


def test_once_before_each_checkpoint_and_validation(monkeypatch):
    done = []
    monkeypatch.setattr(equal_buffers_hook, "equalize", lambda buffers: done.append(len(list(buffers))))
    monkeypatch.setattr(equal_buffers_hook, "get_world_size", lambda: 2)
    ema = Mock(spec=EMAHook, ema_model=nn.BatchNorm1d(1))
    hooks = [ema, CheckpointHook(by_epoch=False, interval=2)]
    runner = SimpleNamespace(model=nn.BatchNorm1d(1), hooks=hooks, iter=0, max_iters=9)
    hook = EqualBuffersHook()
    hook.before_val_epoch(runner)  # of a resumed run, whose buffers are those of the checkpoint
    hook.after_train_iter(runner, 0)
    assert done == []
    hook.before_val_epoch(runner)
    assert done == [6]  # three of the model, three of its average
    runner.iter = 1
    hook.after_train_iter(runner, 1)
    hook.before_val_epoch(runner)
    hook.after_train_epoch(runner)
    assert done == [6, 6]
    hook.after_train_iter(runner, 2)
    hook.after_train_epoch(runner)
    hook.after_train(runner)
    assert done == [6, 6, 6]
    monkeypatch.setattr(equal_buffers_hook, "get_world_size", lambda: 1)
    hook.after_train_iter(runner, 3)
    hook.after_train_epoch(runner)
    assert done == [6, 6, 6]


SPY = """
from pathlib import Path

import torch
from mmengine.dist import get_rank, is_distributed
from mmengine.hooks import Hook

from kdxf.registry import HOOKS


@HOOKS.register_module()
class NoteHook(Hook):
    priority = "LOWEST"

    def before_run(self, runner):
        self.scores = {}

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.scores.update({sample.img_path: sample.pred_score for sample in outputs})

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner, metrics=None):
        model = runner.model.module if is_distributed() else runner.model
        torch.save((dict(model.named_buffers()), self.scores), Path(runner.work_dir, f"rank_{get_rank()}.pth"))

    after_test_epoch = after_val_epoch
"""


STAGES = """
_base_ = "tiny.py"
custom_imports = dict(imports=["notes_of_ranks"])
model = dict(backbone=dict(norm_cfg=dict(type="BN", _delete_=True)))
note = dict(type="NoteHook")
stages = [
    dict(name="plain", custom_hooks=[note]),
    dict(name="averaged", custom_hooks=[dict(type="EMAHook", momentum=0.3), note]),
]
"""


@pytest.mark.slow
def test_two_processes_validate_the_model_that_is_saved(tiny_config, train_in_two_processes, tmp_path, monkeypatch):
    (tmp_path / "notes_of_ranks.py").write_text(SPY)
    config = tiny_config.with_name("norm.py")
    config.write_text(STAGES)
    paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    options = {"train_dataloader.batch_size": 4, "val_dataloader.batch_size": 3}
    train_in_two_processes(config, tmp_path / "two", options, PYTHONPATH=paths)
    monkeypatch.syspath_prepend(tmp_path)
    for stage in plan_stages(load_config(config)):
        check_the_saved_model(stage.cfg, tmp_path / "two" / Path(stage.cfg.work_dir).name, tmp_path / "test")


def check_the_saved_model(cfg, trained, tested_in):
    (one, scores), (other, rest) = (torch.load(trained / f"rank_{rank}.pth") for rank in (0, 1))
    saved = load_checkpoint(trained / "epoch_2.pth")["state_dict"]
    assert any("running_mean" in name for name in one)
    for name, buffer in one.items():
        assert torch.equal(buffer, other[name]), name
        assert name not in saved or torch.equal(buffer, saved[name]), name
    cfg.work_dir = str(tested_in / trained.name)
    run_test(cfg, trained / "epoch_2.pth")
    _, tested = torch.load(tested_in / trained.name / "rank_0.pth")
    validated = scores | rest
    assert len(tested) == 12 and validated.keys() == tested.keys()
    for name, score in tested.items():
        torch.testing.assert_close(validated[name], score, rtol=0, atol=1e-6)
