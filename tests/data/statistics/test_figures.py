import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kdxf.data.statistics.figures import (
    class_sizes,
    compare_lists,
    compare_predictions,
    describe_sizes,
    image_size,
    image_sizes,
    long_tail,
    predicted_sizes,
)
from kdxf.errors import UserError


def _frame(rows):
    return pd.DataFrame(rows, columns=["image", "label"])


def test_the_long_tail():
    sizes = class_sizes(pd.Series(["a"] * 6 + ["b"] * 2 + ["c"] * 2), ["a", "b", "c", "d"])
    assert sizes.tolist() == [6, 2, 2, 0]
    # Gini of 2, 2, 6: 2 * (1*2 + 2*2 + 3*6) / (3 * 10) - 4/3 = 0.2667; "a" alone holds half of the images.
    assert long_tail(sizes) == {
        "images": 10, "classes": 4, "without_images": 1, "smallest": 2, "median": 2.0, "largest": 6,
        "imbalance_ratio": 3.0, "gini": 0.2667, "few_below_20": 3, "medium_20_to_100": 0, "many_above_100": 0,
        "half_of_images_in": 1,
    }  # fmt: skip
    tail = long_tail(pd.Series([19, 20, 100, 101]))
    assert (tail["few_below_20"], tail["medium_20_to_100"], tail["many_above_100"]) == (1, 2, 1)
    assert long_tail(pd.Series([5, 5, 5]))["gini"] == 0
    with pytest.raises(ValueError, match="no class has an image"):
        long_tail(pd.Series([0, 0]))


def test_leakage_and_other_shares_are_found():
    train = _frame([("1", "a"), ("2", "a"), ("3", "b"), ("4", "c")])
    val = _frame([("9", "a"), ("2", "a"), ("3", "d"), ("8", "d")])
    row = compare_lists({"train": train, "val": val}).iloc[0].to_dict()
    # shares: a 0.5 / 0.5, b 0.25 / 0, c 0.25 / 0, d 0 / 0.5; half the sum of the differences is 0.5
    assert row == {
        "list": "val", "images": 4, "also_in_first": 2, "example": "2", "other_label": 1, "classes_missing": 2,
        "classes_new": 1, "distance": 0.5,
    }  # fmt: skip
    same = compare_lists({"train": train, "val": _frame([("9", "a"), ("8", "a"), ("7", "b"), ("6", "c")])}).iloc[0]
    assert same["distance"] == 0 and same["also_in_first"] == 0 and same["example"] == ""


def test_predicted_classes_beside_trained_ones(tmp_path):
    table = pd.DataFrame({"image": list("abcd"), "pred_label": [1, 1, 0, 1], "score": 0.5})
    table.to_csv(tmp_path / "p.csv", index=False)
    table.to_parquet(tmp_path / "p.parquet", index=False)
    classes = ["x", "y", "z"]
    predicted = predicted_sizes(tmp_path / "p.csv", classes)
    assert predicted.to_dict() == predicted_sizes(tmp_path / "p.parquet", classes).to_dict() == {"x": 1, "y": 3, "z": 0}
    rows = compare_predictions(pd.Series({"x": 2, "y": 2, "z": 4}), predicted).values.tolist()
    assert rows == [["y", 2, 3, 0.25, 0.75, 0.5], ["z", 4, 0, 0.5, 0, -0.5], ["x", 2, 1, 0.25, 0.25, 0]]


def test_predictions_of_more_classes_are_refused(tmp_path):
    (tmp_path / "p.csv").write_text("image,pred_label,score\na,1,0.5\n")
    with pytest.raises(UserError, match=r"p.csv: predicts class 1, but there are 1; give --classes$"):
        predicted_sizes(tmp_path / "p.csv", ["x"])


def test_sizes_come_from_the_header(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (20, 50)).save(tmp_path / "turned.jpg", exif=exif)
    (tmp_path / "bad.jpg").write_text("no image")
    names = ["a.png", "turned.jpg", "bad.jpg", "none.jpg"]
    assert image_sizes(names, tmp_path, 1).tolist() == [[40, 30], [50, 20], [0, 0], [0, 0]]


def test_a_header_that_lies_far_behind_is_found(tmp_path):
    data = cv2.imencode(".jpg", np.zeros((30, 40, 3), np.uint8))[1].tobytes()
    block = b"\xff\xe3" + (60_002).to_bytes(2, "big") + bytes(60_000)
    (tmp_path / "far.jpg").write_bytes(data[:2] + block * 4 + data[2:])
    assert image_size("far.jpg", tmp_path) == (40, 30)
    (tmp_path / "cut.jpg").write_bytes((data[:2] + block * 4 + data[2:])[:200_000])
    assert image_size("cut.jpg", tmp_path) == (0, 0)
    Image.new("L", (404, 4)).save(tmp_path / "strip.png")
    assert image_size("strip.png", tmp_path) == (0, 0)  # no tool reads it


def test_the_spread_of_sizes():
    table = describe_sizes(np.array([[40, 30], [60, 30], [0, 0], [80, 30]])).set_index("measure")
    assert table.loc["width", ["smallest", "median", "largest"]].tolist() == [40, 60, 80]
    assert table.loc["width / height", "median"] == 2
    assert describe_sizes(np.zeros((2, 2), np.int64)).empty
