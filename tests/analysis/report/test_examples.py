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
    assert first.alone == {"image alone": (1, pytest.approx(0.9)), "text alone": (2, 1.0)}
    assert [example.index for example in worst_errors(evidence, 1)] == [4]


def test_narrow_hits(evidence):
    """Margins of the right ones: 0.7, 0.5 (image 2), 0.3 (image 3) and 0.05 (image 5)."""
    assert [example.index for example in narrow_hits(evidence, 3)] == [5, 3, 2]


def test_numbers():
    scores = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    assert losses(scores, np.array([0, 1])).tolist() == pytest.approx([-np.log(0.2), -np.log(1e-12)])
