import math

import pytest
import torch
from torch.testing import assert_close

from kdxf.models import Word2VecEncoder
from kdxf.models.text_encoders.word2vec_encoder import READABILITY_CHANNELS, readability
from kdxf.registry import MODELS


def test_by_hand():
    weight = torch.tensor([[0.5, 0.0, 1.0], [0.0, 0.0, 0.0]])
    box = torch.tensor([[0.5, 0.5, 0.2, 0.3], [0.5, 0.5, 0.9, 0.9], [0.1, 0.1, 0.2, 0.15]]).expand(2, 3, 4)
    # two words; scores .5 and 1; areas .06 and .03, the box of the padding does not count
    expected = torch.tensor([[math.log(3) / math.log(65), 0.75, 1.0, 0.3], [0.0, 0.0, 0.0, 0.0]])
    found = readability(weight, box)
    assert found.shape == (2, READABILITY_CHANNELS)
    assert_close(found, expected)


def test_boxes_over_each_other_take_up_no_more_than_the_picture():
    assert readability(torch.ones(1, 64), torch.ones(1, 64, 4))[0].tolist() == pytest.approx([1, 1, 1, 1])


def test_padding_does_not_count():
    weight, box = torch.rand(2, 3), torch.rand(2, 3, 4)
    longer = torch.cat((weight, torch.zeros(2, 5)), dim=1), torch.cat((box, torch.rand(2, 5, 4)), dim=1)
    assert_close(readability(*longer), readability(weight, box))


def test_half_precision_is_computed_in_float32():
    half = readability(torch.full((1, 4), 0.5).bfloat16(), torch.full((1, 4, 4), 0.25).bfloat16())
    assert half.dtype == torch.float32
    assert_close(half, torch.tensor([[math.log(5) / math.log(65), 0.5, 0.5, 0.5]]))


def make(pooling="mean", **kwargs):
    torch.manual_seed(0)
    return Word2VecEncoder(in_channels=2, hidden_channels=4, out_channels=3, pooling=pooling, **kwargs).eval()


TEXT = torch.tensor(
    [
        [[1.0, 0.0], [0.0, 2.0], [9.0, 9.0]],
        [[1.0, 1.0], [3.0, 5.0], [0.0, 0.0]],
        [[7.0, 7.0], [7.0, 7.0], [7.0, 7.0]],
    ]
)
WEIGHT = torch.tensor([[3.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])
# (3 * (1, 0) + 1 * (0, 2)) / 4; ((1, 1) + (3, 5)) / 2; no text
MEANS = torch.tensor([[0.75, 0.5], [2.0, 3.0], [0.0, 0.0]])


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_weighted_mean(pooling):
    encoder = make(pooling)  # attention starts as the mean
    assert_close(encoder.pool(TEXT, WEIGHT), MEANS)
    assert_close(encoder.shares(TEXT, WEIGHT).sum(1), torch.tensor([1.0, 1.0, 0.0]))


def test_attention_by_hand():
    encoder = make("attention")
    with torch.no_grad():
        encoder.score.weight.copy_(torch.log(torch.tensor([[2.0, 3.0]])))
    # document 0: scores ln 2 and 2 ln 3, shares 3 * 2 : 1 * 9 = 0.4 : 0.6
    # document 1: scores ln 2 + ln 3 and 3 ln 2 + 5 ln 3, shares 6 : 8 * 243 = 1 : 324
    shares = torch.tensor([[0.4, 0.6, 0.0], [1 / 325, 324 / 325, 0.0], [0.0, 0.0, 0.0]])
    assert_close(encoder.shares(TEXT, WEIGHT), shares)


def test_padding_does_not_count_of_word2vec_encoder():
    for encoder in (make(), make("attention")):
        if encoder.score is not None:
            torch.nn.init.normal_(encoder.score.weight)
        longer = torch.cat([TEXT, torch.full((3, 2, 2), 50.0)], dim=1)
        longer_weight = torch.cat([WEIGHT, torch.zeros(3, 2)], dim=1)
        assert_close(encoder(longer, longer_weight), encoder(TEXT, WEIGHT))


def test_only_relative_weights_count():
    encoder = make()
    assert_close(encoder(TEXT, WEIGHT * 1e-20), encoder(TEXT, WEIGHT))


def test_scale_and_common_part_of_the_vectors_do_not_count():
    features = []
    for text in (TEXT, 100 * TEXT + 5000):
        encoder = make(dropout=0.0).train()
        features.append(encoder(text, WEIGHT))
    assert_close(features[0], features[1], atol=1e-2, rtol=1e-2)


def test_no_text_has_a_learned_vector():
    encoder = make()
    with torch.no_grad():
        encoder.norm.no_text.copy_(torch.tensor([3.0, -1.0]))
    assert_close(encoder(TEXT, WEIGHT)[2], encoder.mlp(torch.tensor([3.0, -1.0])))


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_documents_without_text_train(pooling):
    encoder = make(pooling, dropout=0.5).train()
    feature = encoder(TEXT, torch.zeros(3, 3))
    assert feature.shape == (3, 3)
    feature.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())
    encoder.eval()
    empty = encoder(TEXT, torch.zeros(3, 3))
    assert_close(empty[0], empty[2])


