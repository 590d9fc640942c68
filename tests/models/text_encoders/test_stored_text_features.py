import pytest
import torch
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import StoredTextFeatures


def test_features_and_the_learned_vector():
    encoder = StoredTextFeatures(2).eval()
    torch.nn.init.constant_(encoder.no_text, 7.0)
    found = encoder(torch.tensor([[[0.5, 2.0]], [[1.0, 1.0]]]), torch.tensor([[1.0], [0.0]]))
    assert_close(found, torch.tensor([[0.5, 2.0], [7.0, 7.0]]))
    assert encoder.out_channels == 2


def test_two_documents_count_by_their_shares():
    """As in ``TransformerTextEncoder``, a document without text leaves all to the other."""
    documents = torch.tensor([[[4.0, 0.0], [0.0, 8.0]]] * 3)
    # 0.75 (4, 0) + 0.25 (0, 8) = (3, 2)
    found = StoredTextFeatures(2).eval()(documents, torch.tensor([[0.75, 0.25], [0.0, 0.25], [0.0, 0.0]]))
    assert_close(found, torch.tensor([[3.0, 2.0], [0.0, 8.0], [0.0, 0.0]]))


def test_dropout_in_training_alone():
    encoder = StoredTextFeatures(1000, dropout=0.5)
    documents, weight = torch.ones(1, 1, 1000), torch.ones(1, 1)
    assert 350 < int((encoder(documents, weight) == 0).sum()) < 650
    assert not (encoder.eval()(documents, weight) == 0).any()


def test_another_width():
    with pytest.raises(UserError, match="out_channels is 3, but LoadTextFeature gives 2; set it to that"):
        StoredTextFeatures(3)(torch.ones(1, 1, 2), torch.ones(1, 1))
