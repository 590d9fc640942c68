"""Options of mmengine and MMPretrain that configs use as they are: they do with kdxf's model what they say."""

from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.registry import MODELS


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope("kdxf"):
        yield


def build(**backbone):
    torch.manual_seed(0)
    tiny = {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8}
    return MODELS.build(
        {
            "type": "ImageTextClassifier",
            "image_backbone": {**tiny, **backbone},
            "image_neck": {"type": "GlobalAveragePooling"},
            "text_encoder": {"type": "Word2VecEncoder", "in_channels": 4, "hidden_channels": 8, "out_channels": 6},
            "head": {"type": "MoEClsHead", "num_classes": 3, "in_channels": 70, "hidden_channels": 8},
            "data_preprocessor": {"mean": [128.0] * 3, "std": [64.0] * 3, "to_rgb": True},
        }
    )


def batch():
    torch.manual_seed(1)
    inputs = {"img": torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)}
    inputs |= {"text": torch.randn(4, 5, 4), "text_weight": torch.rand(4, 5)}
    return {"inputs": inputs, "data_samples": [DataSample().set_gt_label(index % 3) for index in range(4)]}


def test_rates_of_text_and_image():
    model = build()
    rates = {"image_backbone": {"lr_mult": 0.1}, "text_encoder": {"lr_mult": 2.0}}
    cfg = ConfigDict(optimizer={"type": "AdamW", "lr": 1.0}, paramwise_cfg={"custom_keys": rates})
    groups = build_optim_wrapper(model, cfg).optimizer.param_groups
    expected = {"image_backbone": 0.1, "text_encoder": 2.0, "head": 1.0}
    for (name, _), group in zip(model.named_parameters(), groups, strict=True):
        assert group["lr"] == pytest.approx(expected[name.partition(".")[0]]), name


def gradients(model):
    data = model.data_preprocessor(batch(), training=True)
    model.train()(**data, mode="loss")["loss"].backward()
    return [weight.grad for weight in model.parameters()]


def test_gradient_checkpointing():
    plain, saving = build(), build(with_cp=True)
    for one, other in zip(gradients(plain), gradients(saving), strict=True):
        assert_close(one, other)


@pytest.mark.parametrize(
    ("clip", "expected"),
    [({"max_norm": 1.0}, [0.6, 0.8]), ({"type": "value", "clip_value": 3.5}, [3.0, 3.5])],
)
def test_clipping(clip, expected):
    model = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(model.weight)
    cfg = ConfigDict(type="AutocastOptimWrapper", optimizer={"type": "SGD", "lr": 1.0}, clip_grad=clip)
    build_optim_wrapper(model, cfg).update_params((model.weight * torch.tensor([[3.0, 4.0]])).sum())
    assert_close(-model.weight.detach()[0], torch.tensor(expected))


def test_last_accumulated_steps_are_a_window_of_their_own():
    weight = nn.Parameter(torch.zeros(1))
    model = nn.ParameterList([weight])
    wrapper = build_optim_wrapper(model, ConfigDict(optimizer={"type": "SGD", "lr": 1.0}, accumulative_counts=3))
    wrapper.initialize_count_status(model, 0, 5)
    values = []
    for gradient in (1.0, 2.0, 6.0, 4.0, 8.0):
        wrapper.update_params(gradient * weight.sum())
        values.append(weight.item())
    assert values == [0.0, 0.0, -3.0, -3.0, -9.0]  # the means of three and of two


def test_the_best_checkpoint_of_a_run_with_ema_is_the_mean(tiny_config, tmp_path):
    options = {"custom_hooks": [{"type": "EMAHook", "momentum": 0.3}], "param_scheduler": None}
    options["model.backbone.norm_cfg"] = {"_delete_": True, "type": "BN"}
    cfg = load_config(tiny_config, {**options, "default_hooks.checkpoint.max_keep_ckpts": -1})
    result = train(cfg)
    best = load_checkpoint(result.best_checkpoint)
    same = load_checkpoint(Path(cfg.work_dir, f"epoch_{best['meta']['epoch']}.pth"))
    own = {name[7:]: value for name, value in same["ema_state_dict"].items() if name.startswith("module.")}
    assert all(torch.equal(value, same["state_dict"][name]) for name, value in best["state_dict"].items())
    assert not torch.equal(best["state_dict"]["head.fc.weight"], own["head.fc.weight"])
    # Statistics of batch norm are the running ones of training.
    assert torch.equal(best["state_dict"]["backbone.bn1.running_mean"], own["backbone.bn1.running_mean"])

    if best["meta"]["epoch"] == result.epoch:
        again = load_config(tiny_config, options | {"work_dir": str(tmp_path / "test")})
        scores = run_test(again, result.best_checkpoint)
        assert scores["accuracy/top1"] == pytest.approx(result.metrics["accuracy/top1"])
