"""What a model makes of a single image on the way to a prediction. C channels, K classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Response:
    """What a model made of an image; of several views the mean.

    Attributes:
        scores: Float (K,).
        features: What its head got, float32 (C,), by the name of the classifier in the model: ``''``, or of an ensemble
            ``members.0`` and so on.
        gates: The gates of each gated part, such as ``head`` or ``fusion``: their mean over the classes, where there
            are gates for each, or over the channels of a fusion; by what they let through.
    """

    scores: np.ndarray
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    gates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
