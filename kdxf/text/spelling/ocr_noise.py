"""Text misread as OCR misreads it, to train on and to measure with."""

import numpy as np

from kdxf_runtime.spelling.look_alikes import LIGATURES, look_alikes

# The kinds of misreading, with their probabilities. OCR takes most characters for a look-alike; it also skips
# characters, reads one twice, and sees gaps where there are none.
_DROPPED, _DOUBLED, _SPLIT = 0.08, 0.02, 0.05
_UNJOINED = {one: several for several, one in reversed([*LIGATURES.items()])}


def corrupt(text: str, rate: float, rng: np.random.Generator) -> str:
    """Misread each character with a probability.

    ============== ================================ ===========================================================
    of the misread example                          what happens
    ============== ================================ ===========================================================
    85 %           ``未`` to ``末``, ``rn`` to ``m`` read as a look-alike, mostly the closest, or joined or split
    8 %            ``milk`` to ``mlk``              skipped; without a space two words become one
    5 %            ``milk`` to ``mi lk``            followed by a false gap
    2 %            ``milk`` to ``millk``            read twice
    ============== ================================ ===========================================================

    A character without look-alikes stays as it is where a look-alike would replace it.

    Args:
        text: The text.
        rate: The probability, 0 to 1.
        rng: The random generator.

    Raises:
        ValueError: ``rate`` is not a probability.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie between 0 and 1, got {rate}")
    read = []
    joined = False  # whether this character was joined with the one before
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
    """Draw one of the look-alikes of a character, the k-th closest with a probability in proportion to 1 / k."""
    alike = [*look_alikes().get(character, "")]
    if character in _UNJOINED:
        alike.insert(0, _UNJOINED[character])
    if not alike:
        return character
    weights = 1 / np.arange(1, len(alike) + 1)
    return alike[int(rng.choice(len(alike), p=weights / weights.sum()))]
