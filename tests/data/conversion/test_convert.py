from pathlib import Path

import pandas as pd
import pytest

from kdxf.data.conversion.convert import Annotations, apply_pattern, as_frame, find_key, map_classes, strip_pattern
from kdxf.errors import UserError
from kdxf.io.class_map import new_class_map

SOURCE = Path("list.json")


def _frame(**columns):
    return pd.DataFrame(columns, dtype="str")


def test_a_key_is_what_the_user_names_or_the_first_usual_one():
    assert find_key(None, ("image", "image_id"), ["x", "image_id"], SOURCE, "--image-key") == "image_id"
    assert find_key("x", ("image",), ["x", "image"], SOURCE, "--image-key") == "x"
    with pytest.raises(UserError, match=r"^list.json: no 'y' in it \(found: x\); change --image-key$"):
        find_key("y", (), ["x"], SOURCE, "--image-key")
    with pytest.raises(
        UserError, match=r"list.json: none of the usual names is there \(found: x, z\); name it with --l"
    ):
        find_key(None, ("label",), ["x", "z"], SOURCE, "--label-key")


def test_the_main_columns_come_first_and_are_filled():
    table = _frame(text=["t"], cls=["7"], label=["other"], file=["a.jpg"])
    assert as_frame(table, "file", "cls", SOURCE).to_dict("list") == {"image": ["a.jpg"], "label": ["7"], "text": ["t"]}
    with pytest.raises(UserError, match=r"^list.json: has no rows$"):
        as_frame(table.head(0), "file", "cls", SOURCE)
    with pytest.raises(UserError, match=r"^list.json: entry 2 has no label \('cls' is empty there\)$"):
        as_frame(_frame(file=["a", "b"], cls=["1", " "]), "file", "cls", SOURCE)


def test_a_pattern_makes_paths_and_goes_back():
    frame = _frame(image=["a.jpg", "b.jpg"], label=["7", "12"])
    pattern = "train/{label:0>5}/{image}.png"
    paths = apply_pattern(frame, pattern)
    assert paths["image"].tolist() == ["train/00007/a.jpg.png", "train/00012/b.jpg.png"]
    assert strip_pattern(paths, pattern)["image"].tolist() == ["a.jpg", "b.jpg"]
    assert apply_pattern(frame[["image"]], "x/{image}")["image"].tolist() == ["x/a.jpg", "x/b.jpg"]
    with pytest.raises(UserError, match=r"^--pattern test/{image}: train/00007/a.jpg.png does not follow it; change"):
        strip_pattern(paths, "test/{image}")


def test_what_is_no_pattern_is_said():
    frame = _frame(image=["a.jpg"], label=["7"])
    cases = {
        "train/": r"must hold {image} once, and nothing else in braces but {label}$",
        "{image}{image}": r"must hold {image} once",
        "{image:d}": r"^--pattern {image:d}: Unknown format code 'd'",
        "{image": r"^--pattern {image: expected '}'",
        "{image}{split}": r"nothing else in braces but {label}$",
    }
    for pattern, message in cases.items():
        with pytest.raises(UserError, match=message):
            apply_pattern(frame, pattern)


def test_sparse_ids_are_numbered_in_their_order():
    data = Annotations(_frame(image=["a", "b", "c"], label=["136", "2", "136"]))
    frame, classes = map_classes(data, SOURCE, None, None)
    assert classes.values.tolist() == [[0, "2", "2", 1], [1, "136", "136", 2]]
    assert frame["label"].tolist() == ["136", "2", "136"]
    frame, classes = map_classes(data, SOURCE, {"2": "家电", "136": "电动车"}, None)
    assert frame["label"].tolist() == ["电动车", "家电", "电动车"] and classes["name"].tolist() == ["家电", "电动车"]


def test_a_named_class_without_images_keeps_its_place():
    data = Annotations(_frame(image=["a"], label=["2"]), {"0": "x", "1": "y", "2": "z"})
    frame, classes = map_classes(data, SOURCE, None, None)
    assert frame["label"].tolist() == ["z"] and classes["images"].tolist() == [0, 0, 1]


def test_a_given_map_is_used_as_it_is():
    known = new_class_map(["2", "5", "136"], {"2": "x", "5": "y", "136": "z"})
    data = Annotations(_frame(image=["a", "b"], label=["136", "2"]))
    frame, classes = map_classes(data, SOURCE, None, known)
    assert frame["label"].tolist() == ["z", "x"] and classes["images"].tolist() == [1, 0, 1]
    named = Annotations(_frame(image=["a", "b"], label=["z", "x"]))  # a list that has names already
    assert map_classes(named, SOURCE, None, known)[0]["label"].tolist() == ["z", "x"]
    indexed = Annotations(_frame(image=["a", "b"], label=["1", "2"]), indexed=True)
    assert map_classes(indexed, SOURCE, None, known)[0]["label"].tolist() == ["y", "z"]


def test_an_id_that_the_map_lacks_is_not_taken_for_an_index():
    known = new_class_map(["2", "5", "136"], {"2": "x", "5": "y", "136": "z"})
    with pytest.raises(
        UserError, match=r"^list.json: the class '1' is not in the class map; convert without it, or add"
    ):
        map_classes(Annotations(_frame(image=["a", "b"], label=["2", "1"])), SOURCE, None, known)
    with pytest.raises(UserError, match=r"^list.json: the label '3' is neither one of the 3 class names nor an index"):
        map_classes(Annotations(_frame(image=["a"], label=["3"]), indexed=True), SOURCE, None, known)


def test_indices_are_taken_where_no_id_is_a_number():
    data = Annotations(_frame(image=["a", "b"], label=["1", "milk"]))
    assert map_classes(data, SOURCE, None, new_class_map(["milk", "tea"]))[0]["label"].tolist() == ["tea", "milk"]


def test_names_of_the_form_are_whole_and_differ():
    frame = _frame(image=["a"], label=["2"])
    with pytest.raises(UserError, match=r"^list.json: the class '2' is not among the 1 that it names; add it$"):
        map_classes(Annotations(frame, {"1": "x"}), SOURCE, None, None)
    with pytest.raises(UserError, match=r"^list.json: 2 classes have the name 'x'; names must differ$"):
        map_classes(Annotations(frame, {"1": "x", "2": "x"}), SOURCE, None, None)
