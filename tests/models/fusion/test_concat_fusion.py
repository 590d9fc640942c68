import torch

from kdxf.registry import MODELS


def test_image_first_then_text():
    fusion = MODELS.build({"type": "ConcatFusion"})
    joint = fusion(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0], [5.0, 6.0]]))
    assert joint.tolist() == [[1, 3, 4], [2, 5, 6]]


def test_three_features():
    parts = [torch.randn(2, width) for width in (3, 1, 2)]
    assert torch.equal(MODELS.build({"type": "ConcatFusion"})(*parts), torch.cat(parts, dim=1))
