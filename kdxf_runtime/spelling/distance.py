"""The distance between a word that OCR read and a known word, and the limits within which it counts as misread."""

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from kdxf_runtime.spelling.look_alikes import is_look_alike

LOOK_ALIKE_COST = 0.5
_LONGEST = 24
# Repeated here because the tokenizers' pattern comes with jieba, which opening a store need not load.
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# Letters that OCR cannot tell apart become one: those of one shape, and those that run together.
_ONE_SHAPE = str.maketrans("l|!", "iii")
_RUN_TOGETHER = (("rn", "m"), ("vv", "w"), ("ci", "d"))  # cl, after l has become i


def is_chinese(word: str) -> bool:
    """Return whether a word holds a Chinese character."""
    return _HAN.search(word) is not None


@lru_cache(maxsize=4096)
def skeleton(word: str) -> str:
    """Return a word without the differences that OCR confuses most: case, accents, ``l`` and ``i``, ``rn`` and ``m``.

    ``Mjölk``, ``MJOIK`` and ``rnjölk`` have the skeleton ``mjoik``. Chinese words are their own skeletons.
    """
    letters = word.lower()
    if not letters.isascii():
        parts = unicodedata.normalize("NFKD", letters)
        letters = "".join(part for part in parts if not unicodedata.combining(part))
    letters = letters.translate(_ONE_SHAPE)
    for several, one in _RUN_TOGETHER:
        letters = letters.replace(several, one)
    return letters


def limit(word: str) -> float:
    """Return the largest :func:`distance` at which a word counts as misread from another; 0 if it never does.

    ========================== ===== =================================================================================
    word                       limit why
    ========================== ===== =================================================================================
    ``3.0%``, ``M4``           0     every other number is as plausible
    ``奶``, ``ost``            0     too short: most similar words are real words
    ``奶牛``, ``牛奶巧克力``   0.5   one look-alike; Chinese words that differ by other characters differ in meaning
    ``mjölk``                  0.5   short: one look-alike
    ``bananen``                1     one letter misread, dropped or added
    ========================== ===== =================================================================================
    """
    if len(word) > _LONGEST or any(character.isdigit() for character in word):
        return 0
    if is_chinese(word):
        return LOOK_ALIKE_COST if len(word) > 1 else 0
    return 0 if len(word) < 4 else LOOK_ALIKE_COST if len(word) < 6 else 1


def is_short(word: str) -> bool:
    """Return whether a word is so short that many words, rare ones among them, look like it."""
    return len(word) < (3 if is_chinese(word) else 6)


def distance(read: str, word: str) -> float:
    """Return the cost of misreading ``word`` as ``read``.

    A character that is dropped, added or replaced costs 1, replaced by a look-alike 0.5, and what :func:`skeleton`
    makes equal costs nothing. No number counts as a look-alike: ``三十`` and ``三千`` stay apart.
    """
    one, other = skeleton(read), skeleton(word)
    edits = Levenshtein.editops(one, other)
    return sum(
        LOOK_ALIKE_COST if edit.tag == "replace" and _confused(one[edit.src_pos], other[edit.dest_pos]) else 1
        for edit in edits
    )


def _confused(one: str, other: str) -> bool:
    return is_look_alike(one, other) and not one.isnumeric() and not other.isnumeric()
