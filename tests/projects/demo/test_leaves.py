import random

import numpy as np
import pandas as pd
import pytest
from advertisements.leaves import CLASSES, SIZE, draw_leaf, draw_leaves

from kdxf.errors import UserError


def _spots(kind):
    pixels = np.asarray(draw_leaf(kind, random.Random(3))).reshape(-1, 3).tolist()
    return [214, 126, 38] in pixels, [62, 48, 34] in pixels


def test_a_disease_shows():
    assert [_spots(kind) for kind in CLASSES] == [(False, False), (True, True), (True, False), (False, True)]


def test_laid_out_like_the_contest(tmp_path):
    draw_leaves(tmp_path / "raw", labelled=2, unlabelled=3)
    train = pd.read_csv(tmp_path / "raw" / "train.csv")
    assert list(train) == ["image_id", *CLASSES] and len(train) == 8
    assert (train[list(CLASSES)].sum() == 2).all() and (train[list(CLASSES)].sum(axis=1) == 1).all()
    test = pd.read_csv(tmp_path / "raw" / "test.csv")
    sample = pd.read_csv(tmp_path / "raw" / "sample_submission.csv")
    assert list(test["image_id"]) == list(sample["image_id"]) == ["Test_0", "Test_1", "Test_2"]
    assert list(sample) == list(train)
    names = {path.stem for path in (tmp_path / "raw" / "images").iterdir()}
    assert names == {*train["image_id"], *test["image_id"]}
    assert not list(tmp_path.glob(".*"))


def test_the_seed_decides_and_nothing_is_lost(tmp_path):
    draw_leaves(tmp_path / "a", 1, 1)
    draw_leaves(tmp_path / "b", 1, 1)
    draw_leaves(tmp_path / "c", 1, 1, seed=1)
    read = [(tmp_path / name / "images" / "Test_0.jpg").read_bytes() for name in "abc"]
    assert read[0] == read[1] != read[2]
    with pytest.raises(UserError, match="a exists; choose another folder, or replace it with --overwrite"):
        draw_leaves(tmp_path / "a", 2, 1)
    draw_leaves(tmp_path / "a", 2, 1, overwrite=True)
    assert len(pd.read_csv(tmp_path / "a" / "train.csv")) == 8
    assert SIZE[0] / SIZE[1] == pytest.approx(2048 / 1365, rel=0.01)
