import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

import kdxf.engine  # noqa: F401  (registers)
from kdxf.engine.optimizers import AutocastOptimWrapper, autocast_optim_wrapper


def wrapper_of(model, **kwargs):
    return AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=1.0), **kwargs)


def test_forward_is_bfloat16_and_the_step_float32():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    wrapper = wrapper_of(model, dtype="bfloat16")
    # 257 needs nine bits and becomes 256 in bfloat16, which has eight.
    inputs = torch.tensor([[257.0]])
    with wrapper.optim_context(model):
        output = model(inputs)
    assert output.dtype == torch.bfloat16 and output.item() == 256.0
    wrapper.update_params(output.float().sum())
    assert model.weight.dtype == torch.float32
    assert model.weight.item() == 1.0 - 256.0
    assert model(inputs).dtype == torch.float32  # only within the context


@pytest.mark.parametrize(("pays", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_is_bfloat16_where_that_pays(monkeypatch, pays, dtype):
    monkeypatch.setattr(autocast_optim_wrapper, "bfloat16_pays", lambda: pays)
    model = nn.Linear(1, 1)
    with wrapper_of(model).optim_context(model):
        assert model(torch.ones(1, 1)).dtype == dtype


@pytest.mark.parametrize("pays", [True, False])
def test_a_machine_that_is_slower_with_it_is_told(monkeypatch, pays):
    lines = []
    monkeypatch.setattr(autocast_optim_wrapper, "bfloat16_pays", lambda: pays)
    monkeypatch.setattr(autocast_optim_wrapper, "print_log", lambda line, **_: lines.append(line))
    wrapper_of(nn.Linear(1, 1))
    assert lines == []
    wrapper_of(nn.Linear(1, 1), dtype="bfloat16")
    told = "bfloat16 is slower than float32 on this machine, which has neither a GPU for it nor AMX: leave --amp out, "
    assert lines == ([] if pays else [told + "or set optim_wrapper.dtype='auto'"])


def test_accumulates():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 0.0)
    wrapper = wrapper_of(model, accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 4)
    weights = []
    for value in (1.0, 3.0):
        with wrapper.optim_context(model):
            loss = model(torch.tensor([[value]])).float().sum()
        wrapper.update_params(loss)
        weights.append(model.weight.item())
    assert weights == [0.0, -2.0]  # the mean gradient of both, at the second


@pytest.mark.parametrize("scope", ["mmpretrain", "kdxf"])
def test_is_found_from_both_scopes(scope):
    cfg = ConfigDict(type="kdxf.AutocastOptimWrapper", optimizer={"type": "SGD", "lr": 0.1})
    with DefaultScope.overwrite_default_scope(scope):
        assert type(build_optim_wrapper(nn.Linear(1, 1), cfg)) is AutocastOptimWrapper


def test_float16_is_refused():
    with pytest.raises(
        ValueError, match="runs in 'bfloat16' or 'auto', not in 'float16'; float16 needs the loss scaling of Amp"
    ):
        wrapper_of(nn.Linear(1, 1), dtype="float16")
