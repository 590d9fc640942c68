import math

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from kdxf.models import LabelSmoothFocalLoss
from kdxf.registry import MODELS

LN2, LN4 = math.log(2), math.log(4)
# softmax of these logits: p = (1/2, 1/4, 1/4) and (1/4, 1/4, 1/2)
LOGITS = torch.tensor([[LN2, 0.0, 0.0], [0.0, 0.0, LN2]])


def plain(logits, target, eps, gamma, alpha=None):
    """The formula, number by number, in Python floats."""
    losses = []
    for row, t in zip(logits.double().tolist(), target.double().tolist(), strict=True):
        exp = [math.exp(x - max(row)) for x in row]
        p = [e / sum(exp) for e in exp]
        q = [(1 - eps) * t_k + eps / len(row) for t_k in t]
        a = alpha or [1] * len(row)
        losses.append(-sum(a[k] * q[k] * (1 - p[k]) ** gamma * math.log(p[k]) for k in range(len(row))))
    return torch.tensor(losses)


def test_index_targets_by_hand():
    # eps 0.3, gamma 2: q = (0.8, 0.1, 0.1) for label 0 and (0.8, 0.1, 0.1) for label 0 again.
    # sample 1: 0.8 * (1/2)^2 * ln 2 + 0.1 * (3/4)^2 * ln 4 + 0.1 * (3/4)^2 * ln 4 = 0.2 ln 2 + 0.1125 ln 4
    # sample 2: 0.8 * (3/4)^2 * ln 4 + 0.1 * (3/4)^2 * ln 4 + 0.1 * (1/2)^2 * ln 2 = 0.50625 ln 4 + 0.025 ln 2
    expected = torch.tensor([0.2 * LN2 + 0.1125 * LN4, 0.50625 * LN4 + 0.025 * LN2])
    loss = LabelSmoothFocalLoss(0.3, 2.0, reduction="none")
    torch.testing.assert_close(loss(LOGITS, torch.tensor([0, 0])), expected)


def test_soft_targets_by_hand():
    # eps 0, gamma 1, t = (0.75, 0.25, 0): 0.75 * 1/2 * ln 2 + 0.25 * 3/4 * ln 4 = 0.375 ln 2 + 0.1875 ln 4
    target = torch.tensor([[0.75, 0.25, 0.0]])
    loss = LabelSmoothFocalLoss(0.0, 1.0)(LOGITS[:1], target)
    assert loss.item() == pytest.approx(0.375 * LN2 + 0.1875 * LN4)


def test_mixed_targets_are_the_mixture_of_both_labels():
    # The loss is linear in the target: 0.7 of the loss for label 0 and 0.3 of the loss for label 2.
    loss = LabelSmoothFocalLoss(0.1, 2.0, reduction="none")
    mixed = loss(LOGITS, torch.tensor([[0.7, 0.0, 0.3], [0.7, 0.0, 0.3]]))
    parts = 0.7 * loss(LOGITS, torch.tensor([0, 0])) + 0.3 * loss(LOGITS, torch.tensor([2, 2]))
    torch.testing.assert_close(mixed, parts)


@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("alpha", [None, [0.5, 1.0, 2.0, 3.0]])
def test_equals_the_plain_formula(eps, gamma, alpha):
    torch.manual_seed(0)
    logits = torch.randn(6, 4) * 3
    target = torch.randn(6, 4).softmax(1)
    loss = LabelSmoothFocalLoss(eps, gamma, alpha, reduction="none")
    torch.testing.assert_close(loss(logits, target), plain(logits, target, eps, gamma, alpha))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    torch.testing.assert_close(loss(logits, labels), plain(logits, one_hot(labels, 4), eps, gamma, alpha))


@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25, [0.5, 1.0, 2.0, 3.0]])
def test_indices_and_one_hot_distributions_give_one_value_and_one_gradient(eps, gamma, alpha):
    torch.manual_seed(0)
    loss = LabelSmoothFocalLoss(eps, gamma, alpha, reduction="none")
    logits = (torch.randn(6, 4) * 3).requires_grad_()
    labels, upstream = torch.tensor([0, 1, 2, 3, 0, 1]), torch.randn(6)
    values = [loss(logits, target) for target in (labels, one_hot(labels, 4))]
    torch.testing.assert_close(*values)
    gradients = [torch.autograd.grad(value, logits, upstream)[0] for value in values]
    torch.testing.assert_close(*gradients)


def test_the_value_depends_on_the_target():
    loss = LabelSmoothFocalLoss()
    assert loss(LOGITS, torch.tensor([0, 2])) < loss(LOGITS, torch.tensor([1, 1]))


def test_limits():
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 7), torch.tensor([0, 6, 3, 3, 1])
    soft = torch.randn(5, 7).softmax(1)
    torch.testing.assert_close(LabelSmoothFocalLoss(0, 0)(logits, labels), cross_entropy(logits, labels))
    torch.testing.assert_close(LabelSmoothFocalLoss(0, 0)(logits, soft), cross_entropy(logits, soft))
    torch.testing.assert_close(
        LabelSmoothFocalLoss(0.1, 0)(logits, labels), cross_entropy(logits, labels, label_smoothing=0.1)
    )
    ce = cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(LabelSmoothFocalLoss(0, 2)(logits, labels), ((1 - torch.exp(-ce)) ** 2 * ce).mean())


