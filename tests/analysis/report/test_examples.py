"""Errors by loss, and right answers by margin."""

import numpy as np
import pytest

from kdxf.analysis.report.examples import losses, narrow_hits, worst_errors


def test_errors_by_loss(evidence):
    """Wrong are image 1, whose label has 0.4, and image 4, whose label has 0.05."""
    first, second = worst_errors(evidence, 9)
    assert (first.index, second.index) == (4, 1)
    assert first.loss == pytest.approx(-np.log(0.05)) and second.loss == pytest.approx(-np.log(0.4))
    assert first.best == ((1, pytest.approx(0.9)), (0, pytest.approx(0.05)), (2, pytest.approx(0.05)))
    assert [example.index for example in worst_errors(evidence, 1)] == [4]


def test_narrow_hits(evidence):
    """Margins of the right ones: 0.7, 0.5 (image 2), 0.3 (image 3) and 0.05 (image 5)."""
    assert [example.index for example in narrow_hits(evidence, 3)] == [5, 3, 2]


def test_several_labels(several):
    """Wrong are image 1 (a loss of -ln(0.6 * 0.5 * 0.9) / 3), image 2 and image 3; there is no margin."""
    loss = -np.log([[0.9, 0.8, 0.9], [0.6, 0.5, 0.9], [0.4, 0.9, 0.7], [0.9, 0.2, 0.7]]).mean(axis=1)
    found = worst_errors(several, 9)
    assert [example.index for example in found] == [3, 2, 1]
    assert [example.loss for example in found] == pytest.approx(loss[[3, 2, 1]])
    assert narrow_hits(several, 3) == []


def test_numbers():
    scores = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    assert losses(scores, np.array([0, 1])).tolist() == pytest.approx([-np.log(0.2), -np.log(1e-12)])
