import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.data.statistics.collect import Settings, collect
from kdxf.data.statistics.page import figures_report, format_figures
from kdxf.io.class_map import new_class_map


@pytest.fixture
def figures(tmp_path):
    names = [f"{row}.png" for row in range(15)]
    for name in names[:14]:
        cv2.imwrite(str(tmp_path / name), np.zeros((30, 40, 3), np.uint8))
    frame = pd.DataFrame({"image": names, "label": [f"c{row:02d}" for row in range(15)], "text": ["Arla <b>"] * 15})
    pd.DataFrame({"image": ["0.png", "1.png"], "pred_label": [0, 1], "score": 0.5}).to_csv(
        tmp_path / "p.csv", index=False
    )
    lists = {Path("train.csv"): frame, Path("val.csv"): frame.head(2)}
    settings = Settings(tmp_path, predictions=tmp_path / "p.csv")
    return collect(lists, new_class_map(frame["label"]), settings)


def test_long_tables_are_shown_by_their_ends(figures):
    text = format_figures(figures)
    assert "classes (10 of 15 rows)" in text
    assert "c04" in text and "c07" not in text.split("image sizes")[0] and "c14" in text
    assert "classes with alike text: none" in text
    assert "imbalance_ratio" in text and "train.csv" in text and "val.csv" in text


def test_the_page_has_charts_pictures_and_tables(figures, tmp_path):
    figures_report(figures, tmp_path).save(tmp_path / "stats.html")
    page = (tmp_path / "stats.html").read_text(encoding="utf-8")
    for heading in (
        "Lists",
        "Compared with the first",
        "Images per class",
        "Examples",
        "Image sizes",
        "Text",
        "Predicted",
    ):
        assert f"<h2>{heading}" in page
    charts = re.findall(r'<svg viewBox[^>]* aria-label="([^"]+)"', page)
    text = "characters in images that have text"
    assert charts == ["images", "images by longer edge in pixels", "images by width / height", f"images by {text}",
                      "% of images"]  # fmt: skip
    assert len(re.findall(r'<(?:img|use) class="" src="data:|<use href="#p', page)) == 14  # all alike, so stored once
    assert page.count("base64,") == 1 and "cannot open the file" in page
    assert "1 images have no readable header; tools/data/verify.py says why." in page
    assert "15 of 15 images have text." in page


def test_the_page_speaks_in_words_and_in_percent(figures, tmp_path):
    figures_report(figures, tmp_path).save(tmp_path / "stats.html")
    page = (tmp_path / "stats.html").read_text(encoding="utf-8")
    assert not re.search(r"few_below|half_of|also_in|imbalance_ratio|with_text|_share", page)
    assert "<p>15 images in 15 classes, 1 each; 100 % of the images have text.</p>" in page
    assert "<td>classes with fewer than 20 images</td><td>15</td><td>2</td>" in page
    assert "<td>images that are in the first list, too</td><td>2</td>" in page
    row = re.search(r"<tr><td>c00</td>(<td class=\"number\".*?)</tr>", page[page.index(">predictions<") :])[1]
    assert re.findall(r">([^<]+)<", row) == ["1", "1", "6.7", "50.0", "43.3"]  # of 15, of 2


def test_many_classes_are_columns_and_their_table_is_folded(tmp_path):
    frame = pd.DataFrame({"image": [f"{row}.png" for row in range(41)], "label": [f"c{row:02d}" for row in range(41)]})
    lists = {Path("train.csv"): frame}
    figures = collect(lists, new_class_map(frame["label"]), Settings(tmp_path, image_sizes=False))
    figures_report(figures, tmp_path).save(tmp_path / "stats.html")
    page = (tmp_path / "stats.html").read_text(encoding="utf-8")
    assert "images by classes, the largest first" in page and "<summary>All classes</summary>" in page
    assert "Examples of the 12 largest and the 12 smallest classes" in page
