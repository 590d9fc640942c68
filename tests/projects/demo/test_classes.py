from advertisements.classes import CLASSES, told_by_look, told_by_words
from advertisements.looks import LOOKS
from advertisements.phrases import TOPICS


def test_look_and_words_together_tell_every_class():
    assert len({(item.look, item.words) for item in CLASSES}) == len(CLASSES) == len({item.name for item in CLASSES})


def test_looks_and_topics_are_those_that_exist():
    assert {item.look for item in CLASSES} == set(LOOKS)
    assert {item.words for item in CLASSES} == set(TOPICS)


def test_one_modality_cannot_do_it_alone():
    """Of classes that share a look (or words), the best guess gets one right: 8 of 12 classes in total."""
    assert sum(map(told_by_look, CLASSES)) == 5 and len(LOOKS) == 8
    assert sum(map(told_by_words, CLASSES)) == 5 and len(TOPICS) == 8
    assert not any(told_by_look(item) and told_by_words(item) for item in CLASSES)
