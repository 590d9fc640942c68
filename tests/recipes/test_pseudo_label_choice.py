import numpy as np
import pytest

from kdxf.recipes.pseudo_label_choice import Choice, best_two, choose

SCORES = np.array(
    [[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.2, 0.3, 0.5], [0.6, 0.4, 0.0], [0.9, 0.0, 0.1]], np.float32
)


def test_the_best_two():
    best, first, second = best_two(SCORES)
    assert best.tolist() == [0, 0, 1, 2, 0, 0]
    np.testing.assert_allclose(first, [0.9, 0.5, 0.7, 0.5, 0.6, 0.9])
    np.testing.assert_allclose(second, [0.1, 0.3, 0.2, 0.3, 0.4, 0.1])
    assert best_two(np.ones((2, 1), np.float32))[2].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (Choice(), [0, 1, 2, 3, 4, 5]),
        (Choice(threshold=0.7), [0, 2, 5]),  # at least 0.7
        (Choice(margin=0.3), [0, 2, 5]),
        (Choice(margin=0.15), [0, 1, 2, 3, 4, 5]),
        (Choice(margin=0.25), [0, 2, 5]),
        (Choice(per_class=1), [0, 2, 3]),  # the first of the two with 0.9
        (Choice(per_class=3), [0, 2, 3, 4, 5]),
        (Choice(threshold=0.6, per_class=3), [0, 2, 4, 5]),
        (Choice(threshold=0.6, margin=0.25, per_class=1), [0, 2]),
        (Choice(threshold=0.95), []),
    ],
)
def test_conditions(choice, rows):
    assert choose(choice, *best_two(SCORES), np.ones(6, bool)).tolist() == rows


def test_only_usable_rows_count():
    usable = np.array([False, True, True, True, True, True])
    assert choose(Choice(per_class=1), *best_two(SCORES), usable).tolist() == [2, 3, 5]


def test_against_sorting_one_class_at_a_time():
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(5), 3000).astype(np.float32)
    best, first, second = best_two(scores)
    ordered = np.sort(scores, axis=1)
    np.testing.assert_array_equal(second, ordered[:, -2])
    expected = []
    for index in range(5):
        rows = [row for row in range(3000) if best[row] == index and first[row] >= np.float32(0.5)]
        expected += sorted(rows, key=lambda row: -first[row])[:20]
    assert choose(Choice(0.5, None, 20), best, first, second, np.ones(3000, bool)).tolist() == sorted(expected)
