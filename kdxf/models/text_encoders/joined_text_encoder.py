"""Several text encoders side by side. Shapes: N batch, C channels."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from kdxf.registry import MODELS


@MODELS.register_module()
class JoinedTextEncoder(BaseModule):
    """Concatenate the features of several text encoders, such as word vectors and n-grams.

    ::

        text_encoder=dict(type='JoinedTextEncoder', encoders=[dict(type='Word2VecEncoder'), dict(type='NgramEncoder')])

    It encodes whole documents only and has no tokens for fusions that work on sequences.

    Args:
        encoders: Text encoders, as configs or modules.
        init_cfg: Initialization, as everywhere in MMEngine.

    Attributes:
        input_keys: Keys of the batch inputs that :meth:`forward` takes, in order: those of all encoders, each once.
        out_channels: C, the sum of the encoders'.

    Raises:
        ValueError: There is no encoder.
    """

    def __init__(self, encoders: Sequence[dict | nn.Module], init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if not encoders:
            raise ValueError("encoders is empty; give one text encoder at least")
        # MMEngine's list, unlike torch's, lets the encoders load their initial weights.
        self.encoders = ModuleList([MODELS.build(part) if isinstance(part, dict) else part for part in encoders])
        parts: list[Any] = list(self.encoders)
        self.input_keys = tuple(dict.fromkeys(key for part in parts for key in part.input_keys))
        self.out_channels = sum(part.out_channels for part in parts)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Encode a batch of documents.

        Args:
            *inputs: The inputs that ``input_keys`` names, each (N, ...).

        Returns:
            Text features (N, C).
        """
        named = dict(zip(self.input_keys, inputs, strict=True))
        parts: list[Any] = list(self.encoders)
        return torch.cat([part(*(named[key] for key in part.input_keys)) for part in parts], dim=1)