def test_extreme_scores_stay_finite():
    encoder = make("attention")
    with torch.no_grad():
        encoder.score.weight.fill_(1e4)
    assert torch.isfinite(encoder(TEXT, WEIGHT)).all()
    # document 0: the second word scores higher by 1e4, it takes all
    assert_close(encoder.shares(TEXT, WEIGHT)[0], torch.tensor([0.0, 1.0, 0.0]))


def test_attention_learns():
    encoder = make("attention")
    encoder(TEXT, WEIGHT).pow(2).sum().backward()
    assert encoder.score.weight.grad.abs().sum() > 0


def test_bfloat16():
    encoder = make("attention")
    with torch.autocast("cpu", torch.bfloat16):
        feature = encoder(TEXT, WEIGHT)
    assert_close(feature.float(), encoder(TEXT, WEIGHT), atol=0.1, rtol=0.1)


def test_dropout():
    encoder = make(dropout=0.5).train()
    assert not torch.equal(encoder(TEXT, WEIGHT), encoder(TEXT, WEIGHT))


def test_defaults_follow_the_document():
    encoder = MODELS.build({"type": "Word2VecEncoder"})
    assert encoder.token_channels == encoder.out_channels == 1024
    assert [(m.in_features, m.out_features) for m in encoder.mlp if isinstance(m, torch.nn.Linear)] == [
        (200, 512),
        (512, 1024),
    ]
    assert encoder.input_keys == ("text", "text_weight")


BOX = torch.rand(3, 3, 4, generator=torch.Generator().manual_seed(0))
LAYOUT = {"pooling": "transformer", "transformer": {"width": 4, "depth": 1, "num_heads": 2}}


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_tokens(pooling):
    encoder = make(pooling)
    encoder.norm.mean.copy_(torch.tensor([1.0, 2.0]))
    encoder.norm.var.copy_(torch.tensor([4.0, 0.25]))
    if encoder.score is not None:
        torch.nn.init.normal_(encoder.score.weight)
    tokens, shares = encoder.encode_tokens(TEXT, WEIGHT)
    assert tokens.shape == (3, 3, encoder.token_channels)
    standardized = (TEXT - torch.tensor([1.0, 2.0])) / torch.tensor([2.0, 0.5])
    assert_close(tokens[WEIGHT > 0], encoder.mlp(standardized)[WEIGHT > 0])
    assert_close(shares, encoder.shares(TEXT, WEIGHT))
    assert ((shares > 0) == (WEIGHT > 0)).all()


