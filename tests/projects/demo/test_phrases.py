import random
import re

from advertisements.phrases import BRANDS, BUTTONS, FINE_PRINT, SLOTS, SMALL_TALK, TOPICS, characters, fill


def test_slots_are_filled():
    rng = random.Random(0)
    assert re.fullmatch("[三五六七八]折，满300减(20|30|50)", fill("{fold}折，满300减{off}", rng))
    assert fill("限时特惠", rng) == "限时特惠"


def test_every_slot_exists_and_is_used():
    phrases = [*SMALL_TALK, *(phrase for topic in TOPICS.values() for phrase in topic)]
    assert {slot for phrase in phrases for slot in re.findall(r"\{(\w+)\}", phrase)} == set(SLOTS)


def test_topics_and_small_talk_share_no_phrase():
    phrases = [*SMALL_TALK, *(phrase for topic in TOPICS.values() for phrase in topic)]
    assert len(phrases) == len(set(phrases))


def test_characters_cover_every_text():
    rng, known = random.Random(0), set(characters())
    for phrase in [*BUTTONS, *FINE_PRINT, *BRANDS, *SMALL_TALK, *(p for topic in TOPICS.values() for p in topic)]:
        assert set(fill(phrase, rng)) <= known
    assert set("¥.0123456789") <= known and "{" not in known
