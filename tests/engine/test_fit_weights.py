import pytest
import torch
from mmpretrain.models.backbones import VisionTransformer
from torch import nn

from kdxf.engine.fit_weights import fit_weights


class Model(nn.Module):
    def __init__(self, classes, extra=False):
        super().__init__()
        self.backbone = nn.Linear(3, 2)
        self.head = nn.Module()
        self.head.num_classes = classes
        self.head.fc = nn.Linear(2, classes)
        if extra:
            self.neck = nn.Linear(2, 2, bias=False)


def test_all_fits():
    old, new = Model(2), Model(2)
    fit = fit_weights(new, old.state_dict())
    assert str(fit) == "4 of 4 weights carried over; left at their initial values: none"
    assert torch.equal(new.head.fc.weight, old.head.fc.weight)


def test_what_does_not_fit_stays():
    old, new = Model(2, extra=True), Model(3)
    before = new.head.fc.weight.clone()
    state = {f"module.{name}": weight for name, weight in old.state_dict().items()}
    fit = fit_weights(new, state)
    assert str(fit) == (
        "2 of 4 weights carried over; left at their initial values: head.fc.weight, head.fc.bias; "
        "in the file and not used: neck.weight"
    )
    assert torch.equal(new.backbone.weight, old.backbone.weight) and torch.equal(new.head.fc.weight, before)
    # What is loaded afterwards finds everything in its place.
    new.load_state_dict(state, strict=True)
    assert torch.equal(new.head.fc.weight, before)


def test_missing_weights():
    fit = fit_weights(Model(2, extra=True), Model(2).state_dict())
    assert fit.missing == ["neck.weight"] == fit.left


def test_class_by_class():
    old, new = Model(2), Model(3)
    before = new.head.fc.bias.clone()
    fit = fit_weights(new, old.state_dict(), ["a", "b"], ["b", "c", "d"])
    assert str(fit) == (
        "4 of 4 weights carried over, of them head.fc.weight, head.fc.bias for the 1 classes that were known by name; "
        "left at their initial values: none"
    )
    assert new.head.fc.bias.tolist() == [old.head.fc.bias[1].item(), *before[1:].tolist()]


def test_long_lists_are_cut():
    class Deep(nn.Sequential):
        def __init__(self):
            super().__init__(*[nn.Linear(1, 1) for _ in range(3)])

    fit = fit_weights(Deep(), {"0.weight": torch.ones(1, 1)})
    assert str(fit).endswith("left at their initial values: 0.bias, 1.weight, 1.bias, 2.weight and 1 more")


def test_what_a_module_adapts_itself_is_carried():
    # A vision transformer resizes its position embedding to another image size.
    def build(size):
        return VisionTransformer(
            {"embed_dims": 8, "num_layers": 1, "num_heads": 2, "feedforward_channels": 8}, img_size=size, patch_size=4
        )

    old, new = build(8), build(16)
    fit = fit_weights(new, old.state_dict())
    assert fit.left == [] and "pos_embed" in fit.carried
    assert torch.equal(old.pos_embed[0, 0], new.pos_embed[0, 0])


def test_other_faults_pass_through():
    with pytest.raises(RuntimeError, match="While copying the parameter"):
        fit_weights(Model(2), {"backbone.weight": "text"})
