"""Collation of samples into batches: padding of texts, and the collate function that a config names."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from torch import Tensor

from kdxf.registry import FUNCTIONS

DOCUMENTS = {
    "text_mask": ("text_ids", "text_boxes"),
    "text_weight": ("text", "text_box"),
    "ngram_weight": ("ngram_ids",),
}
"""The masks that tell words (or n-grams) from padding, and their inputs; all have the words in dimension 1."""


# Registered with mmengine itself: its Runner ignores collate functions in the registry of the config's scope.
@MMENGINE_FUNCTIONS.register_module()
def pad_collate(data_batch: Sequence[Mapping]) -> dict:
    """Make a batch whose texts are padded to its longest document, not to the longest that the pipeline allows.

    Images keep the memory order in which they were packed, (N, H, W, 3), so that each is copied once and in one piece;
    ``default_collate`` in a loader's worker reorders them byte by byte, and a ``channels_last`` model does it again.
    The rest is mmengine's ``default_collate``. The views of a sample (test-time augmentation) stay equally long.

    Args:
        data_batch: Packed samples; ``inputs`` is a mapping, or a list of the views' mappings.

    Returns:
        ``default_collate``'s batch, its ``img`` (N, 3, H, W) in memory (N, H, W, 3), its ``text_ids``, ``text_mask``
        (N, L) and ``text_boxes`` (N, L, 4), or ``text`` (N, L, D), ``text_weight`` (N, L) and ``text_box`` (N, L, 4),
        cut to the L of the longest document, at least 1; likewise ``ngram_ids`` and ``ngram_weight`` (N, M) to their
        longest M.
    """
    batch = default_collate([{**sample, "inputs": _permuted(sample["inputs"], (1, 2, 0))} for sample in data_batch])
    batch["inputs"] = _permuted(batch["inputs"], (0, 3, 1, 2))
    views = batch["inputs"] if isinstance(batch["inputs"], list) else [batch["inputs"]]
    for mask, others in DOCUMENTS.items():
        masked = [view for view in views if isinstance(view, dict) and mask in view]
        length = max((_length(view[mask]) for view in masked), default=0)
        for view in masked:
            view.update({key: view[key][:, :length] for key in (mask, *others) if key in view})
    return batch


def _permuted(inputs: Any, order: tuple[int, ...]) -> Any:
    """Return inputs, or a list of the views' inputs, whose ``img`` has its dimensions in another order."""
    if isinstance(inputs, list):
        return [_permuted(view, order) for view in inputs]
    return {**inputs, "img": inputs["img"].permute(order)} if isinstance(inputs, dict) and "img" in inputs else inputs


def _length(mask: Tensor) -> int:
    """Return the length of the longest document of a mask (N, L), at least 1."""
    used = (mask > 0).any(dim=0).nonzero()
    return int(used.max()) + 1 if len(used) else 1


def collate_function(loader: Mapping[str, Any]) -> Callable[[list], dict]:
    """Return the function that makes a batch of samples.

    Args:
        loader: The config of a loader; without ``collate_fn`` it is mmengine's ``default_collate``, which
            ``tools/train.py`` and ``tools/test.py`` fill in.
    """
    options = dict(loader.get("collate_fn") or {"type": "default_collate"})
    kind = options.pop("type")
    collate: Any = FUNCTIONS.get(kind) if isinstance(kind, str) else kind
    return partial(collate, **options)
