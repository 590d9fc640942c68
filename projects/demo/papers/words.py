"""The words of the papers: invented ones, common to all, of a topic, or favourites of an author.

A paper is mostly common words. Its topical words are of several topics, its kind's own more often than each other one,
but not always: a paper of a chemist may say more about food than about medicine. So the kinds can be told by the words,
but not with certainty.
"""

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from papers.kinds import KINDS

AUTHORS = 10  # each writes papers of all kinds
_ONSETS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "v",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "oo")
_CODAS = ("", "", "n", "r", "s", "l", "t", "nd", "ck", "m")
_COMMON, _TOPICAL, _FAVOURITE = 400, 200, 50  # words
_SHARES = {"common": 0.54, "topical": 0.26, "favourite": 0.12, "number": 0.08}
_OWN = (3.0, 2.0)  # of the beta distribution of the own topic's share of a paper's topical words


@lru_cache
def vocabulary(name: str, size: int) -> tuple[str, ...]:
    """Invent ``size`` words; the same name gives the same words."""
    rng = random.Random(f"vocabulary {name}")
    words: dict[str, None] = {}
    while len(words) < size:
        syllables = rng.choice((1, 2, 2, 3))
        words["".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables)) + rng.choice(_CODAS)] = None
    return tuple(words)


@lru_cache
def _weights(size: int) -> tuple[float, ...]:
    """Return the cumulative frequencies of words by Zipf's law."""
    return tuple(accumulate(1 / (rank + 3) for rank in range(size)))


def _draw(words: Sequence[str], rng: random.Random) -> str:
    return rng.choices(words, cum_weights=_weights(len(words)))[0]


def write(kind: int, author: int, count: int, rng: random.Random) -> list[str]:
    """Write the words of a paper.

    Args:
        kind: Index of its kind, which is its topic.
        author: Number of its author, from 0 to ``AUTHORS - 1``.
        count: How many words.
        rng: The random generator.
    """
    others = [topic for topic in range(len(KINDS)) if topic != kind]
    own = rng.betavariate(*_OWN)
    shares = [rng.expovariate(1) for _ in others]
    topics = [kind, *others]
    weights = [own, *((1 - own) * share / sum(shares) for share in shares)]
    words = []
    for source in rng.choices(list(_SHARES), list(_SHARES.values()), k=count):
        if source == "number":
            words.append(_number(rng))
        elif source == "topical":
            words.append(_draw(vocabulary(f"topic {rng.choices(topics, weights)[0]}", _TOPICAL), rng))
        elif source == "favourite":
            words.append(_draw(vocabulary(f"author {author}", _FAVOURITE), rng))
        else:
            words.append(_draw(vocabulary("common", _COMMON), rng))
    return words


def price(rng: random.Random) -> str:
    """Make up a price."""
    return f"{rng.uniform(0.5, 60):.2f}"


def _number(rng: random.Random) -> str:
    return rng.choice((str(rng.randint(1, 9999)), f"{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}", price(rng)))
