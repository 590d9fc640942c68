from dataclasses import replace

import numpy as np
import pandas as pd

from kdxf.data.statistics.collect import Figures
from kdxf.data.statistics.figures import compare_lists, compare_predictions, long_tail
from kdxf.data.statistics.wording import IN_WORDS, SHARES, advice


def _figures(sizes, **tables):
    """The figures of a list whose class c0, c1, ... has as many images as ``sizes`` says."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    frame = pd.DataFrame({"image": [f"{row}.jpg" for row in range(len(labels))], "label": [f"c{k}" for k in labels]})
    tail = pd.DataFrame([{"list": "train.csv"} | long_tail(pd.Series(sizes))])
    return Figures(frame, labels, sorted(set(frame["label"])), {"lists": tail, **tables}, None, None)


def test_a_good_list_is_called_good():
    figures = _figures([30, 40])
    assert advice(figures) == ["70 images in 2 classes, 30 to 40 each.", "Nothing here stands in the way of training."]
    characters = np.array([3] * 35 + [0] * 35)
    assert advice(replace(_figures([35, 35]), characters=characters))[0] == (
        "70 images in 2 classes, 35 each; 50 % of the images have text."
    )


def test_what_is_wrong_is_said_with_what_to_do():
    figures = _figures([30, 5, 0])
    other = pd.DataFrame({"image": ["0.jpg", "x.jpg"], "label": ["c0", "new"]})
    overlaps = compare_lists({"train.csv": figures.frame, "val.csv": other})
    pixels = np.array([[10, 10]] * 34 + [[0, 0]])
    said = advice(replace(figures, pixels=pixels, tables={**figures.tables, "compared with the first list": overlaps}))
    assert said == [
        "35 images in 2 classes, 5 to 30 each.",
        "1 of 2 images of val.csv are in the first list, too, so that scores on it are too good: take them out of one "
        "of the two.",
        "val.csv lacks 1 classes of the first list: it cannot score them.",
        "val.csv has 1 classes without a training image, which no model can learn: add images of them, or take the "
        "classes out.",
        "1 images cannot be read: tools/data/verify.py says why and leaves them out.",
        "1 classes have fewer than 20 images: collect more of them, or lift them with tools/data/cutmix.py or "
        "tools/data/balance.py.",
    ]


def test_predictions_of_another_mixture_are_called_out():
    trained = pd.Series([50, 50], index=["tea", "milk"])
    alike = compare_predictions(trained, pd.Series([52, 48], index=["tea", "milk"]))
    assert advice(_figures([50, 50], predictions=alike))[1:] == ["Nothing here stands in the way of training."]
    shifted = compare_predictions(trained, pd.Series([80, 20], index=["tea", "milk"]))
    assert advice(_figures([50, 50], predictions=shifted))[1:] == [
        "tea makes up 80.0 % of the predictions, more than its 50.0 % in training: look at its pictures, or is the new "
        "data another mixture?"
    ]


def test_no_name_of_a_program_is_left():
    assert set(SHARES) <= set(IN_WORDS) and not any("_" in words for words in IN_WORDS.values())
    assert not [name for name in long_tail(pd.Series([1])) if "_" in name and name not in IN_WORDS]
