"""The collate function that a loader's config names."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kdxf.registry import FUNCTIONS


def collate_function(loader: Mapping[str, Any]) -> Callable[[list], dict]:
    """Gives what makes a batch of samples.

    Args:
        loader: The config of a loader; without ``collate_fn`` it is mmengine's ``default_collate``, which the tools of
            training and testing fill in.
    """
    options = dict(loader.get("collate_fn") or {"type": "default_collate"})
    kind = options.pop("type")
    return partial(FUNCTIONS.get(kind) if isinstance(kind, str) else kind, **options)