def test_one_alpha_for_all_classes():
    labels = torch.tensor([0, 1])
    expected = 0.25 * LabelSmoothFocalLoss()(LOGITS, labels)
    torch.testing.assert_close(LabelSmoothFocalLoss(alpha=0.25)(LOGITS, labels), expected)


def test_alpha_is_not_saved():
    assert LabelSmoothFocalLoss(alpha=[1.0, 2.0]).state_dict() == {}


def test_weights_and_reductions():
    labels, weight = torch.tensor([0, 0]), torch.tensor([1.0, 3.0])
    loss = LabelSmoothFocalLoss(0.3, 2.0, loss_weight=2.0)
    a, b = LabelSmoothFocalLoss(0.3, 2.0, reduction="none")(LOGITS, labels).tolist()
    assert loss(LOGITS, labels).item() == pytest.approx(2 * (a + b) / 2)
    assert loss(LOGITS, labels, weight).item() == pytest.approx(2 * (a + 3 * b) / 2)
    assert loss(LOGITS, labels, weight, avg_factor=4).item() == pytest.approx(2 * (a + 3 * b) / 4)
    assert loss(LOGITS, labels, reduction_override="sum").item() == pytest.approx(2 * (a + b))
    assert loss(LOGITS, labels, weight, reduction_override="none").tolist() == pytest.approx([2 * a, 6 * b])


def test_bfloat16_logits_are_computed_in_float32():
    torch.manual_seed(0)
    logits, target = torch.randn(4, 5).bfloat16(), torch.randn(4, 5).softmax(1)
    loss = LabelSmoothFocalLoss(0.1, 2.0, reduction="none")
    value = loss(logits, target)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, plain(logits, target, 0.1, 2.0))
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(loss(logits, target), value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("target", [0, 1])
def test_gradient_is_finite_at_probability_0_and_1(dtype, gamma, eps, target):
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype=dtype, requires_grad=True)
    loss = LabelSmoothFocalLoss(eps, gamma)(logits, torch.tensor([target, target]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    # One of the two samples is sure of the wrong class: it must be pulled back.
    assert logits.grad[1 - target, target] < 0


def test_gradient_is_right():
    torch.manual_seed(0)
    logits = torch.randn(3, 4, requires_grad=True)
    labels = torch.tensor([3, 0, 2])
    (grad,) = torch.autograd.grad(LabelSmoothFocalLoss(0.1, 2.0)(logits, labels), logits)
    step = 1e-2
    for index in [(0, 3), (1, 1), (2, 2)]:
        moved = [logits.detach().double().clone() for _ in range(2)]
        moved[0][index] += step
        moved[1][index] -= step
        up, down = (plain(m, one_hot(labels, 4), 0.1, 2.0).double().mean() for m in moved)
        assert grad[index].item() == pytest.approx(((up - down) / (2 * step)).item(), abs=1e-4)


def test_is_registered():
    loss = MODELS.build({"type": "LabelSmoothFocalLoss", "gamma": 1.5})
    assert repr(loss) == "LabelSmoothFocalLoss(label_smooth_val=0.1, gamma=1.5, reduction='mean')"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label_smooth_val": 1.0}, r"label_smooth_val must be in \[0, 1\), got 1.0"),
        ({"label_smooth_val": -0.1}, r"label_smooth_val must be in \[0, 1\), got -0.1"),
        ({"gamma": -1}, "gamma must be a finite number >= 0, got -1"),
        ({"gamma": math.inf}, "gamma must be a finite number >= 0, got inf"),
        ({"reduction": "max"}, "reduction must be one of none, mean, sum, got 'max'"),
        ({"alpha": [1.0, -1.0]}, "alpha must be one number >= 0 or a list with one per class"),
        ({"alpha": []}, "alpha must be one number >= 0 or a list with one per class"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        LabelSmoothFocalLoss(**arguments)


def test_bad_inputs():
    loss = LabelSmoothFocalLoss()
    with pytest.raises(ValueError, match=r"target must be class indices \(2,\) or distributions \(2, 3\), got \(3,\)"):
        loss(LOGITS, torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match=r"got \(2,\) torch.float32"):
        loss(LOGITS, torch.tensor([0.0, 1.0]))
    with pytest.raises(ValueError, match="target holds the class index 3, but num_classes is 3"):
        loss(LOGITS, torch.tensor([0, 3]))
    with pytest.raises(ValueError, match="target holds the class index -1"):
        loss(LOGITS, torch.tensor([-1, 0]))
    with pytest.raises(ValueError, match="reduction_override must be one of none, mean, sum, got 'max'"):
        loss(LOGITS, torch.tensor([0, 1]), reduction_override="max")
    with pytest.raises(ValueError, match="alpha has 2 weights, but there are 3 classes"):
        LabelSmoothFocalLoss(alpha=[1.0, 1.0])(LOGITS, torch.tensor([0, 1]))
