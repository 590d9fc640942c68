import numpy as np
import pytest

from kdxf.analysis.explain.leaving_out import (
    pipeline_tokenizer,
    with_line,
    without_line,
    without_lines_of,
    without_word,
    words_of,
)
from kdxf.text.ocr import OCRRecord
from kdxf.text.tokenizers import BaseTokenizer, JiebaTokenizer, WordTokenizer


def record_of(*texts):
    boxes = np.arange(len(texts), dtype=np.float32)[:, None, None] * np.ones((1, 4, 2), np.float32)
    scores = np.linspace(1, 0.5, len(texts), dtype=np.float32)
    return OCRRecord("x", list(texts), scores, boxes, 80, 60, "fake", None)


def test_a_line_goes_with_its_score_and_box():
    record = without_line(record_of("a", "b", "c"), 1)
    assert record.texts == ["a", "c"]
    assert record.scores.tolist() == [1.0, 0.5] and record.boxes[:, 0, 0].tolist() == [0, 2]


def test_one_more_line():
    record = with_line(record_of("a"), "shop", (0.5, 0.25))
    assert record.texts == ["a", "shop"] and record.scores.tolist() == [1, 1] and record.boxes.dtype == np.float32
    # the picture is 80 x 60: 4 pixels to either side of x 40, 1.2 above and below y 15
    np.testing.assert_allclose(record.boxes[1], [[36, 13.8], [44, 13.8], [44, 16.2], [36, 16.2]], rtol=1e-6)
    assert not with_line(record_of(), "shop", None).boxes.any()


def test_all_lines_of_a_word():
    record = without_lines_of(record_of("MILK 3%", "red", "fresh milk", "milky"), "milk", WordTokenizer())
    assert record.texts == ["red", "milky"] and record.boxes[:, 0, 0].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("texts", "word", "tokenizer", "left"),
    [
        (["Arla Ko", "ARLA milk"], "arla", WordTokenizer(), ["Ko", "milk"]),  # the docstring's table
        (["满100减50"], "100", JiebaTokenizer(), ["满 减50"]),
        (["Milk", "milk 3%"], "milk", WordTokenizer(), ["3%"]),
        (["milk milky milk"], "milk", WordTokenizer(), ["milky"]),  # not the beginning of another word
        (["milk", ""], "red", WordTokenizer(), ["milk", ""]),
    ],
)
def test_a_word_goes_wherever_it_stands(texts, word, tokenizer, left):
    record = without_word(record_of(*texts), word, tokenizer)
    assert record.texts == left
    assert len(record.boxes) == len(record.scores) == len(left)
    assert word not in words_of(record, tokenizer)


class Backwards(BaseTokenizer):
    """Respells words, as a spelling corrector does."""

    def split(self, text):
        return [word[::-1] for word in text.split()]


def test_a_word_that_the_tokenizer_respells():
    assert without_word(record_of("abc def ghi"), "fed", Backwards()).texts == ["cba ihg"]


def test_different_words_in_order():
    assert words_of(record_of("red milk", "milk blue"), WordTokenizer()) == ["red", "milk", "blue"]


def test_the_tokenizer_of_a_pipeline_is_found_wherever_it_is():
    step = dict(type="kdxf.TokenizeOCR", tokenizer=dict(type="WordTokenizer", normalize_units=True))
    for pipeline in ([dict(type="LoadImage"), step], [dict(type="LoadTextFeature", folder="x", text=[step])]):
        tokenizer = pipeline_tokenizer(pipeline)
        assert isinstance(tokenizer, WordTokenizer) and tokenizer.normalize_units
    assert isinstance(pipeline_tokenizer([dict(type="TokenizeForTransformer")]), JiebaTokenizer)
