import random
import re
from collections import Counter

from papers.kinds import KINDS
from papers.words import AUTHORS, price, vocabulary, write


def test_a_vocabulary_is_its_name():
    assert vocabulary("topic 0", 50) == vocabulary("topic 0", 50)
    assert len(set(vocabulary("topic 0", 50))) == 50
    assert len(set(vocabulary("topic 0", 50)) & set(vocabulary("topic 1", 50))) < 10


def test_most_topical_words_are_of_the_kind_but_not_in_every_paper():
    topics = [set(vocabulary(f"topic {topic}", 200)) - set(vocabulary("common", 400)) for topic in range(len(KINDS))]
    own, best = [], []
    for seed in range(60):
        words = write(2, seed % AUTHORS, 150, random.Random(seed))
        assert len(words) == 150
        counts = [sum(word in topic for word in words) for topic in topics]
        own.append(counts[2] / sum(counts))
        best.append(max(range(len(KINDS)), key=counts.__getitem__))
    assert 0.4 < sum(own) / len(own) < 0.7
    assert 0.6 < Counter(best)[2] / 60 < 1


def test_an_author_has_favourites():
    favourites = set(vocabulary("author 3", 50)) - set(vocabulary("author 4", 50))
    mine, yours = (sum(word in favourites for word in write(0, author, 500, random.Random(0))) for author in (3, 4))
    assert mine > 3 * yours


def test_a_price():
    assert re.fullmatch(r"\d{1,2}\.\d\d", price(random.Random(0)))
