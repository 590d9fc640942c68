"""From words to hashed character n-grams."""

import pickle
import re

import numpy as np
import pytest
from gensim.models.fasttext import ft_ngram_hashes

from kdxf.datasets import HashNgrams
from kdxf.errors import UserError
from kdxf.registry import TRANSFORMS
from kdxf_runtime.steps.ngrams import word_ngrams

BUCKETS = 10007


def bucket_of(ngram):
    """The bucket of an n-gram that may have marks: 32-bit FNV-1a, with Python's own numbers."""
    value = 2166136261
    for byte in ngram.encode():
        value = (value ^ (byte if byte < 128 else byte - 256)) * 16777619 % 2**32
    return value % BUCKETS


def document(**scores):
    return {"tokens": list(scores), "token_scores": np.array(list(scores.values()), np.float32)}


@pytest.mark.parametrize("text", ["ab", "mjölk", "牛奶"])
def test_the_reference_of_this_test(text):
    # <a, ab and b>, say, are as long as ab; the second is ab itself
    assert ft_ngram_hashes(text, len(text), len(text), BUCKETS)[1] == bucket_of(text)


AB, CD = ["<a", "ab", "b>", "<ab>"], ["<c", "cd", "d>", "<cd>"]


@pytest.mark.parametrize(
    ("tokens", "ngrams", "weight"),
    [  # the table of the docstring
        ({}, [], [0] * 8),
        ({"ab": 1}, AB, [1 / 2] * 4 + [0] * 4),
        ({"ab": 1, "cd": 0.5}, AB + CD, [1 / 2 / 2**0.5] * 4 + [0.5 / 2 / 2**0.5] * 4),
        ({"ab": 1, "cd": 0.5, "e": 1}, AB + CD, [1 / 2 / 2**0.5] * 4 + [0.5 / 2 / 2**0.5] * 4),
        # and what no longer fits does not keep a shorter word out: 4 + 5 > 8, 4 + 3 < 8
        ({"ab": 1, "abc": 1, "e": 1}, [*AB, "<e", "e>", "<e>"], [1 / 2 / 2**0.5] * 4 + [1 / 6**0.5] * 3 + [0]),
    ],
)
def test_hashing(tokens, ngrams, weight):
    found = HashNgrams(BUCKETS, shortest=2, longest=2, max_ngrams=8).transform(document(**tokens))
    assert found["ngram_ids"].dtype == np.int64 and found["ngram_weight"].dtype == np.float32
    assert found["ngram_ids"].tolist() == [bucket_of(text) for text in ngrams] + [0] * (8 - len(ngrams))
    np.testing.assert_allclose(found["ngram_weight"], weight, rtol=1e-6)


@pytest.mark.parametrize(
    ("shortest", "longest", "word", "ngrams"),
    [
        (2, 5, "abc", ["<a", "<ab", "<abc", "<abc>", "ab", "abc", "abc>", "bc", "bc>", "c>"]),  # <abc> only once
        (1, 1, "ab", ["a", "b", "<ab>"]),
        (1, 3, "牛奶", ["<牛", "<牛奶", "牛", "牛奶", "牛奶>", "奶", "奶>", "<牛奶>"]),
        (5, 6, "a", ["<a>"]),  # shorter than any n-gram
    ],
)
def test_ngrams_of_a_word(shortest, longest, word, ngrams):
    assert list(word_ngrams(word, shortest, longest, BUCKETS)) == [bucket_of(text) for text in ngrams]


def test_the_sum_does_not_grow_with_words_and_documents():
    transform = HashNgrams()
    for words in ({"a": 1}, {"strawberry": 1}, {"a": 1, "strawberry": 1, "yoghurt": 1, "3,0%": 1}):
        weight = transform.transform(document(**words))["ngram_weight"]
        assert (weight**2).sum() == pytest.approx(1)  # the variance of a sum of random vectors of variance 1


def test_a_word_that_is_too_long_is_cut():
    found = HashNgrams(shortest=2, longest=2, max_ngrams=4).transform(document(abcdef=1))
    assert found["ngram_ids"].tolist() == list(word_ngrams("abcdef", 2, 2, 2**15))[:4]
    assert found["ngram_weight"].tolist() == [0.5] * 4


def test_copies_in_loader_workers_hash_the_same():
    transform = TRANSFORMS.build({"type": "HashNgrams", "buckets": 50, "max_ngrams": 40})
    copy = pickle.loads(pickle.dumps(transform))
    one, other = (each.transform(document(milk=0.9)) for each in (transform, copy))
    assert one["ngram_ids"].tolist() == other["ngram_ids"].tolist()
    assert one["ngram_ids"].shape == (40,) and one["ngram_ids"].max() < 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"buckets": 0}, "HashNgrams: buckets is 0; give a number above 0"),
        ({"shortest": 0}, "HashNgrams: shortest is 0; give a number above 0"),
        ({"max_ngrams": -1}, "HashNgrams: max_ngrams is -1; give a number above 0"),
        ({"longest": 1}, "HashNgrams: shortest is 2, but longest is 1; give at least as much"),
    ],
)
def test_faults_are_named(options, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        HashNgrams(**options)
