from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.data.statistics.collect import Settings, collect
from kdxf.errors import UserError
from kdxf.io.class_map import new_class_map
from kdxf.text.ocr.writer import OCRTableWriter
from kdxf_runtime.ocr.record import OCRRecord

CLASSES = new_class_map(["0", "1"], {"0": "milk", "1": "tea"})


def _lists():
    train = pd.DataFrame({"image": ["a.png", "b.png", "c.png"], "label": ["milk", "0", "tea"]})
    val = pd.DataFrame({"image": ["a.png", "d.png"], "label": ["milk", "tea"]})
    return {Path("train.csv"): train, Path("val.csv"): val}


def test_without_text_and_images_the_lists_are_described(tmp_path):
    figures = collect(_lists(), CLASSES, Settings(tmp_path, image_sizes=False))
    assert list(figures.tables) == ["lists", "compared with the first list", "classes"]
    assert figures.labels.tolist() == [0, 0, 1] and figures.pixels is None and figures.characters is None
    assert figures.as_json()["classes"] == [{"class": "milk", "images": 2}, {"class": "tea", "images": 1}]
    assert figures.as_json()["compared with the first list"][0]["also_in_first"] == 1


def test_everything(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))
    with OCRTableWriter(tmp_path / "ocr", "engine") as writer:
        writer.add(OCRRecord.from_text("a.png", "Arla\nmilk"))
        writer.add(OCRRecord.from_text("c.png", "kaffe"))
    pd.DataFrame({"image": ["0.png", "1.png"], "pred_label": [0, 1], "score": 0.5}).to_csv(
        tmp_path / "p.csv", index=False
    )
    settings = Settings(tmp_path, ocr=tmp_path / "ocr", predictions=tmp_path / "p.csv")
    figures = collect({Path("train.csv"): _lists()[Path("train.csv")]}, CLASSES, settings)
    assert list(figures.tables) == [
        "lists", "classes", "image sizes", "text per class", "classes with alike text", "predictions",
    ]  # fmt: skip
    assert figures.pixels.tolist() == [[40, 30], [0, 0], [0, 0]] and figures.characters.tolist() == [8, 0, 5]
    assert figures.tables["text per class"]["words"].tolist() == ["arla 1, milk 1", "kaffe 1"]


def test_mistakes(tmp_path):
    lists = {Path("train.csv"): _lists()[Path("train.csv")].assign(text=None)}
    with pytest.raises(UserError, match=r"^--words-of: must be at least 1, not 0$"):
        collect(lists, CLASSES, Settings(tmp_path, words_of=0, image_sizes=False))
    with pytest.raises(
        UserError, match=r"^the column text: no text for any image of the list; check --root and paths$"
    ):
        collect(lists, CLASSES, Settings(tmp_path, image_sizes=False))
