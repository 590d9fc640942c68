"""Evidence of six images and three classes."""

import numpy as np
import pytest

from kdxf.analysis.report.evidence import IMAGE_ALONE, TEXT_ALONE, Evidence
from kdxf.io.predictions import Predictions

SCORES = np.array(
    [[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.05, 0.9, 0.05], [0.45, 0.05, 0.5]],
    np.float32,
)
LABELS = np.array([0, 0, 1, 1, 2, 2])
"""Right: images 0, 2, 3 and 5."""


@pytest.fixture
def evidence():
    def predictions(scores):
        return Predictions([f"{index}.png" for index in range(6)], scores, ("a", "b", "c"), labels=LABELS)

    image, text = SCORES[[0, 0, 1, 5, 4, 4]], np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 2, 2]]
    alone = {IMAGE_ALONE: predictions(image), TEXT_ALONE: predictions(text)}
    return Evidence(predictions(SCORES), alone, [f"/{index}.png" for index in range(6)], None, None, ())


@pytest.fixture
def several():
    """Evidence of four images that may have several of three classes: image 0 alone is right, image 3 has none.

    Missed and given instead: class b for c in image 1; image 2 misses a, and image 3 gets b.
    """
    scores = np.array([[0.9, 0.8, 0.1], [0.6, 0.5, 0.1], [0.4, 0.1, 0.7], [0.1, 0.8, 0.3]], np.float32)
    truth = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 0]], bool)
    given = np.array([[1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 1, 0]], bool)

    def predictions(scores, predicted):
        return Predictions([f"{index}.png" for index in range(4)], scores, ("a", "b", "c"), truth, predicted)

    alone = {IMAGE_ALONE: predictions(scores[:, ::-1].copy(), truth)}
    return Evidence(predictions(scores, given), alone, [f"/{index}.png" for index in range(4)], None, None, ())
