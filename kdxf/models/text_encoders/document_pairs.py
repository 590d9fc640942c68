"""Samples with two documents, as batch augmentations make them. Shapes: N batch, L tokens, M different documents."""

import torch
from torch import Tensor


def different_documents(text_ids: Tensor, text_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """List the documents of a batch, each once, so that none is encoded twice.

    A mixed batch holds each of its documents twice: with the sample that it is of, and with that sample's partner.

    Args:
        text_ids: Token ids of the two documents of each sample (N, 2, L), int64.
        text_mask: Their weights (N, 2, L); 0 is padding.

    Returns:
        Token ids (M, L) and weights (M, L) of the different documents, and which of them the two of each sample are
        (N, 2), int64.
    """
    ids, mask = text_ids.flatten(0, 1), text_mask.flatten(0, 1)
    documents, which = torch.where(mask > 0, ids, -1).unique(dim=0, return_inverse=True)
    place = torch.arange(len(ids), device=ids.device)
    place = which.new_empty(len(documents)).scatter_(0, which, place)  # of one document of each kind
    return ids[place], mask[place], which.view(text_ids.shape[:2])


def document_shares(text_mask: Tensor) -> Tensor:
    """Give what each of two documents counts in its sample.

    Args:
        text_mask: Their weights (N, 2, L): one for all tokens of a document, 0 for padding.

    Returns:
        (N, 2); rows sum to 1. A document without text counts nothing, unless neither has text.
    """
    share = text_mask.amax(dim=2)
    total = share.sum(dim=1, keepdim=True)
    return torch.where(total > 0, share / total, share.new_tensor([1.0, 0.0]))
