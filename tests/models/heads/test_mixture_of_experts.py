import torch
from torch.testing import assert_close

from kdxf.models.heads import Experts, Router, SqueezeExcitation
from kdxf.models.heads.mixture_of_experts import mix


def test_squeeze_excitation_by_hand():
    se = SqueezeExcitation(2, reduction=2)
    first, second = se.gate[0], se.gate[2]
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, 1.0]]))
        first.bias.fill_(-1.0)
        second.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        second.bias.zero_()
    # (1, 2): squeeze relu(1 + 2 - 1) = 2, gates sigmoid(2) and sigmoid(-2)
    # (0, 1): squeeze relu(0 + 1 - 1) = 0, gates 1/2 and 1/2
    gate = torch.sigmoid(torch.tensor(2.0)).item()
    assert_close(se(torch.tensor([[1.0, 2.0], [0.0, 1.0]])), torch.tensor([[gate, 2 * (1 - gate)], [0.0, 0.5]]))


def test_experts_are_separate_linear_classifiers():
    torch.manual_seed(0)
    experts = Experts(channels=3, num_experts=2, num_classes=4)
    feature = torch.randn(5, 3)
    logits = experts(feature)
    assert logits.shape == (5, 2, 4)
    for e in range(2):
        weight = experts.fc.weight[4 * e : 4 * (e + 1)]
        assert_close(logits[:, e], feature @ weight.T + experts.fc.bias[4 * e : 4 * (e + 1)])
    assert not torch.equal(experts.fc.weight[:4], experts.fc.weight[4:])


def test_gates_sum_to_one():
    torch.manual_seed(0)
    feature = 30 * torch.randn(5, 3)
    for num_classes, shape in ((None, (5, 3)), (4, (5, 3, 4))):
        gates = Router(3, num_experts=2, num_classes=num_classes)(feature)
        assert gates.shape == shape
        assert (gates >= 0).all()
        assert_close(gates.sum(1), torch.ones_like(gates[:, 0]))


def test_gates_are_float32_under_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        gates = Router(3, num_experts=2)(torch.randn(5, 3))
    assert gates.dtype == torch.float32
    assert_close(gates.sum(1), torch.ones(5))


def test_gates_start_near_even():
    torch.manual_seed(0)
    assert_close(Router(64, num_experts=4)(torch.randn(9, 64)), torch.full((9, 5), 0.2), atol=0.1, rtol=0)


def test_mix_by_hand():
    logits = torch.tensor([[[1.0, 2.0], [10.0, 20.0]]])  # two experts, two classes
    # shared gates (0.5, 0.25, dummy 0.25): 0.5 * 1 + 0.25 * 10 = 3, 0.5 * 2 + 0.25 * 20 = 6
    assert_close(mix(torch.tensor([[0.5, 0.25, 0.25]]), logits), torch.tensor([[3.0, 6.0]]))
    # all on the dummy: nobody votes
    assert_close(mix(torch.tensor([[0.0, 0.0, 1.0]]), logits), torch.zeros(1, 2))
    # per class: (0.5, 0.25, 0.25) for class 0, (0, 0.1, 0.9) for class 1: 0 * 2 + 0.1 * 20 = 2
    gates = torch.tensor([[[0.5, 0.0], [0.25, 0.1], [0.25, 0.9]]])
    assert_close(mix(gates, logits), torch.tensor([[3.0, 2.0]]))
