import numpy as np
import pandas as pd

from kdxf.data.sampling import ranks_in_class, spread_over_classes

IMAGES = pd.Series([f"{number}.jpg" for number in range(20)])
LABELS = np.array([0] * 12 + [1] * 6 + [2] * 2)


def test_every_class_is_numbered_from_zero_and_the_order_of_the_rows_does_not_matter():
    ranks = ranks_in_class(IMAGES, LABELS, seed=1)
    for label, count in ((0, 12), (1, 6), (2, 2)):
        assert sorted(ranks[label == LABELS]) == list(range(count))
    shuffled = np.random.default_rng(0).permutation(20)
    again = ranks_in_class(IMAGES.iloc[shuffled], LABELS[shuffled], seed=1)
    assert (again == ranks[shuffled]).all()
    assert (ranks_in_class(IMAGES, LABELS, seed=2) != ranks).any()
    assert (ranks[:12] != np.arange(12)).any()


def test_classes_keep_their_shares():
    ranks = ranks_in_class(IMAGES, LABELS, seed=0)
    half = spread_over_classes(LABELS, ranks, 10)
    assert np.bincount(LABELS[half]).tolist() == [6, 3, 1]
    assert (ranks[half] < 12).all() and half.sum() == 10
    assert spread_over_classes(LABELS, ranks, 0).sum() == 0 and spread_over_classes(LABELS, ranks, 20).all()
