import pytest
import torch
from torch.testing import assert_close

from kdxf.models import GatedFusion
from kdxf.registry import MODELS

N, CI, CT, C = 5, 6, 4, 8


def build():
    torch.manual_seed(0)
    fusion = MODELS.build({"type": "GatedFusion", "image_channels": CI, "text_channels": CT, "out_channels": C})
    return fusion, torch.randn(N, CI), torch.randn(N, CT)


def branch(sequence, feature):
    """tanh(LN(W x + b)) by hand; at the start layer normalisation neither scales nor shifts."""
    linear = sequence[0]
    x = feature @ linear.weight.T + linear.bias
    x = (x - x.mean(1, keepdim=True)) / (x.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    return x.tanh()


def test_gates_start_at_one_half():
    fusion, image, text = build()
    assert_close(fusion.gates(image, text), torch.full((N, 2, C), 0.5))
    assert_close(fusion(image, text), (branch(fusion.image, image) + branch(fusion.text, text)) / 2)
    assert fusion.out_channels == C


def test_the_formula():
    fusion, image, text = build()
    torch.nn.init.normal_(fusion.gate.weight)
    torch.nn.init.normal_(fusion.gate.bias)
    seen, read = branch(fusion.image, image), branch(fusion.text, text)
    z = 1 / (1 + (-(torch.cat([seen, read], 1) @ fusion.gate.weight.T + fusion.gate.bias)).exp())
    assert_close(fusion(image, text), z * seen + (1 - z) * read)
    gates = fusion.gates(image, text)
    assert_close(gates, torch.stack([z, 1 - z], 1))
    assert_close(gates.sum(1), torch.ones(N, C))


def test_an_open_gate_shows_one_side_alone():
    fusion, image, text = build()
    torch.nn.init.constant_(fusion.gate.bias, 100)
    assert_close(fusion(image, text), fusion(image, torch.randn_like(text)))
    torch.nn.init.constant_(fusion.gate.bias, -100)
    assert_close(fusion(image, text), fusion(torch.randn_like(image), text))


def test_the_scale_of_a_feature_does_not_matter():
    fusion, image, text = build()
    for sequence in (fusion.image, fusion.text):
        torch.nn.init.zeros_(sequence[0].bias)
    assert_close(fusion(image, text), fusion(1000 * image, text), atol=1e-3, rtol=1e-3)


def test_it_learns_in_bfloat16():
    fusion, image, text = build()
    with torch.autocast("cpu", torch.bfloat16):
        joint = fusion(image, text)
        assert fusion.gates(image, text).dtype == torch.float32
    joint.sum().backward()
    assert joint.dtype == torch.float32
    assert all(p.grad.isfinite().all() and p.grad.any() for p in fusion.gate.parameters())


def test_three_modalities_by_hand():
    torch.manual_seed(0)
    fusion = GatedFusion(CI, CT, C, table_channels=3)
    features = torch.randn(N, CI), torch.randn(N, CT), torch.randn(N, 3)
    assert fusion.modalities == ("image", "text", "table")
    assert_close(fusion.gates(*features), torch.full((N, 3, C), 1 / 3))
    torch.nn.init.normal_(fusion.gate.weight)
    hidden = [branch(part, x) for part, x in zip((fusion.image, fusion.text, fusion.table), features, strict=True)]
    logits = torch.cat([torch.cat(hidden, 1) @ fusion.gate.weight.T + fusion.gate.bias, torch.zeros(N, C)], 1)
    shares = logits.view(N, 3, C).exp()
    shares = shares / shares.sum(1, keepdim=True)
    assert_close(fusion.gates(*features), shares)
    assert_close(fusion(*features), sum(share * h for share, h in zip(shares.unbind(1), hidden, strict=True)))


def test_image_and_table():
    fusion = GatedFusion(CI, None, C, table_channels=3)
    assert fusion.modalities == ("image", "table") and not hasattr(fusion, "text")
    assert fusion(torch.randn(N, CI), torch.randn(N, 3)).shape == (N, C)
    with pytest.raises(ValueError, match=r"weighs two modalities or more, got the channels of \('text',\)"):
        GatedFusion(None, CT, C)
