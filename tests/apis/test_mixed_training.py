"""Mixup and CutMix in a run of the trainer, off for its last epochs."""

import pytest
import torch

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.models import ImageTextDataPreprocessor

CONFIG = """
_base_ = "{root}/moe.py"
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="pad_collate"), dataset=_base_.test_dataloader.dataset,
)
train_dataloader["dataset"]["test_mode"] = False
model = dict(
    train_cfg=dict(augments=[dict(type="Mixup", alpha=0.4), dict(type="CutMix", alpha=1.0)], probs=[0.5, 0.5]),
    image_backbone=dict(norm_cfg=dict(type="GN", num_groups=2)),
    data_preprocessor=dict(num_classes=3),
    channels_last=True,
)
custom_hooks = [dict(type="SwitchRecipeHook", schedule=[dict(action_epoch=3, batch_augments=None)])]
train_cfg = dict(by_epoch=True, max_epochs=4)
optim_wrapper = dict(type="AutocastOptimWrapper", dtype="bfloat16", optimizer=dict(type="AdamW", lr=1e-3))
default_hooks = dict(checkpoint=dict(type="CheckpointHook", interval=1))
randomness = dict(seed=0)
work_dir = "{work_dir}"
"""


@pytest.fixture
def mixed(monkeypatch):
    """Whether the batches that a run made were mixed."""
    forward, batches = ImageTextDataPreprocessor.forward, []

    def listening(self, data, training=False):
        length = data["inputs"]["text"].shape[1]
        batch = forward(self, data, training)
        assert all(sample.gt_score.dtype == torch.float32 for sample in batch["data_samples"] if "gt_score" in sample)
        batches.append(batch["inputs"]["text"].shape[1] == 2 * length)
        return batch

    monkeypatch.setattr(ImageTextDataPreprocessor, "forward", listening)
    return batches


def test_off_for_the_last_epochs(lab, tmp_path, mixed):
    config = tmp_path / "config.py"
    config.write_text(CONFIG.replace("{root}", str(lab.root)).replace("{work_dir}", str(tmp_path / "work")))
    result = train(load_config(config), validate=False)
    assert mixed == [True] * 6 + [False] * 6  # three batches in each of four epochs
    assert 0 < result.loss < 10
    straight = load_checkpoint(result.checkpoint)["state_dict"]
    assert all(torch.isfinite(value).all() for value in straight.values())

    # stopped before the switch, and after it
    for epoch, expected in ((1, [True] * 3 + [False] * 6), (3, [False] * 3)):
        mixed.clear()
        cfg = load_config(config, {"work_dir": str(tmp_path / f"resumed {epoch}")})
        train(cfg, validate=False, resume=tmp_path / "work" / f"epoch_{epoch}.pth")
        assert mixed == expected


def test_on_after_the_first_epochs(lab, tmp_path, mixed):
    """The hook may also start what the model did not start with."""
    config = tmp_path / "config.py"
    config.write_text(CONFIG.replace("{root}", str(lab.root)).replace("{work_dir}", str(tmp_path / "work")))
    mixup = {"augments": {"type": "Mixup", "alpha": 0.4}}
    schedule = [{"action_epoch": 2, "batch_augments": mixup}, {"action_epoch": 3, "batch_augments": None}]
    cfg = load_config(config)
    cfg.model.train_cfg = None
    cfg.custom_hooks = [{"type": "SwitchRecipeHook", "schedule": schedule}]
    cfg.train_cfg.max_epochs = 3
    train(cfg, validate=False)
    assert mixed == [False] * 3 + [True] * 3 + [False] * 3
