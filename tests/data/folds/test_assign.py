from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from kdxf.data.folds.assign import ALWAYS_TRAIN, assign_folds, fold_files, folds_report
from kdxf.errors import UserError


def listed(counts):
    rows = [(f"{label}/{number}.jpg", label, number) for label, count in counts.items() for number in range(count)]
    return pd.DataFrame(rows, columns=["image", "label", "number"])


def test_every_fold_has_every_class_alike():
    frame = listed({"a": 23, "b": 10, "c": 5})
    folds = assign_folds(frame, np.arange(38), 5)
    table = pd.crosstab(folds.frame["label"], folds.frame["fold"])
    assert table.loc["b"].tolist() == [2] * 5 and table.loc["c"].tolist() == [1] * 5
    assert sorted(table.loc["a"]) == [4, 4, 5, 5, 5]
    assert sorted(table.sum()) == [7, 7, 8, 8, 8] and folds.warnings == []
    assert list(folds.frame.columns) == ["image", "label", "number", "fold"] and "fold" not in frame
    train, val = folds.lists(3)
    assert set(val["fold"]) == {3} and len(train) + len(val) == 38 and 3 not in set(train["fold"])


def test_no_group_is_divided_and_classes_stay_even():
    random = np.random.default_rng(0)
    frame = listed({"a": 300, "b": 200, "c": 100})
    groups = pd.factorize(random.integers(0, 150, 600))[0]  # across classes
    folds = assign_folds(frame, groups, 5)
    assert (folds.frame.groupby(groups)["fold"].nunique() == 1).all()
    table = pd.crosstab(folds.frame["label"], folds.frame["fold"])
    assert (table.sub([60, 40, 20], axis=0).abs() <= 2).all(axis=None)


def test_another_order_changes_nothing_and_another_seed_much():
    frame = listed({"a": 40, "b": 30})
    groups = np.arange(70) // 2
    first = assign_folds(frame, groups, 4).frame
    places = np.random.default_rng(1).permutation(70)
    turned = assign_folds(frame.iloc[places].reset_index(drop=True), pd.factorize(groups[places])[0], 4).frame
    assert turned.set_index("image")["fold"].to_dict() == first.set_index("image")["fold"].to_dict()
    other = assign_folds(frame, groups, 4, seed=1).frame
    assert 0.1 < (other["fold"] == first["fold"]).mean() < 0.5


def test_small_classes_are_handled_and_named():
    frame = listed({"a": 9, "one": 1, "twins": 2, "two": 2})
    groups = np.array([*range(9), 9, 10, 10, 11, 12])
    folds = assign_folds(frame, groups, 3)
    by_label = folds.frame.groupby("label")["fold"].apply(list)
    assert by_label["one"] == [ALWAYS_TRAIN] and by_label["twins"] == [ALWAYS_TRAIN] * 2
    assert len(set(by_label["two"])) == 2 and ALWAYS_TRAIN not in by_label["two"]
    assert folds.warnings == [
        "classes of one image or one group, which every fold trains on and none validates (2): one, twins",
        "classes that fewer than 3 folds validate (1): two",
    ]
    assert folds.summary()["fold"].tolist() == ["0", "1", "2", "train only"]
    assert folds.summary().iloc[3].tolist() == ["train only", 3, 2, 2, 1, 2]
    assert set(folds.lists(0)[0]["label"]) == {"a", "one", "twins", "two"}


def test_mistakes():
    with pytest.raises(UserError, match="--folds: must be at least 2, not 1"):
        assign_folds(listed({"a": 3}), np.arange(3), 1)
    with pytest.raises(UserError, match="no class has images in two groups, so nothing can be validated"):
        assign_folds(listed({"a": 3, "b": 1}), np.array([0, 0, 0, 1]), 2)
    with pytest.raises(UserError, match="--folds: 5 are too many for this list, 2 would be empty; take fewer"):
        assign_folds(listed({"a": 3}), np.arange(3), 5)


def folds():
    frame = pd.DataFrame({"image": [f"{n}.png" for n in range(6)], "label": list("aaaaab")})
    return assign_folds(frame, np.array([0, 0, 1, 2, 3, 4]), 2)


def test_files():
    found = folds()
    assert list(fold_files(found, Path("out"), lists=False)) == [Path("out/folds.csv")]
    files = fold_files(found, Path("out"), lists=True)
    assert [path.as_posix() for path in files] == [
        "out/folds.csv",
        *(f"out/fold_{fold}/{name}.csv" for fold in (0, 1) for name in ("train", "val")),
    ]
    for fold in (0, 1):
        train, val = (set(files[Path(f"out/fold_{fold}/{name}.csv")]["image"]) for name in ("train", "val"))
        assert train | val == {f"{n}.png" for n in range(6)} and not train & val and "5.png" in train


def test_page(tmp_path):
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    folds_report(folds(), tmp_path).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Groups of several images: 1, the largest 1 are shown" in page and page.count("<figure>") == 2
    assert "Warning:</strong> classes of one image or one group" in page and "train only" in page