def test_tokens_in_context():
    encoder = make(**LAYOUT)
    torch.nn.init.normal_(encoder.layout.out.weight)
    tokens, shares = encoder.encode_tokens(TEXT, WEIGHT, BOX)
    words = encoder.layout(TEXT, WEIGHT, BOX)
    assert_close(tokens[WEIGHT > 0], encoder.mlp(words)[WEIGHT > 0])  # the statistics are still 0 and 1
    assert_close(shares, encoder.shares(words, WEIGHT))
    assert tokens.isfinite().all()


def test_the_transformer_starts_as_the_mean():
    torch.manual_seed(1)
    # a batch to take the statistics from, with more documents than dimensions
    text, weight, box = torch.randn(8, 3, 2), torch.rand(8, 3) + 0.1, torch.rand(8, 3, 4)
    features = []
    for kwargs in ({}, LAYOUT):
        encoder = make(dropout=0.0, **kwargs)
        mlp = make(dropout=0.0).mlp.state_dict()
        encoder.mlp.load_state_dict(mlp)
        features.append(encoder.train()(*(text, weight, box)[: len(encoder.input_keys)]))
    assert_close(features[0], features[1], atol=1e-4, rtol=1e-4)


def test_the_transformer_uses_the_boxes():
    encoder = make(**LAYOUT)
    assert encoder.input_keys == ("text", "text_weight", "text_box")
    torch.nn.init.normal_(encoder.layout.out.weight)
    feature = encoder(TEXT, WEIGHT, BOX)
    moved = encoder(TEXT, WEIGHT, BOX.flip(1))
    assert not torch.allclose(feature[:2], moved[:2], atol=1e-4)
    assert_close(feature[2], moved[2])  # no text


@pytest.mark.parametrize("kwargs", [LAYOUT, {"readability": True}, {**LAYOUT, "readability": True}])
def test_documents_without_text_train_with_boxes(kwargs):
    encoder = make(dropout=0.5, **kwargs).train()
    for encode in (encoder, lambda *inputs: encoder.encode_tokens(*inputs)[0]):
        encode(TEXT, torch.zeros(3, 3), BOX).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)


@pytest.mark.parametrize("kwargs", [{}, {"pooling": "attention"}, {**LAYOUT, "readability": True}])
def test_every_parameter_has_a_part_in_the_tokens(kwargs):
    encoder = make(**kwargs).train()
    tokens, shares = encoder.encode_tokens(*(TEXT, WEIGHT, BOX)[: len(encoder.input_keys)])
    (tokens * shares.unsqueeze(-1)).sum().backward()
    assert not [name for name, p in encoder.named_parameters() if p.grad is None]  # distributed training needs all


def test_readability_is_joined():
    encoder = make(readability=True)
    assert encoder.input_keys == ("text", "text_weight", "text_box")
    numbers = readability(WEIGHT, BOX)
    assert_close(encoder(TEXT, WEIGHT, BOX)[:2], encoder.mlp(torch.cat([MEANS, numbers], dim=1))[:2])
    tokens, _ = encoder.encode_tokens(TEXT, WEIGHT, BOX)
    assert_close(tokens[1, 0], encoder.mlp(torch.cat([TEXT[1, 0], numbers[1]])))


def test_errors():
    with pytest.raises(ValueError, match="pooling must be one of mean, attention, transformer, got 'max'"):
        Word2VecEncoder(pooling="max")
    with pytest.raises(ValueError, match=r"word vectors are 3 wide, but text_encoder\.in_channels is 2"):
        make()(torch.zeros(1, 4, 3), torch.ones(1, 4))
    with pytest.raises(ValueError, match="transformer is for pooling='transformer', but pooling is 'mean'"):
        Word2VecEncoder(transformer={"depth": 1})
    for kwargs in (LAYOUT, {"readability": True}):
        with pytest.raises(ValueError, match="pooling='transformer' and readability=True need text_box"):
            make(**kwargs)(TEXT, WEIGHT)
