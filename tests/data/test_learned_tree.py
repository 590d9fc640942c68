import numpy as np
import pandas as pd
import pytest

from kdxf.data.learned_tree import confusion_likeness, learn_parents, learned_table, name_parents
from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.text.ocr import OCRTableWriter
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import WordTokenizer
from kdxf_runtime.ocr.record import OCRRecord

CLASSES = ["oat milk", "soy milk", "juice", "cola", "tea"]


def test_classes_are_alike_as_a_model_confuses_them():
    """Means for class 0: (0.7, 0.2, 0.1); for class 1: (0.4, 0.6, 0); class 2 has no images."""
    scores = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.4, 0.6, 0.0]])
    found = confusion_likeness(scores, np.array([0, 0, 1]))
    first, second = np.sqrt((0.2 + 0.4) / 2), np.sqrt((0.1 + 0) / 2)
    np.testing.assert_allclose(found, [[0, first, second], [first, 0, 0], [second, 0, 0]])


def test_the_most_alike_are_joined_first():
    """0-1 at 0.9, 2-3 at 0.8; 4 is nearer to 2 and 3 (0.5, 0.3: 0.4 on average) than to 0 and 1 (0.45, 0.05: 0.25)."""
    likeness = np.zeros((5, 5))
    for one, other, value in [(0, 1, 0.9), (2, 3, 0.8), (2, 4, 0.5), (3, 4, 0.3), (0, 4, 0.45), (1, 4, 0.05)]:
        likeness[one, other] = likeness[other, one] = value
    before = likeness.copy()
    assert learn_parents(likeness, 4).tolist() == [0, 0, 1, 2, 3]
    assert learn_parents(likeness, 3).tolist() == [0, 0, 1, 1, 2]
    assert learn_parents(likeness, 2).tolist() == [0, 0, 1, 1, 1]
    np.testing.assert_array_equal(likeness, before)
    for parents in (1, 5):
        with pytest.raises(UserError, match=f"^--parents {parents}: give at least 2, and fewer than the 5 classes$"):
            learn_parents(likeness, parents)


@pytest.fixture
def data(tmp_path):
    """Two images of each class; those of the milks say milk, cola and juice say nothing."""
    texts = {"oat milk": "milk oat", "soy milk": "milk soy", "tea": "tea"}
    labels = [label for label in CLASSES for _ in range(2)]
    with OCRTableWriter(tmp_path / "ocr", "annotation") as writer:
        for number, label in enumerate(labels):
            if label in texts:
                writer.add(OCRRecord.from_text(f"{number}.jpg", texts[label]))
    frame = pd.DataFrame({"image": [f"{number}.jpg" for number in range(10)], "label": labels})
    return frame, OCRTable.open(tmp_path / "ocr")


def test_names(data):
    """tea is alone; milk is what both milks say; juice and cola say nothing."""
    frame, ocr = data
    labels = np.repeat(np.arange(5), 2)
    parents = np.array([0, 0, 1, 1, 2])
    names = name_parents(parents, CLASSES, frame["image"].tolist(), labels, ocr, WordTokenizer())
    assert names[1:] == ["juice, cola", "tea"] and names[0].split(" ")[0] == "milk"
    assert name_parents(parents, CLASSES) == ["oat milk, soy milk", "juice, cola", "tea"]
    assert name_parents(np.zeros(5, np.int64), CLASSES) == ["oat milk, soy milk, juice and 2 more"]


def test_a_word_that_is_the_name_of_a_class_is_told_apart(data):
    frame, ocr = data
    classes = ["oat", "soy", "milk oat", "milk soy", "tea"]
    names = name_parents(
        np.array([0, 0, 1, 1, 2]), classes, frame["image"].tolist(), np.repeat(np.arange(5), 2), ocr, WordTokenizer()
    )
    assert names[0] in ("milk oat (oat, soy)", "milk soy (oat, soy)")
    assert names[1:] == ["milk oat, milk soy", "tea"]


def test_a_table(data):
    """The model takes the milks for one another, and juice for cola; predictions may come in any order."""
    frame, ocr = data
    scores = np.eye(5, dtype=np.float32)[np.repeat(np.arange(5), 2)] * 0.6
    for one, other in [(0, 1), (1, 0), (2, 3), (3, 2), (4, 3)]:
        scores[2 * one : 2 * one + 2, other] += 0.4 if one != 4 else 0.1
    order = np.random.default_rng(0).permutation(10)
    found = Predictions([frame["image"][row] for row in order], scores[order], tuple(CLASSES))
    table = learned_table(frame, CLASSES, found, 3, "train.csv", ocr, WordTokenizer())
    assert table["fine"].tolist() == CLASSES
    assert table["coarse"].tolist()[2:] == ["juice, cola", "juice, cola", "tea"]
    assert table["coarse"][0] == table["coarse"][1] and table["coarse"][0].startswith("milk")
    table = learned_table(frame, CLASSES, found, 3, "train.csv", None, WordTokenizer())
    assert table["coarse"][0] == "oat milk, soy milk"
