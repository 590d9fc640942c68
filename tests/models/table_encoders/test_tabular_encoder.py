import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.registry import MODELS


def build(**options):
    torch.manual_seed(0)
    return MODELS.build({"type": "TabularEncoder", "in_channels": 5, **options}).eval()


def test_the_numbers_are_handed_on():
    table = torch.randn(3, 5)
    assert build()(table) is table and build().out_channels == 5


def test_a_category_is_its_embedding():
    encoder = build(embed_dims=8)
    table = torch.eye(5)[[1, 4]]
    first, last = encoder.network[0], encoder.network[4]
    embedded = first.weight.T[[1, 4]]
    centred = embedded - embedded.mean(1, keepdim=True)
    normed = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    assert_close(encoder(table), normed.relu() @ last.weight.T + last.bias)
    assert encoder.out_channels == 8


def test_nothing_known_is_zero_and_leaves_others_alone():
    encoder = build(embed_dims=8)
    table = torch.randn(3, 5)
    whole = encoder(table)
    table[1] = 0
    assert encoder(table)[1].tolist() == [0] * 8
    assert_close(encoder(table)[[0, 2]], whole[[0, 2]])


def test_another_table():
    with pytest.raises(UserError, match="the table has 4 numbers, but table_encoder.in_channels is 5: set it to 4"):
        build()(torch.zeros(1, 4))
