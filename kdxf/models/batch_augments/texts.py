"""Two texts in one sample. Shapes: N batch, L tokens (or n-grams) of one text."""

from collections.abc import Mapping

import torch
from torch import Tensor

from kdxf.errors import UserError

JOINED_KEYS = ("text", "text_weight", "text_box", "ngram_ids", "ngram_weight")
"""Inputs of which the words of both texts become one text, without an order."""

PAIRED_KEYS = ("text_ids", "text_mask")
"""Inputs of a transformer, to which order means something: the two texts stay apart."""

WEIGHT_KEYS = ("text_weight", "ngram_weight", "text_mask")
"""What tells how much each token counts."""


def mix_texts(texts: Mapping[str, Tensor], partner: Tensor, shares: Tensor) -> dict[str, Tensor]:
    """Give every sample the text of another one beside its own.

    Args:
        texts: Inputs of a text encoder, each (N, L) or (N, L, ...).
        partner: The other sample of each sample (N,), int64.
        shares: What the sample's own text, then its partner's, counts (N, 2). The weights are multiplied by it; padding
            stays 0, and a text whose share is 0 is padding.

    Returns:
        The inputs of :data:`JOINED_KEYS` as (N, 2 L, ...): the words of the sample, then those of its partner; the
        inputs of :data:`PAIRED_KEYS` as (N, 2, L).

    Raises:
        UserError: If there is an input of another name.
    """
    mixed = {}
    for key, value in texts.items():
        if key not in JOINED_KEYS and key not in PAIRED_KEYS:
            known = ", ".join(("img", *JOINED_KEYS, *PAIRED_KEYS))
            raise UserError(f"batch_augments cannot mix the input {key!r}, only {known}: train without batch_augments")
        pair = torch.stack((value, value[partner]), dim=1)  # (N, 2, L, ...)
        if key in WEIGHT_KEYS:
            pair = pair * shares.unsqueeze(-1)
        mixed[key] = pair if key in PAIRED_KEYS else pair.flatten(1, 2)
    return mixed
