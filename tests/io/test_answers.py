"""Answers become predictions: matched by name, listed where they are no name."""

import re
from pathlib import Path

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.io.answers import (
    UNMATCHED,
    Answers,
    describe,
    match,
    normalized,
    of_list,
    predictions_of,
    read_answers,
    read_meanings,
    unmatched,
)

CLASSES = ["Oat_Milk", "Soy-Milk", "奶粉", "Crème", "A B", "AB"]


def refused(message):
    return pytest.raises(UserError, match=re.escape(message))


def answers(texts, confidences=None, labels=None):
    images = [f"{index}.jpg" for index in range(len(texts))]
    return Answers(Path("a.csv"), images, texts, np.array(confidences or [1.0] * len(texts)), labels)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_normalized():
    assert {normalized(text) for text in ("Oat_Milk", 'oat milk"', "ＯＡＴ-ＭＩＬＫ.", " oAtmiLK ")} == {"oatmilk"}
    assert normalized("Crème，３％") == "creme3" and normalized("。") == ""


def test_match():
    texts = ["Oat_Milk", "soy milk.", "「奶粉」", "creme", "A B", "a b", "oat", "?", ""]
    # "a b" is the normalized form of two classes.
    assert match(texts, CLASSES).tolist() == [0, 1, 2, 3, 4, *[UNMATCHED] * 4]
    assert match(["oat", "Oat_Milk"], CLASSES, {"oat": 0, "Oat_Milk": 1}).tolist() == [0, 1]


def test_unmatched_are_counted():
    asked = answers(["b", "a", "b", "Oat_Milk"])
    table = unmatched(asked, match(asked.texts, CLASSES))
    assert table.to_numpy().tolist() == [["b", 2, ""], ["a", 1, ""]]
    assert describe(table) == "'b' (2), 'a' (1)"
    many = answers([f"no {index}" for index in range(7)])
    assert describe(unmatched(many, match(many.texts, CLASSES))).endswith("'no 4' (1) and 2 others")


def test_predictions():
    labels = np.array([1, 0, 2])
    found = predictions_of(answers(["x", "y", "nothing"], [0.4, 1.0, 1.0], labels), np.array([1, 0, UNMATCHED]), "abcd")
    # 0.4 and a quarter of 0.6; unmatched: nothing for the true class, a third for the others.
    expected = [[0.15, 0.55, 0.15, 0.15], [1, 0, 0, 0], [1 / 3, 1 / 3, 0, 1 / 3]]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-6)
    assert found.errors == {2: "answered 'nothing', which is no class"}
    assert (found.scores.argmax(axis=1) == labels).tolist() == [True, True, False]
    assert found.source.details["answers"] == "a.csv"
    with refused(
        "a.csv: an answer that is no class counts as wrong, for which the labels are needed; give the labelled"
    ):
        predictions_of(answers(["x"]), np.array([UNMATCHED]), "abcd")
    with refused("an answer that is no class counts as wrong, for which the labels are needed"):
        predictions_of(answers(["x"], labels=np.array([-1])), np.array([UNMATCHED]), "abcd")


def test_read(tmp_path):
    found = read_answers(write(tmp_path / "a.csv", "image,answer,confidence\na.jpg, milk ,0.5\nb.jpg,,1\n"))
    assert (found.images, found.texts, found.confidences.tolist()) == (["a.jpg", "b.jpg"], ["milk", ""], [0.5, 1])
    found = read_answers(write(tmp_path / "b.csv", "label,image\nmilk,a.jpg\n"))
    assert (found.texts, found.confidences.tolist(), found.labels) == (["milk"], [1], None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,text\na.jpg,milk\n", "has no column 'answer' (or 'label'); name it in the header"),
        ("image,answer\n", "has no answers below the header"),
        ("image,answer\na.jpg,b\na.jpg,c\n", "a.jpg stands there twice"),
        (
            "image,answer,confidence\na.jpg,b,1\nb.jpg,c,87%\n",
            "data row 2 has the confidence '87%'; give a number above 0",
        ),
        ("image,answer,confidence\na.jpg,b,0\n", "data row 1 has the confidence '0'; give a number above 0, up to 1"),
        ("image,answer,confidence\na.jpg,b,\n", "data row 1 has the confidence ''; give a number above 0, up to 1"),
    ],
)
def test_refused(text, message, tmp_path):
    with refused(message):
        read_answers(write(tmp_path / "a.csv", text))


def test_order_of_a_list(tmp_path):
    asked = answers(["x", "y", "z"], [0.1, 0.2, 0.3])
    listed = write(tmp_path / "val.csv", "image,label\n2.jpg,奶粉\n0.jpg,AB\n")
    found = of_list(asked, listed, CLASSES)
    assert (found.images, found.texts, found.labels.tolist()) == (["2.jpg", "0.jpg"], ["z", "x"], [2, 5])
    assert found.confidences.tolist() == [0.3, 0.1]
    assert of_list(asked, write(tmp_path / "bare.csv", "image\n1.jpg\n"), CLASSES).labels is None
    with pytest.raises(
        UserError, match="^a.csv: 1 of 2 images of .* have no answer, such as 9.jpg; ask for them as well"
    ):
        of_list(asked, write(tmp_path / "more.csv", "image,label\n9.jpg,AB\n0.jpg,AB\n"), CLASSES)


def test_meanings(tmp_path):
    file = write(tmp_path / "m.csv", "answer,images,label\noat drink,3,Oat_Milk\n")
    assert read_meanings(file, CLASSES) == {"oat drink": 0}
    with refused("the answer 'x' stands there twice; keep one row"):
        read_meanings(write(tmp_path / "n.csv", "answer,label\nx,AB\nx,AB\n"), CLASSES)
