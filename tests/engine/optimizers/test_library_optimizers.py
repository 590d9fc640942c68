import re
import sys

import pytest
import torch
import transformers
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn
from torch.testing import assert_close

import kdxf.engine  # noqa: F401  (registers)
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.errors import UserError

OPTIMIZERS = {
    "Ranger": {"type": "Ranger", "k": 3},
    "AdaBelief": {"type": "AdaBelief"},
    "Lookahead": {"type": "Lookahead", "base": "AdamW", "k": 3},
}


def build(model, optimizer, **options):
    cfg = ConfigDict(type="AutocastOptimWrapper", optimizer={"lr": 0.1, "weight_decay": 0.01, **optimizer}, **options)
    with DefaultScope.overwrite_default_scope("kdxf"):
        return build_optim_wrapper(model, cfg)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def step(model, wrapper, times):
    inputs = torch.arange(12.0).view(4, 3)
    for _ in range(times):
        with wrapper.optim_context(model):
            loss = model(inputs).float().square().mean()
        wrapper.update_params(loss)


def test_adafactor_is_that_of_transformers():
    model = network()
    wrapper = build(model, {"type": "Adafactor", "lr": 0.01, "relative_step": False})
    assert isinstance(wrapper.optimizer, transformers.Adafactor)
    assert wrapper.optimizer.defaults["relative_step"] is False


def test_adafactor_without_transformers(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    message = "Adafactor needs the package transformers: pip install 'kdxf[transformers]'"
    with pytest.raises(UserError, match=re.escape(message)):
        build(network(), {"type": "Adafactor"})


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_learning_rates_of_parts(name):
    model = network()
    wrapper = build(model, OPTIMIZERS[name], paramwise_cfg={"custom_keys": {"0": {"lr_mult": 0.1}}})
    assert type(wrapper.optimizer).__name__ == name
    assert [group["lr"] for group in wrapper.optimizer.param_groups] == pytest.approx([0.01, 0.01, 0.1, 0.1])
    before = model[2].weight.clone()
    step(model, wrapper, 1)
    assert not torch.equal(before, model[2].weight)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@pytest.mark.parametrize("saved_after", [2, 3])  # in the middle of a cycle of three, and at its end
def test_goes_on_from_a_checkpoint(name, saved_after, tmp_path):
    model = network()
    wrapper = build(model, OPTIMIZERS[name])
    step(model, wrapper, saved_after)
    torch.save({"state_dict": model.state_dict(), "optimizer": wrapper.state_dict()}, tmp_path / "a.pth")
    step(model, wrapper, 4)

    resumed = network()
    wrapper = build(resumed, OPTIMIZERS[name])
    checkpoint = load_checkpoint(tmp_path / "a.pth")
    resumed.load_state_dict(checkpoint["state_dict"])
    wrapper.load_state_dict(checkpoint["optimizer"])
    step(resumed, wrapper, 4)
    for one, other in zip(model.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_lookahead_by_hand():
    model = nn.Linear(1, 1, bias=False)
    wrapper = build(model, {"type": "Lookahead", "base": "SGD", "lr": 1.0, "weight_decay": 0.0, "k": 2, "alpha": 0.25})
    nn.init.constant_(model.weight, 10.0)  # weights are initialized and loaded after the optimizer is built
    values = []
    for _ in range(4):
        wrapper.update_params(model.weight.sum())
        values.append(model.weight.item())
    # 10 - 1 - 1 = 8, a quarter of the way from 10 to there is 9.5; 9.5 - 1 - 1 = 7.5, and from 9.5 that is 9.
    assert values == [9.0, 9.5, 8.5, 9.0]


def test_ranger_by_hand():
    model = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(model.weight)
    wrapper = build(model, {"type": "Ranger", "lr": 0.1, "weight_decay": 0.0, "k": 2})
    for _ in range(2):
        wrapper.update_params((model.weight * torch.tensor([[1.0, 3.0]])).sum())
    # Without its mean the gradient is (-1, 1). While its variance is not to be trusted it moves by the mean gradient,
    # downhill: to (0.1, -0.1), to (0.2, -0.2), and from there half of the way back to (0, 0).
    assert_close(model.weight.detach(), torch.tensor([[0.1, -0.1]]))


def test_resumed_run(tiny_config, tmp_path):
    lookahead = {"optim_wrapper.optimizer": {"_delete_": True, "type": "Lookahead", "base": "Adam", "lr": 0.01, "k": 4}}
    options = {"param_scheduler": None, **lookahead}
    straight = train(load_config(tiny_config, options | {"work_dir": str(tmp_path / "a")}))
    again = train(load_config(tiny_config, options), resume=tmp_path / "a" / "epoch_1.pth")
    weights = [load_checkpoint(result.checkpoint)["state_dict"] for result in (straight, again)]
    assert again.epoch == 2
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
