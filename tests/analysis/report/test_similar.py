"""The map of images, and classes with the same words."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kdxf.analysis.report.similar import alike_in_words, map_images


def test_images_of_equal_scores_are_near():
    """Three classes of 20 images each: the nearest neighbour of an image is of its class."""
    random = np.random.default_rng(0)
    scores = np.full((60, 3), 0.01) + 0.001 * random.random((60, 3))
    scores[np.arange(60), np.arange(60) % 3] = 0.97
    rows, places = map_images(scores)
    assert rows.tolist() == list(range(60)) and places.shape == (60, 2)
    distances = cdist(places, places) + np.diag(np.full(60, np.inf))
    assert (distances.argmin(axis=1) % 3 == np.arange(60) % 3).all()


def test_some_of_many_and_too_few():
    scores = np.random.default_rng(0).dirichlet(np.ones(4), 30)
    rows, places = map_images(scores, most=10)
    assert len(rows) == len(places) == 10 and (np.diff(rows) > 0).all() and rows.max() < 30
    assert map_images(scores[:2])[1].shape == (0, 2)


def test_classes_of_the_same_words():
    """a and b share one word of two, c has others, d none. The idf of a shared word is ln(4/3) + 1, else ln 2 + 1."""
    table = alike_in_words([0, 1, 1, 2, 3], ["milk oat", "milk", "soy", "rice", " "], list("abcd"))
    shared, own = np.log(4 / 3) + 1, np.log(4 / 2) + 1
    expected = shared**2 / (shared**2 + own**2)
    assert table[["class", "neighbour"]].to_numpy().tolist() == [["a", "b"], ["b", "a"]]
    assert table["similarity"].tolist() == pytest.approx([expected] * 2)
    assert alike_in_words([0, 1], ["", " "], list("ab")).empty
