import pytest
import torch
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.models import LabelSmoothFocalLoss, MoEClsHead
from kdxf.registry import MODELS

N, C, H, E, K = 6, 5, 8, 3, 4


def make_head(**kwargs):
    torch.manual_seed(0)
    head = MoEClsHead(K, C, hidden_channels=H, num_experts=E, **kwargs)
    for parameter in head.parameters():  # far from the small start, so that every term counts
        torch.nn.init.normal_(parameter)
    return head


def feats():
    torch.manual_seed(1)
    return (torch.randn(N, C),)


def plain_logits(head, x):
    """The head in plain tensor code, sample by sample and expert by expert, from its state dict."""
    s = head.state_dict()
    rows = []
    for row in x:
        h = s["hidden.0.weight"] @ row + s["hidden.0.bias"]
        h = (h - h.mean()) / torch.sqrt(((h - h.mean()) ** 2).mean() + 1e-5)
        h = h * s["hidden.1.weight"] + s["hidden.1.bias"]
        h = torch.where(h > 0, h, 0.01 * h)
        if "se.gate.0.weight" in s:
            squeezed = (s["se.gate.0.weight"] @ h + s["se.gate.0.bias"]).clamp(min=0)
            h = h / (1 + torch.exp(-(s["se.gate.2.weight"] @ squeezed + s["se.gate.2.bias"])))
        scores = s["router.fc.weight"] @ h + s["router.fc.bias"]  # E + 1 or (E + 1) K
        scores = scores.reshape(E + 1, -1).expand(E + 1, K)
        gates = torch.exp(scores) / torch.exp(scores).sum(0)
        logits = torch.zeros(K)
        for e in range(E):
            for k in range(K):
                z = s["experts.fc.weight"][e * K + k] @ h + s["experts.fc.bias"][e * K + k]
                logits[k] += gates[e, k] * z
        rows.append(logits)
    return torch.stack(rows)


@pytest.mark.parametrize("se_reduction", [None, 2])
@pytest.mark.parametrize("gate_per_class", [False, True])
def test_equals_plain_tensor_code(se_reduction, gate_per_class):
    head = make_head(se_reduction=se_reduction, gate_per_class=gate_per_class).eval()
    x = feats()
    assert_close(head(x), plain_logits(head, x[0]))
    gates = head.gates(x)
    assert gates.shape == ((N, E + 1, K) if gate_per_class else (N, E + 1))
    assert_close(gates.sum(1), torch.ones_like(gates[:, 0]))


def test_last_feature_is_used():
    head = make_head()
    assert_close(head((torch.zeros(N, 99), *feats())), head(feats()))
    assert head.pre_logits(feats()).shape == (N, H)


def test_all_on_the_dummy_gives_even_scores():
    head = make_head()
    with torch.no_grad():
        head.router.fc.weight.zero_()
        head.router.fc.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 1000.0]))
    for sample in head.predict(feats()):
        assert_close(sample.pred_score, torch.full((K,), 1 / K))


@pytest.mark.parametrize("gate_per_class", [False, True])
def test_loss_reports_the_dummy_gate(gate_per_class):
    head = make_head(gate_per_class=gate_per_class, loss=LabelSmoothFocalLoss(), topk=(1, 2), cal_acc=True)
    samples = [DataSample().set_gt_label(i % K) for i in range(N)]
    losses = head.loss(feats(), samples)
    assert set(losses) == {"loss", "accuracy_top-1", "accuracy_top-2", "dummy_gate"}
    target = torch.tensor([i % K for i in range(N)])
    assert_close(losses["loss"], LabelSmoothFocalLoss()(head(feats()), target))
    assert_close(losses["dummy_gate"], head.gates(feats())[:, -1].mean())
    assert not losses["dummy_gate"].requires_grad


def test_loss_of_soft_targets():
    head = make_head(loss={"type": "LabelSmoothFocalLoss"})
    scores = torch.randn(N, K).softmax(1)
    losses = head.loss(feats(), [DataSample().set_gt_score(score) for score in scores])
    assert_close(losses["loss"], LabelSmoothFocalLoss()(head(feats()), scores))


def test_dropout_acts_in_training_only():
    head = make_head(dropout=0.5)
    x = feats()
    assert not torch.equal(head.train()(x), head(x))
    assert torch.equal(head.eval()(x), head(x))


def test_bfloat16_stays_near_float32():
    head = make_head(se_reduction=2)
    with torch.autocast("cpu", torch.bfloat16):
        logits = head(feats())
        losses = head.loss(feats(), [DataSample().set_gt_label(0) for _ in range(N)])
    assert logits.dtype == torch.float32
    assert_close(logits, head(feats()), atol=0.2, rtol=0.05)
    losses["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


def test_a_batch_of_one_trains():
    head = make_head()
    head.loss((torch.randn(1, C),), [DataSample().set_gt_label(0)])["loss"].backward()
    assert head.experts.fc.weight.grad.abs().sum() > 0


def test_experts_grow_apart_and_all_learn():
    torch.manual_seed(0)
    head = MoEClsHead(K, C, hidden_channels=H, num_experts=E)
    head.init_weights()
    head.loss(feats(), [DataSample().set_gt_label(i % K) for i in range(N)])["loss"].backward()
    per_expert = head.experts.fc.weight.grad.view(E, K, H)
    assert (per_expert.abs().sum((1, 2)) > 0).all()
    weights = head.experts.fc.weight.view(E, K, H)
    assert not torch.equal(weights[0], weights[1])
    assert head.router.fc.weight.grad.abs().sum() > 0


def test_is_registered():
    head = MODELS.build({"type": "MoEClsHead", "num_classes": 3, "in_channels": 2, "hidden_channels": 4})
    assert head.gates((torch.zeros(1, 2),)).shape == (1, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"in_channels": 0}, "in_channels must be at least 1, got 0"),
        ({"hidden_channels": -1}, "hidden_channels must be at least 1, got -1"),
        ({"num_experts": 0}, "num_experts must be at least 1, got 0"),
        ({"se_reduction": 0}, r"se_reduction must be in 1..hidden_channels \(8\), got 0"),
        ({"se_reduction": 9}, r"se_reduction must be in 1..hidden_channels \(8\), got 9"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        MoEClsHead(**{"num_classes": 3, "in_channels": 2, "hidden_channels": 8, **arguments})
