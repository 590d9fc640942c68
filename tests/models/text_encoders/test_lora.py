"""Low-rank updates."""

import copy
import sys

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models.text_encoders.lora import add_lora, merge_lora

OPTION = "Encoder: lora"
X = torch.tensor([[1.0, 2.0]])


def make():
    torch.manual_seed(0)
    return nn.ModuleDict({"query": nn.Linear(2, 2), "value": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})


def test_only_the_updates_train():
    model = make()
    add_lora(model, OPTION, r=1, target_modules=["query"])
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained == {"query.lora_A.default.weight", "query.lora_B.default.weight"}


def test_by_hand_and_merged():
    model = make()
    plain = copy.deepcopy(model)
    add_lora(model, OPTION, r=2, alpha=6, target_modules=["query", "value"])
    assert_close(model["query"](X), plain["query"](X))
    a, b = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    with torch.no_grad():
        model["query"].lora_A["default"].weight.copy_(a)
        model["query"].lora_B["default"].weight.copy_(b)
    # A x = (1, 4), B A x = (5, 4), times alpha / r = 3
    expected = plain["query"](X) + torch.tensor([[15.0, 12.0]])
    assert_close(model["query"](X), expected)

    merge_lora(model)
    assert type(model["query"]) is type(model["value"]) is nn.Linear
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert_close(model["query"](X), expected)
    assert_close(model["value"](X), plain["value"](X))
    assert_close(model["query"].weight, plain["query"].weight + 3 * b @ a)


def test_dropout():
    model = make()
    add_lora(model, OPTION, r=1, dropout=0.25, target_modules=["query"])
    assert model["query"].lora_dropout["default"].p == 0.25


@pytest.mark.parametrize("targets", [["q_proj"], None])
def test_faults(targets):
    with pytest.raises(
        UserError, match=r"^Encoder: lora: set target_modules to names of linear layers; the model has query, value$"
    ):
        add_lora(make(), OPTION, target_modules=targets)


def test_peft_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"^Encoder: lora needs the package peft: pip install 'kdxf\[transformers\]'"):
        add_lora(make(), OPTION)
