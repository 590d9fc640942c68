"""Misreads text the way OCR does, to train on and to measure with."""

import numpy as np

from kdxf.text.spelling.look_alikes import LIGATURES, look_alikes

# What becomes of a misread character, and how likely. OCR takes most for a look-alike; it also passes over characters,
# reads one twice, and sees gaps that are not there.
_DROPPED, _DOUBLED, _SPLIT = 0.08, 0.02, 0.05
_UNJOINED = {one: several for several, one in reversed([*LIGATURES.items()])}


def corrupt(text: str, rate: float, rng: np.random.Generator) -> str:
    """Misread each character with a probability.

    ============== ================================ ===========================================================
    of the misread example                          what happens
    ============== ================================ ===========================================================
    85 %           ``未`` to ``末``, ``rn`` to ``m`` taken for a look-alike, mostly the likest, or joined or parted
    8 %            ``milk`` to ``mlk``              passed over; without a space two words are one
    5 %            ``milk`` to ``mi lk``            followed by a gap that is not there
    2 %            ``milk`` to ``millk``            read twice
    ============== ================================ ===========================================================

    A character that looks like no other stays as it is where a look-alike would take its place.

    Args:
        text: The text.
        rate: The probability, 0 to 1.
        rng: Where chance comes from.

    Raises:
        ValueError: ``rate`` is not a probability.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie between 0 and 1, got {rate}")
    read = []
    joined = False  # whether this character went into the one before
    for position, misread in enumerate((rng.random(len(text)) < rate).tolist()):
        character = text[position]
        if joined:
            joined = False
        elif not misread:
            read.append(character)
        else:
            chance = rng.random()
            pair = text[position : position + 2]
            if chance < _DROPPED:
                continue
            if chance < _DROPPED + _DOUBLED:
                read.append(character * 2)
            elif chance < _DROPPED + _DOUBLED + _SPLIT:
                read.append(f"{character} ")
            elif pair in LIGATURES and rng.random() < 0.5:
                read.append(LIGATURES[pair])
                joined = True
            else:
                read.append(_look_alike(character, rng))
    return "".join(read)


def _look_alike(character: str, rng: np.random.Generator) -> str:
    """Take one of the characters that look like it, the k-th likest with a chance in proportion to 1 / k."""
    alike = [*look_alikes().get(character, "")]
    if character in _UNJOINED:
        alike.insert(0, _UNJOINED[character])
    if not alike:
        return character
    weights = 1 / np.arange(1, len(alike) + 1)
    return alike[int(rng.choice(len(alike), p=weights / weights.sum()))]
