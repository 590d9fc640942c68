"""Answers by a coarser class, computed by hand."""

import json

import numpy as np
import pytest

from kdxf_runtime.trust.back_off import (
    Parents,
    back_off,
    fit_parents,
    parent_scores,
    parents_to_json,
    parse_parents,
)

OF = np.array([0, 0, 1])
NAMES = ("milk", "juice")


def test_a_parent_has_the_scores_of_its_classes():
    found = parent_scores(np.array([[0.4, 0.35, 0.25], [0.1, 0.2, 0.7]], np.float32), OF, 2)
    np.testing.assert_allclose(found, [[0.75, 0.25], [0.3, 0.7]], atol=1e-7)


def test_how_sure_of_parents():
    """The second image is of class 0 and gets class 1, of the same parent; the third gets the wrong parent."""
    scores = np.array([[0.9, 0.1, 0], [0.3, 0.5, 0.2], [0.1, 0.2, 0.7], [0.2, 0.2, 0.6]])
    found = fit_parents(NAMES, OF, scores, np.array([0, 0, 0, 2]), np.array([False, False, False, True]))
    np.testing.assert_allclose(found.sureness, [1.0, 0.8, 0.7, -0.4])
    assert found.right.tolist() == [True, True, False, True] and found.names == NAMES


# Surest first: classes right, right, wrong, wrong, wrong; of the last three, parents right, right, wrong.
SURENESS = np.array([0.9, 0.8, 0.5, 0.45, 0.4])
RIGHT = np.array([True, True, False, False, False])
PARENTS = Parents(NAMES, OF, np.array([0.95, 0.9, 0.8, 0.7, 0.6]), np.array([True, True, True, True, False]))


def test_thresholds():
    found = back_off(SURENESS, RIGHT, PARENTS, 1.0)
    assert found.threshold == 0.8 and (found.leaf.count, found.leaf.coverage, found.leaf.accuracy) == (2, 0.4, 1.0)
    assert found.parent.threshold == 0.7 and (found.parent.count, found.parent.coverage) == (2, 0.4)
    words = (
        "expected: 40.0% of the images get a class (100.0% right, 34.2% to 100.0%, by 2 calibration images), 40.0% a"
    )
    words += " coarser one (100.0% right, 34.2% to 100.0%, by 2 calibration images), and 20.0% go to a person"
    assert str(found) == words
    # Half of them right is enough: all classes but one, and no image is left for a parent that is right.
    assert back_off(SURENESS, RIGHT, PARENTS, 0.5).leaf.count == 4
    assert str(back_off(SURENESS, RIGHT, PARENTS, 0.5)).endswith("0.0% a coarser one, and 20.0% go to a person")


def test_all_are_sure_of_the_class_or_none():
    everything = back_off(SURENESS, np.ones(5, bool), PARENTS, 1.0)
    assert everything.leaf.count == 5 and everything.parent.count == 0 and np.isinf(everything.parent.threshold)
    nothing = back_off(SURENESS, np.zeros(5, bool), PARENTS, 1.0)
    assert nothing.leaf.count == 0 and np.isinf(nothing.threshold) and nothing.parent.count == 4
    assert str(nothing).startswith("expected: 0.0% of the images get a class, 80.0% a coarser one (100.0% right")


def test_an_answer():
    found = back_off(SURENESS, RIGHT, PARENTS, 1.0)
    assert found.answer(np.array([0.36, 0.36, 0.28], np.float32), False) == "milk"
    assert found.answer(np.array([0.1, 0.15, 0.75], np.float32), False) == "juice"
    assert found.answer(np.array([0.36, 0.3, 0.34], np.float32), False) is None
    assert found.answer(np.array([0.36, 0.36, 0.28], np.float32), True) is None  # like none of the classes


def test_there_and_back():
    content = json.loads(json.dumps(parents_to_json(PARENTS)))
    found = parse_parents(content, 3, 5)
    assert found.names == NAMES and found.of.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(found.sureness, PARENTS.sureness)
    np.testing.assert_array_equal(found.right, PARENTS.right)
    assert parents_to_json(None) is None and parse_parents(None, 3, 5) is None
    with pytest.raises(ValueError, match="^parents are not one for each class$"):
        parse_parents(content, 2, 5)
    with pytest.raises(ValueError, match="^parents are not one for each class$"):
        parse_parents({**content, "of": [0, 1, 2]}, 3, 5)
    with pytest.raises(ValueError, match="^parents and sureness are not of the same images$"):
        parse_parents(content, 3, 4)
