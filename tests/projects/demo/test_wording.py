import random
import re

from advertisements.phrases import BRANDS, BUTTONS, FINE_PRINT, SLOTS, TOPICS
from advertisements.wording import write_lines


def patterns(topic: str) -> re.Pattern:
    """Return a pattern that matches every text of a topic."""
    slot = {name: "(" + "|".join(entries) + ")" for name, entries in SLOTS.items()}
    return re.compile("|".join(re.sub(r"\{(\w+)\}", lambda match: slot[match[1]], phrase) for phrase in TOPICS[topic]))


def test_every_advertisement_says_what_it_is_about():
    about = patterns("meals")
    for seed in range(300):
        lines = write_lines("meals", random.Random(seed))
        assert any(about.fullmatch(line.text) for line in lines)
        assert [line.role for line in lines].count("headline") == 1
        assert 2 <= len(lines) <= 8
        assert len({line.text for line in lines}) == len(lines)


def test_roles():
    known = {"button": BUTTONS, "brand": BRANDS, "fine": FINE_PRINT}
    seen = set()
    for seed in range(300):
        for line in write_lines("rides", random.Random(seed)):
            seen.add(line.role)
            if line.role in known:
                assert line.text in known[line.role]
            if line.role == "price":
                assert re.fullmatch(r"¥\d{1,4}(\.9)?", line.text)
    assert seen == {"headline", "sub", "price", "button", "brand", "fine"}


def test_seeded():
    assert write_lines("video", random.Random(5)) == write_lines("video", random.Random(5))
