import numpy as np
import pytest
from gensim.models.fasttext import ft_ngram_hashes

from kdxf_runtime.vectors.subwords import CharacterComposer, NgramComposer, ngram_buckets, word_bucket


def test_sum_of_known_characters(make_store):
    store = make_store({"牛": [1, 2], "奶": [10, 20], "牛奶": [5, 5], "last": [-7, -7]})
    compose = CharacterComposer(store.words, np.asarray(store.vectors))
    assert compose("奶牛").tolist() == [11, 22]
    assert compose("牛牛").tolist() == [2, 4]
    assert compose("牛X").tolist() == [1, 2]  # the unknown X is not the last vector
    assert compose("XY") is None
    assert compose("") is None


def test_float16_characters_are_summed_in_float32(make_store):
    store = make_store({"牛": [40000.0], "奶": [40000.0]}, dtype="float16")
    composed = CharacterComposer(store.words, np.asarray(store.vectors))("牛奶")
    assert composed.dtype == np.float32
    assert composed[0] == 80000


def test_mean_of_ngrams():
    # <a> has the 2-grams <a and a>, each in a bucket of its own.
    first, second = ngram_buckets("a", 2, 2, 1000)
    assert first != second
    ngrams = np.zeros((1000, 2), dtype=np.float32)
    ngrams[first] = [2, 4]
    assert NgramComposer(ngrams, 2, 2)("a").tolist() == [1, 2]  # the other is unknown: (2 + 0) / 2, (4 + 0) / 2
    ngrams[second] = [4, 4]
    assert NgramComposer(ngrams, 2, 2)("a").tolist() == [3, 4]
    assert NgramComposer(ngrams, 2, 2)("z") is None
    assert NgramComposer(ngrams, 9, 9)("a") is None


@pytest.mark.parametrize("word", ["", "a", "ost", "mjölk", "手机", "𠮷野家", "iPhone13", "हिन्दी"])
@pytest.mark.parametrize(("shortest", "longest"), [(3, 6), (1, 3), (1, 1), (2, 2)])
def test_buckets_are_those_of_fasttext(word, shortest, longest):
    assert ngram_buckets(word, shortest, longest, 12345) == ft_ngram_hashes(word, shortest, longest, 12345)


@pytest.mark.parametrize("word", ["", "a", "ost", "mjölk", "手机"])
def test_bucket_of_a_word(word):
    whole = len(word) + 2
    assert [word_bucket(word, 12345)] == ngram_buckets(word, whole, whole, 12345)


def test_number_of_ngrams():
    # <ost> in 3-grams and 4-grams: <os ost st> <ost ost>
    assert len(ngram_buckets("ost", 3, 4, 100)) == 5
