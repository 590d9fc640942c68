import numpy as np
import pandas as pd
import pytest

from kdxf.data.statistics.text import count_words, overlapping_classes, text_lengths, text_per_class, texts_of
from kdxf.text.ocr.table import OCRTable
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf.text.tokenizers import WordTokenizer
from kdxf_runtime.ocr.record import OCRRecord

# Class 0 and 1 share "arla milk"; "g" stands in every class; class 2 has words of its own.
TEXTS = ["Arla milk g", "Arla milk 1l\n g ", "Arla milk g", "arla milk g", "tea g tea", "tea g", ""]
LABELS = np.array([0, 0, 1, 1, 2, 2, 2])
CLASSES = ["milk", "yoghurt", "tea"]


@pytest.fixture
def frame():
    return pd.DataFrame({"image": [f"{row}.jpg" for row in range(7)], "text": TEXTS})


def test_texts_come_from_the_table_or_from_the_list(frame, tmp_path):
    with OCRTableWriter(tmp_path / "ocr", "engine") as writer:
        for image in ("1.jpg", "0.jpg"):
            writer.add(OCRRecord.from_text(image, f"first of {image}\nsecond"))
    found = texts_of(frame.head(3), OCRTable.open(tmp_path / "ocr")).to_pylist()
    assert found == ["first of 0.jpg\nsecond", "first of 1.jpg\nsecond", None]
    assert texts_of(frame.assign(text=["x"] + [None] * 6), None).to_pylist() == ["x"] + [None] * 6


def test_text_per_class(frame):
    lengths = text_lengths(texts_of(frame, None))
    assert lengths.tolist() == [11, 14, 11, 11, 9, 5, 0]
    table = text_per_class(lengths, LABELS, [*CLASSES, "none"])
    assert table.values.tolist() == [["milk", 2, 1, 12], ["yoghurt", 2, 1, 11], ["tea", 3, 0.667, 7], ["none", 0, 0, 0]]


def test_words_count_once_per_image(frame):
    words = count_words(frame, texts_of(frame, None), LABELS, 3, WordTokenizer(), most=100)
    counts = words.counts.toarray()
    assert dict(zip(words.words, counts.T.tolist(), strict=True)) == {
        "arla": [2, 2, 0], "milk": [2, 2, 0], "g": [2, 2, 2], "1l": [1, 0, 0], "tea": [0, 0, 2],
    }  # fmt: skip
    assert words.images.tolist() == [2, 2, 2]
    fewer = count_words(frame, texts_of(frame, None), LABELS, 3, WordTokenizer(), most=1)
    assert fewer.images.max() == 1


def test_distinctive_words_are_not_those_of_every_class_nor_prices(frame):
    words = count_words(frame, texts_of(frame, None), LABELS, 3, WordTokenizer(), most=100)
    assert words.distinctive(1) == [[("arla", 2)], [("arla", 2)], [("tea", 2)]]
    assert words.distinctive(9)[0] == [("arla", 2), ("milk", 2)]
    numbers = frame.assign(text="90")
    none = count_words(numbers, texts_of(numbers, None), LABELS, 3, WordTokenizer(), most=100)
    assert none.distinctive(3) == [[], [], []]


def test_classes_with_the_same_words_are_found(frame):
    words = count_words(frame, texts_of(frame, None), LABELS, 3, WordTokenizer(), most=100)
    pairs = overlapping_classes(words, CLASSES, 5)
    # "g" stands in all classes and counts for nothing, "1l" in one image alone; "arla" and "milk" are all that is left.
    assert pairs.values.tolist() == [["milk", "yoghurt", 1.0, "arla milk"]]
    assert overlapping_classes(words, CLASSES, 0).empty
