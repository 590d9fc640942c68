import random

import numpy as np
import torch

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import IterationSeedHook


def run(config, folder, **options):
    cfg = load_config(config)
    cfg.work_dir = str(folder)
    # Random numbers of NumPy in the pipeline, of torch in the model.
    cfg.train_dataloader.dataset.pipeline.insert(1, {"type": "RandomFlip", "prob": 0.5})
    cfg.train_dataloader.dataset.pipeline.insert(1, {"type": "ColorJitter", "brightness": 0.5, "backend": "cv2"})
    cfg.model.neck = None
    cfg.model.backbone = {"type": "VisionTransformer", "arch": ARCH, "img_size": 16, "patch_size": 8, "drop_rate": 0.5}
    cfg.model.head.in_channels = 16
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint = {"type": "CheckpointHook", "interval": 2, "by_epoch": False}
    cfg.merge_from_dict(options.pop("merge", {}))
    return load_checkpoint(train(cfg, validate=False, **options).checkpoint)["state_dict"]


def test_workers_change_nothing(tiny_config, tmp_path):
    """Nor does a run that was stopped within an epoch, with workers that persist."""
    whole = run(tiny_config, tmp_path / "none")
    two = {"train_dataloader.num_workers": 2, "train_dataloader.persistent_workers": True}
    merge = two | {"custom_hooks": [{"type": "BudgetHook", "steps": 2}]}
    run(tiny_config, tmp_path / "two", merge=merge)
    resumed = run(tiny_config, tmp_path / "two", merge=two, resume=True)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


ARCH = {"embed_dims": 16, "num_layers": 1, "num_heads": 2, "feedforward_channels": 16}


def test_a_resumed_run_ends_like_an_unbroken_one(tiny_config, tmp_path):
    whole = run(tiny_config, tmp_path / "whole")
    for steps in (2, 3):  # the checkpoint of the second iteration, within the first epoch, and at its end
        merge = {"custom_hooks": [{"type": "BudgetHook", "steps": steps}]}
        first = run(tiny_config, tmp_path / str(steps), merge=merge)
        resumed = run(tiny_config, tmp_path / str(steps), resume=True)
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        assert not all(torch.equal(whole[name], first[name]) for name in whole)


class FakeRunner:
    iter, seed = 4, 1


def draws():
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_iterations_differ():
    hook, runner = IterationSeedHook(), FakeRunner()
    hook.after_train_iter(runner, 0)
    fifth = draws()
    runner.iter = 5
    hook.before_train_epoch(runner)
    assert draws() == fifth
    hook.after_train_iter(runner, 0)
    assert not set(draws()) & set(fifth)
    runner.seed = 2
    hook.before_train(runner)
    assert not set(draws()) & set(fifth)
