import math

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.data.class_words import SeparatingWords, class_words, format_names, names_page, suggest_names, write_names
from kdxf.data.lists import ImageList
from kdxf.io.class_names import read_class_names
from kdxf.text.ocr import OCRTableWriter
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import WordTokenizer
from kdxf_runtime.ocr.record import OCRRecord


def read(tmp_path, rows):
    """Rows of (class id, text); the images are 0.jpg, 1.jpg, ..."""
    with OCRTableWriter(tmp_path / "ocr", "annotation") as writer:
        for number, (_, text) in enumerate(rows):
            if text:
                writer.add(OCRRecord.from_text(f"{number}.jpg", text))
    names = [f"{number}.jpg" for number in range(len(rows))]
    return pd.DataFrame({"image": names, "label": [item for item, _ in rows]}), OCRTable.open(tmp_path / "ocr")


def test_scores_are_log_odds_with_a_prior(tmp_path):
    """milk stands on 2 of 3 words of class 0, oat on 1, and on 2 of 3 of class 1; eco on 1. 6 words, 2 classes.

    The prior weighs 6 / 2 = 3 and milk has 2 / 6 of it: 1. So milk in class 0: log((2 + 1) / (3 + 3 - 2 - 1)) = 0,
    elsewhere log((0 + 1) / (3 + 3 - 0 - 1)) = log(1 / 5), deviation sqrt(1 / 3 + 1 / 1).
    """
    frame, table = read(tmp_path, [("0", "Milk milk oat"), ("0", "milk 500ml 3.0 x"), ("1", "oat"), ("1", "oat\neco")])
    found = class_words(frame, table, WordTokenizer())
    assert found.ids == ["0", "1"]
    rows = found.words.to_numpy().tolist()
    assert [row[:4] for row in rows] == [["0", "milk", 2, 0], ["1", "oat", 2, 1]]  # eco stands on one image only
    assert rows[0][4] == pytest.approx(math.log(5) / math.sqrt(4 / 3))
    # oat: the prior is 3 * 3 / 6 = 1.5; (2 + 1.5) / (3 + 3 - 3.5) against (1 + 1.5) / (3 + 3 - 2.5).
    deviation = math.sqrt(1 / 3.5 + 1 / 2.5)
    assert rows[1][4] == pytest.approx((math.log(3.5 / 2.5) - math.log(2.5 / 3.5)) / deviation)
    assert found.texts.to_numpy().tolist() == [["0", 2, 2], ["1", 2, 2]]


def test_a_class_of_one_image_may_use_its_words_and_one_without_text_has_none(tmp_path):
    rows = [("2", "havre"), ("10", "mjölk ko"), ("10", "mjölk"), ("10", ""), ("11", ""), ("11", "9,90")]
    frame, table = read(tmp_path, rows)
    found = class_words(frame, table, WordTokenizer(), examples=2)
    assert found.ids == ["2", "10", "11"]
    assert found.words[["id", "word"]].to_numpy().tolist() == [["2", "havre"], ["10", "mjölk"]]
    assert found.texts["with_words"].tolist() == [1, 2, 0]
    assert found.examples == {"2": [0], "10": [1, 2], "11": [4, 5]}
    names, nameless = suggest_names(found)
    assert names == {"2": "havre", "10": "mjölk", "11": "11"} and nameless == ["11"]


def test_a_word_on_few_images_of_a_class_tells_nothing(tmp_path):
    rows = [("0", "rare often" if number < 2 else "often" if number < 5 else "") for number in range(21)]
    found = class_words(*read(tmp_path, [*rows, ("1", "eco")]), WordTokenizer())
    assert found.words[["id", "word", "images"]].to_numpy().tolist() == [["0", "often", 5], ["1", "eco", 1]]


def test_a_list_without_any_words_keeps_its_ids(tmp_path):
    frame, table = read(tmp_path, [("0", "1"), ("1", "")])
    assert suggest_names(class_words(frame, table, WordTokenizer())) == ({"0": "0", "1": "1"}, ["0", "1"])


def test_one_word_in_all_separates_nothing(tmp_path):
    frame, table = read(tmp_path, [("0", "word"), ("1", "word")])
    assert suggest_names(class_words(frame, table, WordTokenizer()))[1] == ["0", "1"]


def test_names_differ():
    class Found:
        ids = ("0", "1", "2", "3", "4")
        words = pd.DataFrame(
            [("0", "milk"), ("0", "cow"), ("1", "milk"), ("1", "cow"), ("1", "lean"), ("2", "milk"), ("2", "cow"),
             ("4", "3")],
            columns=["id", "word"],
        )  # fmt: skip

    names, nameless = suggest_names(Found)
    assert names == {"0": "milk cow", "1": "milk cow lean", "2": "milk cow (2)", "3": "3", "4": "3 (4)"}
    assert nameless == ["3"]
    assert suggest_names(Found, 1)[0]["1"] == "milk cow"


NAMES = {"0": "牛奶", "1": "1"}
FOUND = SeparatingWords(
    ["0", "1"],
    pd.DataFrame([("0", "牛奶", 2, 1, 3.14)], columns=["id", "word", "images", "elsewhere", "score"]),
    pd.DataFrame({"id": ["0", "1"], "images": [2, 1], "with_words": [2, 0]}),
    {"0": [1], "1": [2]},
)


def test_split_can_read_the_names(tmp_path):
    write_names(NAMES, tmp_path / "new" / "names.json")
    assert read_class_names(tmp_path / "new" / "names.json") == NAMES
    assert '"牛奶"' in (tmp_path / "new" / "names.json").read_text(encoding="utf-8")


def test_the_table_names_what_has_no_words():
    assert format_names(FOUND, NAMES, ["1"]).split("\n") == [
        "id                        images  with words  name",
        "0                              2           2  牛奶",
        "1                              1           0  1",
        "classes without telling words, which keep their id (1): 1",
    ]


def test_the_page_has_words_and_pictures(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.zeros((8, 8, 3), np.uint8))
    frame = pd.DataFrame({"image": ["0.jpg", "1.jpg", "2.jpg"], "label": ["0", "0", "1"]})
    names_page(FOUND, NAMES, ["1"], ImageList(frame, tmp_path, tmp_path / "train.csv")).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h2>0: 牛奶</h2>" in page and "<h2>1</h2>" in page
    assert "which keep their id (1)</summary><div>\n<p>1</p>" in page and "<p>1 of 2 classes got a name" in page
    assert '<td>牛奶</td><td class="number">2</td><td class="number">1</td><td class="number">3.14</td>' in page
    assert page.count("<figure>") == 2 and "1.jpg" in page and "0.jpg" not in page
