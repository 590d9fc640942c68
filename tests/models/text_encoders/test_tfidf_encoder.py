import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import TfidfEncoder


def test_scaled_sum_of_the_documents():
    encoder = TfidfEncoder(2, scale=10.0).eval()
    torch.nn.init.constant_(encoder.no_text, 7.0)
    documents = torch.tensor([[[0.5, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
    # 10 (0.75 (0.5, 0) + 0.25 (0, 1)) = (3.75, 2.5); the second sample has no text.
    found = encoder(documents, torch.tensor([[0.75, 0.25], [0.0, 0.0]]))
    assert_close(found, torch.tensor([[3.75, 2.5], [7.0, 7.0]]))
    assert encoder.out_channels == 2


def test_dropout_in_training_alone():
    encoder = TfidfEncoder(1000, dropout=0.5)
    documents, weight = torch.ones(1, 1, 1000), torch.ones(1, 1)
    assert 350 < int((encoder(documents, weight) == 0).sum()) < 650
    assert not (encoder.eval()(documents, weight) == 0).any()


def test_another_number_of_channels():
    with pytest.raises(UserError, match="in_channels is 3, but the TF-IDF folder gives 2; set it to 'channels' of"):
        TfidfEncoder(3)(torch.ones(1, 1, 2), torch.ones(1, 1))
