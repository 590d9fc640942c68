import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import NgramEncoder
from kdxf.registry import MODELS

IDS = torch.tensor([[1, 4, 2], [3, 0, 0], [5, 5, 5]])
WEIGHT = torch.tensor([[1.0, 0.5, 2.0], [0.25, 0.0, 0.0], [0.0, 0.0, 0.0]])


def make(**kwargs):
    torch.manual_seed(0)
    encoder = NgramEncoder(**{"buckets": 6, "out_channels": 4, **kwargs}).eval()
    torch.nn.init.normal_(encoder.no_text)
    return encoder


def test_by_hand():
    encoder = make()
    table = encoder.embedding.weight
    first = table[1] + 0.5 * table[4] + 2 * table[2]
    expected = [(row - row.mean()) / (row.var(unbiased=False) + 1e-5).sqrt() for row in (first, 0.25 * table[3])]
    assert_close(encoder(IDS, WEIGHT), torch.stack([*expected, encoder.no_text]), atol=1e-5, rtol=1e-5)


def test_padding_does_not_count():
    encoder = make()
    longer = torch.cat([IDS, torch.full((3, 2), 5)], 1), torch.cat([WEIGHT, torch.zeros(3, 2)], 1)
    assert_close(encoder(*longer), encoder(IDS, WEIGHT))


def test_only_the_ngrams_that_are_there_learn():
    encoder = make().train()
    encoder(IDS, WEIGHT).pow(3).sum().backward()
    assert encoder.embedding.weight.grad.any(dim=1).tolist() == [False, True, True, True, True, False]
    assert encoder.no_text.grad.any()


def test_documents_without_text_train():
    encoder = make().train()
    encoder(IDS, torch.zeros(3, 3)).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())
    assert not encoder.embedding.weight.grad.any()


def test_it_starts_small():
    assert make(buckets=1000, out_channels=10).embedding.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_dropout():
    encoder = make(dropout=0.5, out_channels=64).train()
    assert (encoder(IDS, WEIGHT) == 0).float().mean().item() == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("half", ["autocast", "weights"])
def test_bfloat16(half):
    encoder = make()
    expected = encoder(IDS, WEIGHT)
    if half == "weights":
        found = encoder.bfloat16()(IDS, WEIGHT)
    else:
        with torch.autocast("cpu", torch.bfloat16):
            found = encoder(IDS, WEIGHT)
    assert_close(found.float(), expected.float(), atol=0.05, rtol=0.05)


def test_defaults():
    encoder = MODELS.build({"type": "NgramEncoder"})
    assert encoder.input_keys == ("ngram_ids", "ngram_weight")
    assert encoder.out_channels == 128 and tuple(encoder.embedding.weight.shape) == (2**15, 128)


def test_more_buckets_than_the_encoder_has():
    message = (
        "^the documents have an n-gram in bucket 5, but the text encoder has 5 buckets: give HashNgrams and "
        "NgramEncoder the same number of buckets$"
    )
    with pytest.raises(UserError, match=message):
        make(buckets=5)(IDS, WEIGHT)


def test_an_exported_encoder_gives_the_same(monkeypatch):
    encoder = make()
    expected = encoder(IDS, WEIGHT)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    monkeypatch.setattr(encoder.embedding, "forward", None)  # bags of vectors have no operator in ONNX
    assert_close(encoder(IDS, WEIGHT), expected)
    exported = torch.export.export(encoder, (IDS, WEIGHT))
    assert_close(exported.module()(IDS, WEIGHT), expected)
