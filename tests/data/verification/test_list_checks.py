from pathlib import Path

import pandas as pd

from kdxf.data.verification.list_checks import (
    count_classes,
    problems_of_files,
    problems_of_labels,
    problems_of_rows,
)


def rows(frame):
    return frame[["image", "problem", "detail"]].to_numpy().tolist()


def frame(**columns):
    return pd.DataFrame(columns, dtype="str")


def test_images_listed_twice_are_named_with_their_labels():
    data = frame(image=["a", "b", "a", "c", "c", "c"], label=["x", "x", "y", "x", "x", "x"])
    assert rows(problems_of_rows(data, {})) == [
        ["a", "listed_twice", "2 rows, labelled x and y"],
        ["c", "listed_twice", "3 rows"],
    ]
    assert rows(problems_of_rows(frame(image=["a", "a"]), {})) == [["a", "listed_twice", "2 rows"]]


def test_images_of_another_list_and_names_that_differ_in_case():
    data = frame(image=["a/x.jpg", "A/x.jpg", "b.jpg"])
    assert rows(problems_of_rows(data, {Path("val.csv"): {"b.jpg", "c.jpg"}})) == [
        ["b.jpg", "in_other_list", "val.csv"],
        ["a/x.jpg", "case_clash", "beside A/x.jpg"],
        ["A/x.jpg", "case_clash", "beside a/x.jpg"],
    ]
    assert rows(problems_of_rows(frame(image=["a", "b"]), {})) == []


def test_files_without_rows_and_the_true_name_of_a_missing_one(tmp_path):
    for name in ("a.jpg", "b/c.png", "val.jpg", "notes.txt", "d.JPG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = problems_of_files(pd.Series(["a.jpg", "d.jpg"]), tmp_path, ["d.jpg"], ["val.jpg"])
    assert rows(found) == [
        ["b/c.png", "unlisted", "no list names this file"],
        ["d.JPG", "unlisted", "no list names this file"],
        ["d.jpg", "case_clash", "the file is called d.JPG"],
    ]


def test_labels_are_class_names_or_indices():
    data = frame(image=["a", "b", "c", "d"], label=["milk", "1", "2", "Milk"])
    assert rows(problems_of_labels(data, ["milk", "tea"], Path("l.csv"))) == [
        ["c", "unknown_label", "'2' is not among the 2 classes"],
        ["d", "unknown_label", "'Milk' is not among the 2 classes"],
    ]


def test_classes_are_counted_by_distinct_images():
    data = frame(image=["a", "a", "b", "c", "d"], label=["tea", "tea", "1", "milk", "beer"])
    counted = count_classes(data, {"b"}, ["milk", "tea", "soup"], Path("l.csv"))
    assert counted.to_numpy().tolist() == [["milk", 1, 0], ["tea", 2, 1], ["soup", 0, 0]]
    counted = count_classes(frame(image=["a", "b", "c"], label=["10", "9", "10"]), {"c"}, None, Path("l.csv"))
    assert counted.to_numpy().tolist() == [["9", 1, 0], ["10", 2, 1]]
