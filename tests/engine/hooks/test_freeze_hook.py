import shutil
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from mmengine.hooks import Hook

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import FreezeHook
from kdxf.errors import UserError
from kdxf.registry import HOOKS

BATCH_NORM = {
    "model.backbone.norm_cfg": {"type": "BN", "_delete_": True},
    "optim_wrapper.optimizer.weight_decay": 0.1,
    "train_cfg.max_epochs": 3,
    "train_dataloader.drop_last": True,
}


@HOOKS.register_module()
class SpyHook(Hook):
    """Notes after every step what is in training mode and what gradients there are."""

    priority = "LOWEST"
    seen: ClassVar[list] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        model = runner.model
        keeps = model.backbone(torch.zeros(1, 3, 16, 16))[0].grad_fn is not None
        modes = {name: part.training for name, part in model.backbone.named_modules()}
        self.seen.append((keeps, any(modes.values()), model.head.training))


@HOOKS.register_module()
class ModesHook(Hook):
    """Notes after every step which parts are in training mode."""

    priority = "LOWEST"
    seen: ClassVar[list] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append({name: part.training for name, part in runner.model.named_modules()})


def hooks(*settings):
    return {"custom_hooks": [{"type": "FreezeHook", **one} for one in settings]}


def weights(folder, epoch):
    return load_checkpoint(Path(folder, f"epoch_{epoch}.pth"))["state_dict"]


def differing(one, other):
    return {name.split(".")[0] for name in one if not torch.equal(one[name], other[name])}


def test_frozen_for_an_epoch(tiny_config):
    # Momentum and weight decay have been at work for an epoch, and batch norms have statistics to lose.
    cfg = load_config(tiny_config, BATCH_NORM | hooks({"modules": ["backbone"], "begin": 1, "end": 2}))
    cfg.custom_hooks.append({"type": "SpyHook"})
    SpyHook.seen.clear()
    train(cfg)
    first, second, third = (weights(cfg.work_dir, epoch) for epoch in (1, 2, 3))
    assert differing(first, second) == {"head"}
    assert differing(second, third) == {"backbone", "head"}
    assert any("running_mean" in name for name in first)
    assert SpyHook.seen == 3 * [(True, True, True)] + 3 * [(False, False, True)] + 3 * [(True, True, True)]
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    assert "frozen until epoch 2: backbone (" in log.read_text() and "learning again: backbone" in log.read_text()


def test_resumed_within(tiny_config, tmp_path):
    options = BATCH_NORM | hooks({"modules": ["backbone"], "end": 2})
    whole = load_config(tiny_config, options | {"work_dir": str(tmp_path / "whole")})
    train(whole)
    part = tmp_path / "part"
    part.mkdir()
    shutil.copy(tmp_path / "whole" / "epoch_1.pth", part)
    train(load_config(tiny_config, options | {"work_dir": str(part)}), resume=True)
    for epoch in (2, 3):
        assert differing(weights(tmp_path / "whole", epoch), weights(part, epoch)) == set()
    assert differing(weights(part, 2), weights(tmp_path / "whole", 1)) == {"head"}


def test_overlapping_hooks(tiny_config):
    first = {"modules": ["backbone.conv1", "backbone.layer1"], "end": 2}
    cfg = load_config(tiny_config, BATCH_NORM | hooks(first, {"modules": ["backbone"], "end": 1}))
    train(cfg)
    one, two, three = (weights(cfg.work_dir, epoch) for epoch in (1, 2, 3))
    changed = {name for name in one if not torch.equal(one[name], two[name])}
    assert any(name.startswith("backbone.layer4") for name in changed)
    assert not any(name.startswith(("backbone.conv1", "backbone.layer1")) for name in changed)
    assert not torch.equal(two["backbone.conv1.weight"], three["backbone.conv1.weight"])


def test_gradients_that_accumulate_are_dropped(tiny_config):
    # The step after iteration 2 would take in the backbone's gradients of iteration 1.
    options = hooks({"modules": ["backbone"], "begin": 1, "by_epoch": False})
    options |= {"optim_wrapper.accumulative_counts": 2, "default_hooks.checkpoint.interval": 1}
    cfg = load_config(tiny_config, options | {"default_hooks.checkpoint.by_epoch": False, "train_cfg.max_epochs": 1})
    train(cfg)
    first, last = (load_checkpoint(Path(cfg.work_dir, f"iter_{n}.pth"))["state_dict"] for n in (1, 3))
    assert differing(first, last) == {"head"}


