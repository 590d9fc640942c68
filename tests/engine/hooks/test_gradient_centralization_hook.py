from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import LinearLR, OptimWrapper
from torch import nn
from torch.testing import assert_close

from kdxf.engine.hooks import GradientCentralizationHook


def attach(optimizer, hook=None, **options):
    wrapper = OptimWrapper(optimizer, **options)
    (hook or GradientCentralizationHook()).before_train(SimpleNamespace(optim_wrapper=wrapper))
    return wrapper


def centred(gradient):
    return gradient - gradient.flatten(1).mean(1).view(-1, *[1] * (gradient.dim() - 1))


@pytest.mark.parametrize("conv_only", [False, True])
def test_one_step(conv_only):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))
    before = [weight.detach().clone() for weight in model.parameters()]
    model(torch.rand(2, 2, 3, 3)).square().sum().backward()
    gradients = [weight.grad.clone() for weight in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    wrapper = attach(optimizer, GradientCentralizationHook(conv_only))
    LinearLR(wrapper, start_factor=1.0, end=5)  # a schedule puts a counter around the step
    wrapper.step()
    dims = (4,) if conv_only else (4, 2)
    for old, gradient, weight in zip(before, gradients, model.parameters(), strict=True):
        expected = centred(gradient) if gradient.dim() in dims else gradient
        assert_close(weight.detach(), old - 0.5 * expected)


def test_numbers_of_a_fully_connected_layer():
    model = nn.Linear(3, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    wrapper = attach(torch.optim.SGD(model.parameters(), lr=1.0))
    wrapper.update_params(model(torch.tensor([[1.0, 2.0, 6.0]])).sum())  # mean 3
    assert model.weight.tolist() == [[2.0, 1.0, -3.0]] and model.bias.item() == -1.0


def test_after_accumulation_and_clipping_before_weight_decay():
    model = nn.Linear(2, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, weight_decay=0.1)
    wrapper = attach(optimizer, accumulative_counts=2, clip_grad={"max_norm": 1.0})
    wrapper.initialize_count_status(model, 0, 4)
    for value in ([0.0, 4.0], [6.0, 4.0]):
        wrapper.update_params(model(torch.tensor([value])).sum())
    # The mean gradient (3, 4) is clipped to (0.6, 0.8), less its mean that is (-0.1, 0.1), and decay adds 0.1.
    assert_close(model.weight.detach(), torch.tensor([[1.0, 0.8]]))


def test_adam_sees_the_centred_gradient():
    weights = []
    for centre in (True, False):
        model = nn.Linear(4, 2, bias=False)
        nn.init.ones_(model.weight)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        wrapper = attach(optimizer) if centre else OptimWrapper(optimizer)
        for seed in range(3):
            torch.manual_seed(seed)
            gradient = torch.rand(2, 4)
            model.weight.grad = gradient if centre else centred(gradient)
            wrapper.step()
        weights.append(model.weight.detach())
    assert torch.equal(*weights)


def test_parameters_without_a_gradient():
    model = nn.Linear(2, 2)
    frozen = model.weight.detach().clone()
    nn.init.zeros_(model.bias)
    model.bias.grad = torch.tensor([1.0, -2.0])
    wrapper = attach(torch.optim.SGD(model.parameters(), lr=1.0))
    wrapper.step()
    assert model.weight.grad is None and torch.equal(model.weight, frozen)
    assert model.bias.tolist() == [-1.0, 2.0]
