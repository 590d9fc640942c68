import pytest
import torch
from mmengine.model import Sequential
from mmengine.registry import Registry
from torch import nn

from kdxf.apis.config_errors import explaining_config_errors
from kdxf.errors import UserError
from kdxf.registry import MODELS, PARAM_SCHEDULERS

PARTS = Registry("part", scope="kdxf")


@PARTS.register_module()
class Strict:
    def __init__(self, size, inner=None):
        if not isinstance(size, int):
            raise AssertionError  # size is a number
        if size < 1:
            raise ValueError(f"size must be positive, got {size}")
        if inner is not None:
            PARTS.build(inner)
        if size == 9:
            {}["a bug"]
        if size == 8:
            int(None)


def message_of(build):
    with pytest.raises(UserError) as raised, explaining_config_errors():
        build()
    return str(raised.value)


def test_unknown_name():
    message = message_of(lambda: MODELS.build({"type": "ResNot"}))
    assert message.startswith("the config names 'ResNot', which is not in the kdxf::model registry; check the spelling")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"size": 0}, "size must be positive, got 0"),
        ({"size": "a"}, "raise AssertionError  # size is a number"),
        ({"size": 1, "inner": {"type": "Strict", "size": -3}}, "size must be positive, got -3"),
        ({"size": 1, "colour": 2}, "Strict.__init__() got an unexpected keyword argument 'colour'"),
        ({}, "Strict.__init__() missing 1 required positional argument: 'size'"),
    ],
)
def test_wrong_setting(settings, reason):
    assert message_of(lambda: PARTS.build({"type": "Strict", **settings})) == (
        f"the config's settings of Strict are wrong: {reason}"
    )


def test_class_in_place_of_a_name():
    assert "settings of Strict are wrong" in message_of(lambda: PARTS.build({"type": Strict, "size": 0}))


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ({"state_dict": {"backbones.0.weight": 0, "backbones.0.bias": 0, "head.fc.bias": 0}}, "backbones., head."),
        ({"0.weight": 0, "token": 0}, "0., token"),
        ({f"{index}.weight": 0 for index in range(9)}, "0., 1., 2., 3., 4., 5., 6., 7., ..."),
        ({"state_dict": {}}, "nothing"),
    ],
)
def test_prefix_that_no_weight_has(weights, found, tmp_path):
    torch.save(weights, tmp_path / "x.pth")
    init = {"type": "Pretrained", "checkpoint": str(tmp_path / "x.pth"), "prefix": "backbone"}
    message = message_of(Sequential(nn.Linear(1, 1), init_cfg=init).init_weights)
    assert message == (
        f"init_cfg: checkpoint {tmp_path / 'x.pth'} has no weights whose names begin with 'backbone.'; they begin with "
        f"{found}: correct or remove the prefix"
    )


def test_scheduler_by_iteration():
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    settings = {"type": "LinearLR", "begin": 5, "end": 2, "convert_to_iter_based": True}
    message = message_of(
        lambda: PARAM_SCHEDULERS.build(settings, default_args={"optimizer": optimizer, "epoch_length": 3})
    )
    assert message.startswith("the config's settings of LinearLR are wrong: end should be larger than begin")


@pytest.mark.parametrize(("size", "kind"), [(9, KeyError), (8, TypeError)])
def test_faults_in_a_constructor_pass(size, kind):
    with pytest.raises(kind), explaining_config_errors():
        PARTS.build({"type": "Strict", "size": size})


@pytest.mark.parametrize("error", [KeyError("img_label"), ValueError("while training"), AssertionError()])
def test_errors_outside_of_building_pass(error):
    with pytest.raises(type(error)) as raised, explaining_config_errors():
        raise error
    assert raised.value is error


def test_user_errors_pass():
    with pytest.raises(UserError, match=r"^said already$"), explaining_config_errors():
        raise UserError("said already")
