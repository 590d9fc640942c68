from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdxf.data.duplicates import results as duplicates_results
from kdxf.data.duplicates.find import Duplicates
from kdxf.data.duplicates.results import advice, groups_table, lists_without, report, summary
from kdxf.data.lists import ImageList
from kdxf.errors import UserError


@pytest.fixture
def lists(tmp_path):
    (tmp_path / "train.csv").touch()
    train = pd.DataFrame({"image": list("abcd"), "label": list("xxyz"), "more": [1, 2, 3, 4]})
    return [
        ImageList(train, tmp_path, tmp_path / "train.csv"),
        ImageList(pd.DataFrame({"image": ["e"]}), tmp_path, tmp_path),
    ]


@pytest.fixture
def found(tmp_path):
    """a and b are the same, c has another label than d, which stands in the other list as e as well."""
    rows = pd.DataFrame({"image": list("abcde"), "list": [0, 0, 0, 0, 1], "row": [0, 1, 2, 3, 0]})
    rows["label"] = pd.Series(["x", "x", "y", "z", pd.NA], dtype="str")
    rows["path"] = [str(tmp_path / image) for image in rows["image"]]
    rows["error"] = pd.Series([None] * 5, dtype="str")
    groups = rows[["row", "image", "list", "label"]].assign(row=range(5))
    groups["group"] = [0, 0, 1, 1, 1]
    groups["kind"] = ["reference", "exact", "reference", "near", "mirrored"]
    groups["distance"] = [0, 0, 0, 0.004, 0.001]
    return Duplicates(rows, groups)


def test_the_table_of_groups(found, lists, tmp_path):
    table = groups_table(found, lists)
    assert list(table.columns) == ["image", "list", "label", "group", "kind", "distance"]
    assert table["list"].tolist() == [str(tmp_path / "train.csv")] * 4 + [str(tmp_path)]


def test_lists_without_duplicates_keep_their_columns(found, lists, tmp_path):
    kept = lists_without(found, lists, Path("out"), "drop")
    assert list(kept) == [Path("out/train.csv"), Path(f"out/{tmp_path.name}.csv")]
    assert kept[Path("out/train.csv")].values.tolist() == [["a", "x", 1]]
    assert [len(frame) for frame in lists_without(found, lists, Path("out"), "keep").values()] == [2, 0]
    with pytest.raises(UserError, match="train.csv: another list has the same name, so out/train.csv would be both"):
        lists_without(found, [lists[0], lists[0]], Path("out"), "drop")


def test_numbers(found, lists):
    numbers = [number for _, number in summary(found, lists, "drop")]
    # Images, unreadable, groups, same bytes, same pixels, near, mirrored, across lists, several labels, left of each.
    assert numbers == [5, 0, 2, 1, 0, 1, 1, 1, 1, 1, 0]


def test_what_was_found_is_said_with_what_to_do(found):
    leak = (
        "1 groups lie in several lists: a model is tested on pictures that it was trained on, and scores too well. "
        "Train and test with the lists of --out-lists."
    )
    assert advice(found, "drop") == [
        "2 groups of duplicates among 5 images; --out-lists leaves out 4.",
        leak,
        "1 groups have several labels: all their pictures go, since nothing says which label is right.",
    ]
    assert advice(found, "keep") == [
        "2 groups of duplicates among 5 images; --out-lists leaves out 3.",
        leak,
        "1 groups have several labels: one picture stays, but look which label is right.",
    ]
    assert advice(Duplicates(found.rows, found.groups.head(0)), "drop") == ["No duplicates among 5 images."]


def test_the_page_calls_out_what_matters_first(found, lists, tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates_results, "_PICTURES", 2)
    for row in found.rows.itertuples():
        Path(row.path).write_bytes(duplicates_results_png())
    report(found, lists, "drop").save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    across, several, within = (
        page.index(f"<h2>{title}") for title in ("In several lists: 1", "With several labels: 1", "Within one")
    )
    assert across < several < within
    assert page.count("<figure>") == 2 + 2 + 2 and page.count("and 1 more") == 2
    assert "near 0.004\nz\ntrain.csv: d" in page[across:several] and "exact\nx\ntrain.csv: b" in page[within:]


def duplicates_results_png():
    import cv2

    return cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))[1].tobytes()
