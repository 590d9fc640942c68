import warnings
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.data.statistics.collect import Settings, collect
from kdxf.data.statistics.page import class_chart, figures_report, format_figures, histogram, shares_chart
from kdxf.io.class_map import new_class_map


def _texts(svg):
    assert svg.startswith("<svg")
    return [
        "".join(item.itertext()).strip()
        for item in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_few_classes_are_named_the_largest_first():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts = _texts(class_chart([3, 9], ["牛奶 <b>", "a name that is much too long to stand there"]))
    assert texts.index("a name that is much…") < texts.index("牛奶 <b>")
    assert "images" in texts


def test_many_classes_are_not():
    assert "c7" not in _texts(class_chart([5] * 60, [f"c{row}" for row in range(60)]))
    assert "c7" not in _texts(class_chart(np.arange(1, 3000), [f"c{row}" for row in range(2999)]))


def test_histograms_and_shares():
    assert "edge" in _texts(histogram(np.array([1, 10, 1000]), "edge", log_scale=True))
    assert {"10", "20", "50", "1000"} <= set(_texts(histogram(np.array([1, 10, 1000]), "edge", log_scale=True)))
    assert "edge" in _texts(histogram(np.array([7, 7]), "edge", log_scale=True))  # all alike
    texts = _texts(shares_chart(["x", "y"], [0.5, 0.5], [0.2, 0.8]))
    assert {"x", "y", "training list", "predicted"} <= set(texts)
    assert class_chart([1, 2], ["a", "b"]) == class_chart([1, 2], ["a", "b"])


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
    for heading in ("Compared with the first list", "Images per class", "Examples", "Image sizes", "Text", "Predicted"):
        assert f"<h2>{heading}" in page
    assert page.count("<svg ") == 5  # classes, longer edge, shape, characters, predictions
    assert page.count("base64,") == 14 and "cannot open the file" in page
    assert "1 images have no readable header; tools/data/verify.py says why." in page
    assert "15 of 15 images have text." in page
