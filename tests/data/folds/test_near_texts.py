from itertools import combinations

import numpy as np
import pytest

from kdxf.data.folds.groups import join
from kdxf.data.folds.near_texts import near_texts


def shingles(text):
    return {text[start : start + 3] for start in range(len(text) - 2)}


def brute_force(texts, similarity):
    pairs = []
    for (row, first), (other, second) in combinations(enumerate(map(shingles, texts)), 2):
        if first | second and len(first & second) / len(first | second) >= similarity:
            pairs.append((row, other))
    return pairs


def found(texts, similarity):
    return sorted(zip(*(rows.tolist() for rows in near_texts(texts, similarity)), strict=True))


def test_by_hand():
    # abc bcd cde def efg | abc bcd cde def efh: 4 of 6 in common.
    texts = ["abcdefg", "abcdefh", "xyz", "ab", ""]
    assert found(texts, 4 / 6) == [(0, 1)]
    assert found(texts, 0.67) == []


def test_shingles_do_not_reach_into_the_next_text():
    assert found(["abcd", "cdab", "dabc"], 0.01) == []
    assert found(["牛奶饼干🍪", "牛奶饼干🍫"], 0.5) == [(0, 1)]  # 2 of 4


def test_shingles_that_occur_twice_count_once():
    assert found(["aaaaaa", "aaaa"], 1.0) == [(0, 1)]


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.9])
def test_as_all_pairs_say(similarity):
    random = np.random.default_rng(1)
    texts = []
    for _ in range(12):  # families of texts, each with more and more changed characters
        text = [*random.choice([*"abcdefghij"], 60)]
        for _ in range(6):
            texts.append("".join(text))
            text[random.integers(60)] = "z"
    expected = brute_force(texts, similarity)
    pairs = found(texts, similarity)
    assert set(pairs) <= set(expected) and len(pairs) == len(set(pairs))
    assert 10 < len(expected) < 400 and len(pairs) >= 0.97 * len(expected)


def test_of_many_alike_all_are_joined_by_few_pairs():
    texts = ["dear customer, your order has left our house, number " + chr(0x4E00 + number) for number in range(300)]
    first, second = near_texts(texts, 0.7)
    assert not join(300, first, second).any() and len(first) < 24 * 16 * 300 < 300 * 299 * 24 / 2


@pytest.mark.parametrize("texts", [[], ["ab", "cd"], ["abc"]])
def test_too_little_text(texts):
    first, second = near_texts(texts, 0.7)
    assert first.shape == second.shape == (0,) and first.dtype == np.int64
