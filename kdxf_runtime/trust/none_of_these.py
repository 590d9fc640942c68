"""A picture of none of the classes: the model's scores are spread over many of them. n images, K classes.

The spread is the entropy of the model's own scores, before any temperature. On photographs of groceries it tells
strange pictures from those of the classes better than the energy of the logits does, and nearly as well as the distance
of the features to the class means, which takes another pass over the training images (docs/benchmarks.md).
"""

import numpy as np

FALSE_ALARMS = 0.05


def spread(scores: np.ndarray) -> np.ndarray:
    """Return the entropy of each image's scores (n, K) in nats, float64 (n,)."""
    logs = np.log(scores, where=scores > 0, out=np.zeros(scores.shape))
    return -(scores * logs).sum(axis=1)


def fit_limit(scores: np.ndarray, false_alarms: float = FALSE_ALARMS) -> float:
    """Return the spread that a share of images of known classes exceeds.

    Args:
        scores: The model's own scores of images of its classes, float (n, K).
        false_alarms: That share, from 0 to 1.
    """
    return float(np.quantile(spread(scores), 1 - false_alarms))
