import numpy as np
import pytest

from kdxf.analysis.explain.word_traces import WordTrace, trace_words
from kdxf.text.ocr import OCRRecord
from kdxf.text.tokenizers import WordTokenizer


def record_of(lines, size=(200, 100)):
    """Lines (text, x, y of the centre in pixels); None for an unknown place."""
    boxes = np.zeros((len(lines), 4, 2), np.float32)
    for row, (_, place) in enumerate(lines):
        if place is not None:
            boxes[row] = np.array([[-10, -5], [10, -5], [10, 5], [-10, 5]]) + place
    texts = [text for text, _ in lines]
    return OCRRecord("x", texts, np.ones(len(lines), np.float32), boxes, *size, "fake", None)


def trace(texts, classes=("cola", "milk")):
    return trace_words(texts, classes, WordTokenizer())


def test_counts_places_and_names():
    random = np.random.default_rng(0)
    texts = []
    for index in range(10):  # cola: always the stamp at the bottom right, its slogan anywhere on six of ten
        lines = [("SHOP24", (180 + index % 2, 90)), ("Cola", (50, 50))]
        lines += [("taste", random.uniform(20, 80, 2))] if index < 6 else []
        texts.append((record_of(lines), 0))
    texts += [(record_of([("milk taste", (100, 50))]), 1) for _ in range(3)]
    texts += [(record_of([("milk", (100, 50))]), 1) for _ in range(6)] + [(record_of([("SHOP24", (9, 9))]), 1)]
    texts += [(record_of([]), 1)] * 5  # images without words are not counted
    cola, milk = trace(texts)
    assert [found.word for found in cola] == ["shop24", "cola", "taste"]
    stamp, name, slogan = cola
    assert (stamp.line, slogan.line, milk[0].line) == ("SHOP24", "taste", "milk")  # "milk taste" is on fewer texts
    assert stamp.images == 10 and stamp.share == 1.0 and stamp.elsewhere == 0.1  # once on ten texts of milk
    assert stamp.place == pytest.approx((180.5 / 200, 0.9)) and stamp.spread == pytest.approx(0.5 / 200)
    assert stamp.is_fixed and not stamp.is_suspicious  # on a tenth of the other texts, which is too much
    assert name.in_name and name.is_fixed and not name.is_suspicious
    assert slogan.share == 0.6 and slogan.elsewhere == 0.3 and not slogan.is_fixed
    assert [found.word for found in milk] == ["milk"] and milk[0].share == 0.9


def test_without_the_odd_one_out_the_stamp_is_suspicious_and_comes_first():
    texts = [(record_of([("aqua", (10 * index, 50)), ("SHOP24", (180, 90))]), 0) for index in range(7)]
    texts += [(record_of([("aqua", (100, 20))]), 0) for _ in range(3)] + [(record_of([("milk", (9, 9))]), 1)] * 9
    cola, _ = trace(texts)
    assert [(found.word, found.is_suspicious) for found in cola] == [("shop24", True), ("aqua", False)]


def test_a_word_at_no_known_place_must_be_on_nearly_all_texts():
    def texts(count):
        return [(record_of([("shop24" if index < count else "aqua", None)]), 0) for index in range(20)]

    for count, suspicious in ((18, False), (19, True)):
        found = trace([*texts(count), (record_of([("milk", None)]), 1)])[0][0]
        assert found.place is None and found.spread is None and found.is_fixed is None
        assert found.is_suspicious == suspicious


@pytest.mark.parametrize(
    ("change", "suspicious"),
    [
        ({}, True),
        ({"share": 0.49}, False),
        ({"elsewhere": 0.03}, False),
        ({"spread": 0.04}, False),
        ({"in_name": True}, False),
    ],
)
def test_each_condition_counts(change, suspicious):
    values = dict(word="x", images=9, share=0.5, elsewhere=0.02, place=(0.5, 0.5), spread=0.03, in_name=False, line="x")
    assert WordTrace(**{**values, **change}).is_suspicious == suspicious


def test_a_word_on_few_images_or_of_another_class_is_no_trace():
    texts = [(record_of([("rare", (9, 9)), ("common", (9, 9))]), index // 4) for index in range(8)]
    assert trace(texts) == [[], []]