def test_iterations(tiny_config):
    cfg = load_config(tiny_config, hooks({"modules": ["backbone"], "end": 1, "by_epoch": False}))
    cfg.train_cfg = {"by_epoch": False, "max_iters": 2, "val_interval": 2}
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=1)
    cfg.custom_hooks.append({"type": "SpyHook"})
    SpyHook.seen.clear()
    train(cfg)
    assert SpyHook.seen == [(False, False, True), (True, True, True)]


def test_what_the_model_keeps_in_evaluation_mode_stays_so(tiny_config):
    """After a release in the middle of an epoch; and another hook's part stays frozen in that very step."""
    by_step = {"by_epoch": False, "begin": 0}
    options = BATCH_NORM | {"model.backbone.norm_eval": True, "model.backbone.frozen_stages": 1}
    options["train_cfg.max_epochs"] = 1
    parts = ["backbone.layer1", "backbone.layer2", "backbone.layer3"]
    cfg = load_config(
        tiny_config,
        options | hooks({"modules": ["head"], "end": 3, **by_step}, {"modules": parts, "end": 1, **by_step}),
    )
    cfg.custom_hooks.append({"type": "ModesHook"})
    ModesHook.seen.clear()
    train(cfg, validate=False)
    assert len(ModesHook.seen) == 3
    for modes in ModesHook.seen:
        assert not any(mode for name, mode in modes.items() if "bn" in name or name.startswith("backbone.layer1"))
        assert not modes["head"]
    assert [modes["backbone.layer3"] for modes in ModesHook.seen] == [False, True, True]


@pytest.mark.slow
def test_two_processes_do_what_one_does(tiny_config, train_in_two_processes, tmp_path):
    config = tiny_config.with_name("frozen.py")
    config.write_text(
        '_base_ = "tiny.py"\ncustom_hooks = [dict(type="FreezeHook", modules=["backbone"], end=1), '
        'dict(type="FreezeHook", modules=["backbone.layer1"], begin=1)]\ntrain_cfg = dict(max_epochs=3)\n'
    )
    train(load_config(config, {"work_dir": str(tmp_path / "one")}))
    train_in_two_processes(config, tmp_path / "two", {"train_dataloader.batch_size": 4})
    for epoch in (1, 2, 3):
        one, two = weights(tmp_path / "one", epoch), weights(tmp_path / "two", epoch)
        for name in one:
            assert torch.allclose(one[name], two[name], atol=1e-5), (epoch, name)
    assert not torch.equal(weights(tmp_path / "two", 1)["backbone.conv1.weight"], two["backbone.conv1.weight"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("image_backbone", "the model has no part 'image_backbone'; its parts are data_preprocessor, backbone, neck, "),
        ("backbone.layer9", "backbone has no part 'layer9'; its parts are conv1, "),
        ("head.fc.weight", "head.fc has no part 'weight'; its parts are none"),
    ],
)
def test_unknown_part(tiny_config, name, message):
    with pytest.raises(UserError, match=f"FreezeHook: {message}"):
        train(load_config(tiny_config, hooks({"modules": [name]})))


def test_nothing_left(tiny_config):
    with pytest.raises(UserError, match="FreezeHook: with backbone, head frozen, nothing is left to train"):
        train(load_config(tiny_config, hooks({"modules": ["backbone", "head"]})))


def test_no_epochs(tiny_config):
    cfg = load_config(tiny_config, hooks({"modules": ["backbone"]}))
    cfg.train_cfg = {"by_epoch": False, "max_iters": 2}
    with pytest.raises(UserError, match="FreezeHook counts epochs, but training goes by iterations: set its by_epoch"):
        train(cfg)


def test_another_wrapper(monkeypatch):
    from types import SimpleNamespace

    from kdxf.engine.hooks import freeze_hook

    monkeypatch.setattr(freeze_hook, "is_model_wrapper", lambda model: True)
    with pytest.raises(UserError, match="FreezeHook needs MMDistributedDataParallel, not Linear"):
        FreezeHook(["a"])._rewrap(SimpleNamespace(model=torch.nn.Linear(1, 1)))


def test_arguments():
    with pytest.raises(TypeError, match="modules must be a list of names, got 'backbone'"):
        FreezeHook("backbone")
    with pytest.raises(ValueError, match="begin and end must be 0 <= begin < end, got 2 and 2"):
        FreezeHook(["backbone"], begin=2, end=2)
    with pytest.raises(ValueError, match="got -1 and None"):
        FreezeHook(["backbone"], begin=-1)
