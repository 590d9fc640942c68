"""The lines of text of one advertisement."""

import random
from dataclasses import dataclass

from advertisements.phrases import BRANDS, BUTTONS, FINE_PRINT, SMALL_TALK, TOPICS, fill


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        text: The text.
        role: ``headline``, ``sub``, ``price``, ``button``, ``brand`` or ``fine``; decides size and form.
    """

    text: str
    role: str


def write_lines(topic: str, rng: random.Random) -> list[Line]:
    """Write a headline and up to five smaller lines, from top to bottom.

    The headline and most of the lines below it are about the topic; the rest is what every advertisement says.

    Args:
        topic: Key of :data:`advertisements.phrases.TOPICS`.
        rng: The random generator.
    """
    about = [fill(phrase, rng) for phrase in rng.sample(TOPICS[topic], 4)]
    small_talk = [fill(phrase, rng) for phrase in rng.sample(SMALL_TALK, 3)]
    lines = [Line(about.pop(), "headline")]
    for _ in range(rng.choice([1, 1, 2, 2])):
        text = about.pop() if rng.random() < 0.75 else small_talk.pop()
        lines.append(Line(text, "sub"))
    if rng.random() < 0.1:  # the topic is not always the most prominent line
        lines[0] = Line(small_talk.pop(), "headline")
        lines.append(Line(about.pop(), "sub"))
    if rng.random() < 0.35:
        lines.append(Line(_price(rng), "price"))
    if rng.random() < 0.45:
        lines.append(Line(rng.choice(BUTTONS), "button"))
    if rng.random() < 0.3:
        lines.insert(0, Line(rng.choice(BRANDS), "brand"))
    if rng.random() < 0.15:
        lines.append(Line(rng.choice(FINE_PRINT), "fine"))
    return lines


def _price(rng: random.Random) -> str:
    amount = rng.choice([rng.randint(5, 99), rng.randint(100, 999), rng.randint(10, 399) * 10 - 1])
    return f"¥{amount}.9" if rng.random() < 0.2 else f"¥{amount}"
