import pandas as pd
import pytest

from kdxf.data.cleaning.decisions import apply_decisions
from kdxf.data.lists import ImageList
from kdxf.errors import UserError

CLASSES = ["milk", "oat", "soy"]


def images_of(labels, tmp_path):
    names = [f"{number}.jpg" for number in range(len(labels))]
    frame = pd.DataFrame({"image": names, "label": labels, "shop": range(len(labels))})
    return ImageList(frame, tmp_path, tmp_path / "train.csv")


def decide(tmp_path, *rows, header="image,label,suggested,score,reason,decision"):
    path = tmp_path / "suspects.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_rows_are_dropped_and_relabelled_and_others_stay(tmp_path):
    images = images_of(["milk", "milk", "oat", "oat"], tmp_path)
    rows = ["3.jpg,oat,soy,0.9,why, Relabel ", "2.jpg,oat,milk,0.8,,drop", "0.jpg,milk,anything,0.8,,keep"]
    cleaned = apply_decisions(images, decide(tmp_path, *rows), CLASSES)
    assert cleaned.frame.to_numpy().tolist() == [["0.jpg", "milk", 0], ["1.jpg", "milk", 1], ["3.jpg", "soy", 3]]
    assert cleaned.counts == {"kept": 2, "dropped": 1, "relabelled": 1, "repeated": 0}
    assert cleaned.emptied == ["oat"]
    assert images.frame["label"].tolist() == ["milk", "milk", "oat", "oat"]


def test_a_list_of_class_indices_stays_one(tmp_path):
    cleaned = apply_decisions(images_of(["0", "1"], tmp_path), decide(tmp_path, "0.jpg,0,soy,1,,relabel"), CLASSES)
    assert cleaned.frame["label"].tolist() == ["2", "1"]


def test_decisions_by_name_fit_a_list_of_indices_and_the_other_way_round(tmp_path):
    rows = ("0.jpg,milk,soy,1,,relabel", "1.jpg,oat,milk,1,,drop")
    cleaned = apply_decisions(images_of(["0", "1", "2"], tmp_path), decide(tmp_path, *rows), CLASSES)
    assert cleaned.frame["label"].tolist() == ["2", "2"]
    cleaned = apply_decisions(images_of(["milk", "oat"], tmp_path), decide(tmp_path, "0.jpg,0,2,1,,drop"), CLASSES)
    assert cleaned.frame["label"].tolist() == ["oat"]
    with pytest.raises(
        UserError, match=r"suspects.csv: 0.jpg is labelled milk there and 1 in .*train.csv; give the li"
    ):
        apply_decisions(images_of(["1", "1"], tmp_path), decide(tmp_path, "0.jpg,milk,soy,1,,drop"), CLASSES)


def test_class_names_that_are_numbers_stay_as_they_are(tmp_path):
    classes = ["007", "008"]
    images = images_of(["007", "007", "008"], tmp_path)
    cleaned = apply_decisions(images, decide(tmp_path, "0.jpg,007,008,1,,relabel"), classes)
    assert cleaned.frame["label"].tolist() == ["008", "007", "008"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0.jpg,milk,oat,1,,delete", r"suspects.csv: 0.jpg has the decision 'delete'; write keep, drop, relabel$"),
        ("0.jpg,milk,oat,1,,", r"suspects.csv: 0.jpg has the decision ''; write keep, drop, relabel$"),
        ("9.jpg,milk,oat,1,,drop", r"suspects.csv: 9.jpg is not in .*train.csv; give the list of these$"),
        (
            "0.jpg,oat,soy,1,,drop",
            r"suspects.csv: 0.jpg is labelled oat there and milk in .*train.csv; give the list tha",
        ),
        ("0.jpg,milk,rice,1,,relabel", r"suspects.csv: the label 'rice' is neither one of the 3 class names nor"),
        ("0.jpg,milk,,1,,relabel", r"suspects.csv: the label '' is neither"),
        (
            "0.jpg,milk,oat,1,,drop\n0.jpg,milk,oat,1,,keep",
            r"suspects.csv: 0.jpg is decided twice; keep one of the rows$",
        ),
        ("0.jpg,milk,oat,1,,drop\n1.jpg,oat,oat,1,,drop", r"suspects.csv: drops every row of .*train.csv; keep some$"),
        ("0.jpg,milk,oat,1,,drop,,,,", r"suspects.csv: (not a CSV with a header|.* has the decision)"),
    ],
)
def test_decisions_that_do_not_fit_are_said(tmp_path, row, message):
    with pytest.raises(UserError, match=message):
        apply_decisions(images_of(["milk", "oat"], tmp_path), decide(tmp_path, row), CLASSES)


def test_a_file_that_holds_no_decisions_is_said(tmp_path):
    images = images_of(["milk"], tmp_path)
    with pytest.raises(UserError, match=r"none.csv: no such file of decisions; tools/data/clean.py find writes one$"):
        apply_decisions(images, tmp_path / "none.csv", CLASSES)
    with pytest.raises(
        UserError,
        match=r"no columns 'suggested', 'decision' \(found: image, label\); give what tools/data/clean.py find wr",
    ):
        apply_decisions(images, decide(tmp_path, "0.jpg,milk", header="image,label"), CLASSES)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(UserError, match=r"empty.csv: not a CSV with a header: "):
        apply_decisions(images, tmp_path / "empty.csv", CLASSES)
    with pytest.raises(UserError, match=r"^--at-least: is a number of images, not -1$"):
        apply_decisions(images, decide(tmp_path, "0.jpg,milk,oat,1,,keep"), CLASSES, at_least=-1)


def test_small_classes_are_repeated(tmp_path):
    images = images_of(["milk"] * 4 + ["oat"], tmp_path)
    decisions = decide(tmp_path, "0.jpg,milk,oat,1,,drop")
    cleaned = apply_decisions(images, decisions, CLASSES, at_least=10)
    assert cleaned.frame["image"].value_counts().to_dict()["4.jpg"] == 10
    assert sorted(cleaned.frame["image"].value_counts()[["1.jpg", "2.jpg", "3.jpg"]]) == [3, 3, 4]
    assert cleaned.counts == {"kept": 4, "dropped": 1, "relabelled": 0, "repeated": 16}
    again = apply_decisions(images, decisions, CLASSES, at_least=10)
    assert again.frame.equals(cleaned.frame)
