import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from kdxf.data.word_scores import log_odds, telling_words


def _reference(counts, label, word):
    """Equations 16 to 22 of the paper, word by word, with a prior of the overall frequencies."""
    others = [sum(row[w] for k, row in enumerate(counts) if k != label) for w in range(len(counts[0]))]
    total = sum(map(sum, counts))
    prior = [sum(row[w] for row in counts) / total * total / len(counts) for w in range(len(counts[0]))]

    def odds(own):
        return math.log((own[word] + prior[word]) / (sum(own) + sum(prior) - own[word] - prior[word]))

    deviation = math.sqrt(1 / (counts[label][word] + prior[word]) + 1 / (others[word] + prior[word]))
    return (odds(counts[label]) - odds(others)) / deviation


def test_scores_are_those_of_the_paper():
    counts = [[8, 1, 0, 5], [0, 7, 2, 5], [1, 0, 9, 5]]
    table = log_odds(csr_array(counts))
    assert table[["class", "word", "images"]].to_numpy().tolist() == [
        [k, w, count] for k, row in enumerate(counts) for w, count in enumerate(row) if count
    ]
    for row in table.to_dict("records"):
        assert row["score"] == pytest.approx(_reference(counts, row["class"], row["word"]))
        assert row["elsewhere"] == sum(other[row["word"]] for other in counts) - row["images"]


def test_the_word_of_every_class_tells_nothing_though_it_is_the_most_frequent():
    counts = csr_array([[20, 5, 0], [20, 0, 4]])
    table = telling_words(counts, np.array([20, 20]), top=1)
    assert table[["class", "word"]].to_numpy().tolist() == [[0, 1], [1, 2]]


def test_words_on_one_image_count_only_where_no_word_is_repeated():
    counts = csr_array([[3, 1, 0, 0], [0, 0, 1, 1]])
    table = telling_words(counts, np.array([3, 2]), top=1)
    assert table[["class", "word"]].to_numpy().tolist() == [[0, 0], [1, 2]]
    rare = telling_words(csr_array([[2, 0], [0, 9]]), np.array([21, 9]), top=1)
    assert rare[["class", "word"]].to_numpy().tolist() == [[1, 1]]  # 2 of 21 images are less than a tenth
