"""Models on stored features as models on pictures and texts: what the stores keep is computed inside the model.

A pipeline of such a model loads the feature of a frozen encoder in place of the picture (``LoadFeature``) or of the
text (``LoadTextFeature``). Without the store, the pipeline prepares what the encoder takes, and the encoder stands in
front of the model. Shapes: N batch, C channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kdxf.datasets.feature_store import FrozenEncoder
from kdxf.datasets.transforms.loading import TEXT_WEIGHTS
from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS

STEPS = ("LoadFeature", "LoadTextFeature")


class FrozenTextEncoder(nn.Module):
    """What ``LoadTextFeature`` gives, computed in the model.

    Args:
        encoder: The frozen text encoder.

    Raises:
        UserError: None of the encoder's inputs tells tokens from padding.
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.input_keys: tuple[str, ...] = tuple(encoder.input_keys)
        self.weight_keys = [key for key in self.input_keys if key in TEXT_WEIGHTS]
        if not self.weight_keys:
            raise UserError(
                f"LoadTextFeature: {type(encoder).__name__} cannot be exported: none of its inputs "
                f"({', '.join(self.input_keys)}) tells tokens from padding"
            )

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``text_feature`` (N, 1, C) and ``text_feature_weight`` (N, 1), both zero where there is no text."""
        feature = self.encoder(*(inputs[key] for key in self.input_keys)).float()
        has_text = torch.stack([(inputs[key] > 0).any(dim=1) for key in self.weight_keys]).any(dim=0).unsqueeze(1)
        feature = torch.where(has_text, feature, 0.0)
        return {
            "text_feature": feature.unsqueeze(1),
            "text_feature_weight": (feature != 0).any(dim=1, keepdim=True).float(),
        }


@dataclass(frozen=True)
class Unstored:
    """A pipeline without feature stores.

    Attributes:
        pipeline: Configs of its transforms.
        image: The frozen image backbone; None where the pipeline loaded no image features.
        text: The frozen text encoder; None where it loaded no text features.
    """

    pipeline: list[dict[str, Any]]
    image: FrozenEncoder | None = None
    text: FrozenTextEncoder | None = None


def without_stores(pipeline: Sequence[dict[str, Any]]) -> Unstored:
    """Put the steps that prepare an encoder's input in the place of those that load its stored features.

    Args:
        pipeline: Configs of the transforms of a test pipeline. Names are looked up in the current scope
            (:func:`kdxf.engine.config.building`).

    Raises:
        UserError: A store is damaged, its encoder lacks weights, or two steps load features of the same kind.
    """
    steps: list[dict[str, Any]] = []
    found: dict[str, nn.Module] = {}
    for step in pipeline:
        kind = type_name(step)
        if kind not in STEPS:
            steps.append(dict(step))
            continue
        if kind in found:
            raise UserError(f"the test pipeline has {kind} twice, of which one cannot be exported; leave one")
        store = TRANSFORMS.build(dict(step)).store
        if kind == "LoadFeature":
            found[kind] = store.encoder
            steps += store.test_steps()
        else:
            found[kind] = FrozenTextEncoder(store.encoder)
            steps += store.text_steps()
    return Unstored(steps, found.get("LoadFeature"), found.get("LoadTextFeature"))  # type: ignore[arg-type]
