"""Whether images are normalized as a backbone's weights want them."""

import logging
from typing import Any

import torch
from mmengine.logging import print_log
from torch import nn


def warn_of_other_normalization(backbone: Any, data_preprocessor: nn.Module) -> None:
    """Logs a warning where images are not normalized as those that the backbone's weights were trained with.

    Weights of AdvProp, EfficientNetV2 and Inception want x * 2 - 1, which is mean = std = 127.5; with ImageNet's usual
    numbers they start from a worse place, and nothing fails.

    Args:
        backbone: One with the attribute ``normalization`` of ``TIMMBackbone``; others, and none, are passed over.
        data_preprocessor: What normalizes, with ``mean`` and ``std`` where it does.
    """
    wanted = getattr(backbone, "normalization", None)
    if wanted is None:
        return
    found = [getattr(data_preprocessor, name, torch.zeros(0)).flatten() for name in ("mean", "std")]
    fits = all(
        values.numel() in (1, 3) and torch.allclose(values.cpu().float(), torch.tensor(row), atol=1.0)
        for values, row in zip(found, wanted, strict=True)
    )
    if not fits:
        mean, std = ([round(value, 3) for value in row] for row in wanted)
        print_log(
            f"the weights of {backbone.model_name} were trained with mean={mean}, std={std}, to_rgb=True; "
            "data_preprocessor has other numbers",
            "current",
            logging.WARNING,
        )
