import pytest
import torch
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.models.heads.margin_head import NormProduct
from torch import nn

from kdxf.engine.fit_weights import carry_class_rows, fit_weights
from kdxf.models.heads import MoEClsHead

OLD, NEW = ["a", "b"], ["c", "b", "d"]


class Model(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.head = head


def numbered(model, first):
    """Fill the weights with numbers, from ``first`` on."""
    for parameter in model.parameters():
        parameter.data = torch.arange(parameter.numel()).reshape(parameter.shape).float() + first
    return model


def linear(classes, width=2):
    head = nn.Module()
    head.num_classes = classes
    head.hidden = nn.Sequential(nn.Linear(2, width))
    head.fc = nn.Linear(width, classes)
    return numbered(Model(head), 100.0 * classes)


def test_linear():
    model, state = linear(3), linear(2).state_dict()
    names, count = carry_class_rows(model, state, OLD, NEW)
    assert (names, count) == (["head.fc.weight", "head.fc.bias"], 1)
    # Old rows: a [200, 201], b [202, 203]; own rows: 300, 301 / 302, 303 / 304, 305.
    assert state["head.fc.weight"].tolist() == [[300, 301], [202, 203], [304, 305]]
    assert state["head.fc.bias"].tolist() == [300, 201, 302]
    assert model.head.fc.bias.tolist() == [300, 301, 302]  # the model itself is not touched


def test_same_number_in_another_order():
    # The hidden layer is as wide as there are classes; it stays whole.
    model, state = linear(2), linear(2).state_dict()
    before = state["head.hidden.0.weight"].clone()
    names, count = carry_class_rows(model, state, ["a", "b"], ["b", "a"])
    assert (names, count) == (["head.fc.weight", "head.fc.bias"], 2)
    assert state["head.fc.bias"].tolist() == [201, 200]
    assert torch.equal(state["head.hidden.0.weight"], before)


def test_nothing_to_do():
    for new in (OLD, ["x", "y"]):
        state = linear(2).state_dict()
        before = dict(state)
        assert carry_class_rows(linear(2), state, OLD, new) == ([], 0)
        assert all(state[name] is before[name] for name in before)


def test_experts_and_gates_per_class():
    def build(classes):
        head = MoEClsHead(classes, in_channels=2, hidden_channels=4, num_experts=2, gate_per_class=True)
        return numbered(Model(head), 100.0 * classes)

    model, state = build(3), build(2).state_dict()
    names, _ = carry_class_rows(model, state, OLD, NEW)
    assert names == [f"head.{part}.fc.{kind}" for part in ("experts", "router") for kind in ("weight", "bias")]
    # Two experts (three gates with the dummy's), each with all classes: b is 201, 203 (and 205), own 300...
    assert state["head.experts.fc.bias"].tolist() == [300, 201, 302, 303, 203, 305]
    assert state["head.router.fc.bias"].tolist() == [300, 201, 302, 303, 203, 305, 306, 205, 308]


def test_centres_of_arcface():
    def build(classes):
        head = nn.Module()
        head.num_classes = classes
        head.norm_product = NormProduct(1, classes, k=2)
        return numbered(Model(head), 100.0 * classes)

    model, state = build(3), build(2).state_dict()
    assert carry_class_rows(model, state, OLD, NEW)[0] == ["head.norm_product.weight"]
    # Two centres a class, side by side.
    assert state["head.norm_product.weight"].flatten().tolist() == [300, 301, 202, 203, 304, 305]


def test_what_belongs_to_the_data_stays():
    def build(value):
        model = linear(2)
        model.head.register_buffer("alpha", torch.full((2,), value))
        return model

    state = build(1.0).state_dict()
    carry_class_rows(build(2.0), state, OLD, ["b", "c"])
    assert "head.alpha" not in state


class PartsModel(nn.Module):
    def __init__(self, classes, extra=False):
        super().__init__()
        self.backbone = nn.Linear(3, 2)
        self.head = nn.Module()
        self.head.num_classes = classes
        self.head.fc = nn.Linear(2, classes)
        if extra:
            self.neck = nn.Linear(2, 2, bias=False)


def test_all_fits():
    old, new = PartsModel(2), PartsModel(2)
    fit = fit_weights(new, old.state_dict())
    assert str(fit) == "4 of 4 weights carried over; left at their initial values: none"
    assert torch.equal(new.head.fc.weight, old.head.fc.weight)


def test_what_does_not_fit_stays():
    old, new = PartsModel(2, extra=True), PartsModel(3)
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
    fit = fit_weights(PartsModel(2, extra=True), PartsModel(2).state_dict())
    assert fit.missing == ["neck.weight"] == fit.left


def test_class_by_class():
    old, new = PartsModel(2), PartsModel(3)
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
        fit_weights(PartsModel(2), {"backbone.weight": "text"})
