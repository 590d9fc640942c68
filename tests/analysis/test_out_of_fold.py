"""Plain models that judge images they did not see."""

import numpy as np
import pytest

from kdxf.analysis.baselines import LabelledImages, regress, unit_rows
from kdxf.analysis.out_of_fold import joint_features, neighbour_shares, out_of_fold
from kdxf.data.folds.assign import assign_folds
from kdxf.errors import UserError

CLASSES = ["a", "b", "c"]


def images(labels, texts=None, seed=0):
    labels = np.array(labels)
    random = np.random.default_rng(seed)
    features = unit_rows(np.eye(3)[labels] + 0.3 * random.normal(size=(len(labels), 3)))
    names = [f"{number}.jpg" for number in range(len(labels))]
    return LabelledImages(names, labels, texts or [""] * len(labels), features)


def test_neighbours_are_other_images():
    """Three images close together and one apart: the apart one has three neighbours, all of them the others."""
    features = unit_rows(np.array([[1, 0.1], [1, 0.0], [1, -0.1], [-1, 0.0]]))
    found = neighbour_shares(features, np.array([0, 0, 1, 2]), 3)
    np.testing.assert_allclose(
        found, [[1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3], [2 / 3, 0, 1 / 3], [2 / 3, 1 / 3, 0]]
    )
    found = neighbour_shares(unit_rows(np.vstack([np.eye(2)[[0] * 7], [[0, 1]]])), np.array([0] * 6 + [1, 1]), 2)
    np.testing.assert_allclose(found[6], [1, 0])  # its own label does not count


def test_text_joins_the_image_in_few_dimensions():
    found = images([0, 1, 2], ["milk", "milk oat", ""])
    joined = joint_features(found)
    assert joined.shape == (3, 3 + 2) and joined.dtype == np.float32
    np.testing.assert_array_equal(joined[:, :3], found.features)
    # Two dimensions hold two texts entirely: the cosine of their TF-IDF stays.
    text = joined[:, 3:]
    assert np.linalg.norm(text[:2], axis=1) == pytest.approx([1, 1], abs=1e-5) and not text[2].any()
    np.testing.assert_array_equal(joint_features(images([0, 1, 2])), images([0, 1, 2]).features)


def test_no_image_is_judged_by_its_own_label():
    found = images([0, 1, 2] * 8, ["red", "green", "blue"] * 8)
    before = out_of_fold(found, CLASSES, folds=4)
    assert list(before.images) == list(found.images) and (before.scores.argmax(axis=1) == found.labels).all()
    np.testing.assert_allclose(before.scores.sum(axis=1), 1, atol=1e-5)
    # By hand: the mean of regression on the other folds and of the neighbours.
    import pandas as pd

    frame = pd.DataFrame({"image": list(found.images), "label": found.labels.astype(str)})
    held = assign_folds(frame, np.arange(24), 4, 0).frame["fold"].to_numpy() == 0
    joined = joint_features(found)
    expected = regress(joined[~held], joined[held], found.labels[~held], CLASSES)
    expected = (expected + neighbour_shares(found.features, found.labels, 3)[held]) / 2
    np.testing.assert_allclose(before.scores[held], expected, atol=1e-6)


def test_a_class_of_one_image_is_not_judged():
    found = out_of_fold(images([0] * 5 + [1] * 5 + [2]), CLASSES, folds=5)
    assert len(found) == 10 and "10.jpg" not in found.images
    with pytest.raises(UserError, match="^no class has images in two groups, so nothing can be validated"):
        out_of_fold(images([0, 1, 2]), CLASSES)
