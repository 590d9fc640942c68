import numpy as np
import pytest

from kdxf.evaluation.routing.paired import paired_interval

Z2 = 1.959964**2


@pytest.mark.parametrize("count", [10, 296, 10_000])
def test_agreement_on_every_image(count):
    # Without an image that differs the score is n d / sqrt(n d (1 - d)), which is z at d = z^2 / (n + z^2).
    assert paired_interval(0, 0, count) == pytest.approx((-Z2 / (count + Z2), Z2 / (count + Z2)))


def test_one_side_is_the_mirror_of_the_other():
    low, high = paired_interval(7, 2, 100)
    assert low < 0.05 < high
    assert paired_interval(2, 7, 100) == pytest.approx((-high, -low))


def test_everything_lost():
    # As wilson's interval of a share of 1: n / (n + z^2) for one that can be lost only.
    low, high = paired_interval(10, 0, 10)
    assert high == 1
    assert 0 < low < 1


def test_it_holds_the_true_difference_in_19_of_20_draws():
    random, held = np.random.default_rng(0), []
    for lost, won, _ in random.multinomial(200, [0.1, 0.05, 0.85], 400):
        low, high = paired_interval(int(lost), int(won), 200)
        held.append(low <= 0.05 <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("counts", [(-1, 0, 10), (0, -1, 10), (6, 5, 10), (0, 0, 0)])
def test_counts_that_do_not_fit(counts):
    with pytest.raises(ValueError, match=f"{counts[0]} lost and {counts[1]} won of {counts[2]} images"):
        paired_interval(*counts)
