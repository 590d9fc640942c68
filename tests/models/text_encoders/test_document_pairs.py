import torch
from torch.testing import assert_close

from kdxf.models.text_encoders.document_pairs import different_documents, document_shares

# Padding is 0 or whatever else; the texts of samples 0 and 1 are mixed, sample 2 has none and is its own partner.
IDS = torch.tensor([[[2, 5, 3], [2, 3, 0]], [[2, 3, 9], [2, 5, 3]], [[0, 0, 0], [2, 5, 3]]])
MASK = torch.tensor([[[0.7] * 3, [0.3, 0.3, 0]], [[0.7, 0.7, 0], [0.3] * 3], [[0.0] * 3, [0.0] * 3]])


def test_each_document_stands_once():
    ids, mask, which = different_documents(IDS, MASK)
    assert ids.shape == mask.shape == (3, 3) and which.shape == (3, 2)
    assert torch.equal(torch.where(mask > 0, ids, 0)[which], torch.where(MASK > 0, IDS, 0))
    assert torch.equal(mask[which] > 0, MASK > 0)


def test_shares():
    assert_close(document_shares(MASK), torch.tensor([[0.7, 0.3], [0.7, 0.3], [1, 0]]))
    mask = torch.tensor([[[0.7, 0.7], [0, 0]], [[0, 0], [0.3, 0.0]]])  # where one has no text, the other is all
    assert document_shares(mask).tolist() == [[1, 0], [0, 1]]
