import json

import pytest

from kdxf.data.conversion.run import Conversion, convert, read_any
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, read_classes

ALI = {"images": [{"image_id": "a.jpg", "class_id": 136}, {"image_id": "b.jpg", "class_id": 2, "text": "牛奶"}]}
PATTERN = "train/{label:0>5}/{image}"


@pytest.fixture
def ali(tmp_path):
    """``train.json`` of AliProducts, and what it becomes."""
    (tmp_path / "train.json").write_text(json.dumps(ALI))
    convert(Conversion(tmp_path / "train.json", tmp_path / "data" / "train.csv", pattern=PATTERN))
    return tmp_path


def test_aliproducts_becomes_a_list_with_a_class_map(ali):
    frame = read_annotations(ali / "data" / "train.csv")
    assert frame[["image", "label"]].values.tolist() == [["train/00136/a.jpg", "136"], ["train/00002/b.jpg", "2"]]
    assert frame["text"].tolist()[1] == "牛奶"
    assert read_classes(ali / "data" / "classes.txt") == ["2", "136"]
    assert (ali / "data" / "classes.csv").read_text() == "index,id,name,images\n0,2,2,1\n1,136,136,1\n"


def test_and_back_without_loss(ali):
    convert(Conversion(ali / "data" / "train.csv", ali / "back.json", "json", pattern=PATTERN))
    assert json.loads((ali / "back.json").read_text()) == ALI


@pytest.mark.parametrize(("to", "name"), [("coco", "x.json"), ("mmpretrain", "x.json"), ("mmpretrain", "x.txt")])
def test_every_form_goes_there_and_back(ali, to, name):
    converted = convert(Conversion(ali / "data" / "train.csv", ali / "other" / name, to))
    lost = ["mmpretrain holds no other columns; left out: text"] if to == "mmpretrain" else []
    assert converted.notes == lost
    back = convert(
        Conversion(ali / "other" / name, ali / "again" / "train.csv", classes=ali / "data" / "classes.csv")
    ).frame
    first = read_annotations(ali / "data" / "train.csv")
    columns = ["image", "label"] if name == "x.txt" else ["image", "label", "text"]
    assert (
        back[columns]
        .astype("object")
        .where(back[columns].notna(), None)
        .equals(first[columns].astype("object").where(first[columns].notna(), None))
    )
    assert not (ali / "again" / "classes.csv").exists()  # a map that was given stays where it is


def test_folders_there_and_back(ali):
    for image in ("train/00136/a.jpg", "train/00002/b.jpg"):
        (ali / "data" / image).parent.mkdir(parents=True)
        (ali / "data" / image).touch()
    job = Conversion(ali / "data" / "train.csv", ali / "folders", "folders")
    assert convert(job).notes == ["folders holds no other columns; left out: text"]
    back = convert(Conversion(ali / "folders", ali / "folders" / "all.csv")).frame
    assert back.values.tolist() == [["2/b.jpg", "2"], ["136/a.jpg", "136"]]
    with pytest.raises(
        UserError, match=r"a.jpg: is there already; choose another folder, or replace it with --overwrite"
    ):
        convert(job)


def test_names_a_tree_and_a_competition_table(tmp_path):
    (tmp_path / "in.csv").write_text("image_id,label\nx,7\ny,12\nz,7\n")
    (tmp_path / "names.json").write_text('{"7": "牛奶", "12": "茶", "99": "unused"}')
    (tmp_path / "tree.json").write_text('{"food": {"milk": ["7"], "tea": ["12"]}}')
    result = convert(
        Conversion(
            tmp_path / "in.csv",
            tmp_path / "out" / "train.csv",
            pattern="images/{image}.jpg",
            class_names=tmp_path / "names.json",
            label_tree=tmp_path / "tree.json",
        )
    )
    assert read_annotations(tmp_path / "out" / "train.csv").values.tolist() == [
        ["images/x.jpg", "牛奶", "milk", "milk"],
        ["images/y.jpg", "茶", "tea", "tea"],
        ["images/z.jpg", "牛奶", "milk", "milk"],
    ]
    assert result.summary.values.tolist() == [[3, 2, 0, "image label level_1 coarse_label"]]


def test_unlabelled_lists(tmp_path):
    (tmp_path / "test.json").write_text('{"images": [{"image_id": "a.jpg"}]}')
    convert(Conversion(tmp_path / "test.json", tmp_path / "test.csv", pattern="test/{image}"))
    assert (tmp_path / "test.csv").read_text() == "image\ntest/a.jpg\n"
    convert(Conversion(tmp_path / "test.csv", tmp_path / "test.txt", "mmpretrain"))
    assert (tmp_path / "test.txt").read_text() == "test/a.jpg\n"
    with pytest.raises(UserError, match=r"test.csv: has no labels, and --to coco needs them$"):
        convert(Conversion(tmp_path / "test.csv", tmp_path / "x.json", "coco"))


def test_results_and_class_maps_are_not_replaced(ali):
    job = Conversion(ali / "train.json", ali / "data" / "val.csv")
    with pytest.raises(UserError, match=r"classes.csv: is there already"):
        convert(job)
    assert not (ali / "data" / "val.csv").exists()
    with pytest.raises(UserError, match=r"train.json: is an input"):
        convert(Conversion(ali / "train.json", ali / "train.json", "json", overwrite=True))
    dry = Conversion(ali / "train.json", ali / "new" / "val.csv", dry_run=True)
    assert len(convert(dry).frame) == 2 and not (ali / "new").exists()


def test_forms_are_known_by_their_names(ali):
    (ali / "list.txt").write_text("a b.jpg 1\n")
    assert read_any(Conversion(ali / "list.txt", ali / "x")).frame.values.tolist() == [["a b.jpg", "1"]]


def test_options_that_do_not_fit_are_said(ali):
    with pytest.raises(
        UserError, match=r"^--label-tree: adds columns to a CSV, and --to coco is none; convert to csv fi"
    ):
        convert(Conversion(ali / "data" / "train.csv", ali / "x.json", "coco", label_tree=ali / "tree.json"))
    with pytest.raises(UserError, match=r"^--one-hot: is for tables \(.csv, .tsv\), and .*train.json is none$"):
        convert(Conversion(ali / "train.json", ali / "x.csv", one_hot=[]))
