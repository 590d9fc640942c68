import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.zero_shot.class_vectors import by_examples, by_names, class_scores, joined

AXES = {"a red": [1.0, 0.0], "red": [0.0, 1.0], "a blue": [-1.0, 0.0], "blue": [-1.0, 0.0]}


def test_names_are_the_mean_of_their_prompts():
    found = by_names(["red", "blue"], lambda texts: np.array([AXES[text] for text in texts]), ["a {}", "{}"])
    # (1, 0) and (0, 1) have the mean (1/2, 1/2), of length sqrt(1/2).
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5], [-1, 0]], atol=1e-6)


def test_prototypes():
    features = np.array([[1, 0], [0, 1], [0, -1]], np.float32)
    found = by_examples(features, np.array([0, 0, 1]), ["red", "blue"])
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5], [0, -1]], atol=1e-6)
    with pytest.raises(
        UserError, match="^1 of 3 classes have no example, such as green; add one, or classify by names"
    ):
        by_examples(features, np.array([0, 0, 1]), ["red", "blue", "green"])


def test_scores():
    names, examples = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    both = joined(names, examples)
    np.testing.assert_allclose(both, [[0.5, 0.5], [0, 1]])
    # cosines 0.5 and 0, times 4: e^2 / (e^2 + 1)
    expected = np.exp(2) / (np.exp(2) + 1)
    np.testing.assert_allclose(class_scores(np.array([[1.0, 0.0]]), both, 4), [[expected, 1 - expected]], rtol=1e-6)
    assert np.isfinite(class_scores(np.array([[1.0, 0.0]]), names, 1e4)).all()
