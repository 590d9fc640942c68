import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models.batch_augments.texts import JOINED_KEYS, PAIRED_KEYS, mix_texts

PARTNER = torch.tensor([1, 0])
SHARES = torch.tensor([[0.75, 0.25], [0.75, 0.25]])


def test_words_stand_side_by_side():
    text = torch.arange(2 * 2 * 3.0).view(2, 2, 3)
    box = text.new_zeros(2, 2, 4) + torch.tensor([1.0, 2.0]).view(2, 1, 1)
    weight = torch.tensor([[1.0, 0.0], [0.5, 0.25]])  # the second word of the first text is padding
    mixed = mix_texts({"text": text, "text_weight": weight, "text_box": box}, PARTNER, SHARES)
    assert torch.equal(mixed["text"], torch.stack((torch.cat((text[0], text[1])), torch.cat((text[1], text[0])))))
    assert mixed["text_weight"].tolist() == [[0.75, 0, 0.125, 0.0625], [0.375, 0.1875, 0.25, 0]]
    assert mixed["text_box"][:, :, 0].tolist() == [[1, 1, 2, 2], [2, 2, 1, 1]]


def test_ngrams():
    mixed = mix_texts(
        {"ngram_ids": torch.tensor([[5, 6], [7, 0]]), "ngram_weight": torch.tensor([[1.0, 0.5], [1, 0]])},
        PARTNER,
        SHARES,
    )
    assert mixed["ngram_ids"].tolist() == [[5, 6, 7, 0], [7, 0, 5, 6]]
    assert mixed["ngram_weight"].tolist() == [[0.75, 0.375, 0.25, 0], [0.75, 0, 0.25, 0.125]]


def test_a_transformers_texts_stay_apart():
    mixed = mix_texts(
        {"text_ids": torch.tensor([[2, 5, 3], [2, 3, 0]]), "text_mask": torch.tensor([[1.0, 1, 1], [1, 1, 0]])},
        PARTNER,
        SHARES,
    )
    assert mixed["text_ids"].dtype == torch.int64
    assert mixed["text_ids"].tolist() == [[[2, 5, 3], [2, 3, 0]], [[2, 3, 0], [2, 5, 3]]]
    assert mixed["text_mask"].tolist() == [[[0.75] * 3, [0.25, 0.25, 0]], [[0.75, 0.75, 0], [0.25] * 3]]


def test_every_text_that_is_packed_can_be_mixed():
    from kdxf.datasets.transforms.packing import TEXT_KEYS
    from kdxf.datasets.transforms.silencing import TEXT_WEIGHTS
    from kdxf.models.batch_augments.texts import WEIGHT_KEYS

    assert set(TEXT_KEYS) == {*JOINED_KEYS, *PAIRED_KEYS}
    assert set(TEXT_WEIGHTS) == set(WEIGHT_KEYS)


def test_other_inputs():
    with pytest.raises(UserError, match="^batch_augments cannot mix the input 'depth', only img, text, .*: train with"):
        mix_texts({"depth": torch.zeros(2, 3)}, PARTNER, SHARES)
    assert_close(mix_texts({}, PARTNER, SHARES), {})
