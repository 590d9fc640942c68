import json
import os

import pandas as pd
import pytest

from kdxf.data.conversion import write as convert_write
from kdxf.data.conversion.write import folder_plan, lost_by, make_folders, to_coco, to_data_list, to_json, to_lines
from kdxf.errors import UserError
from kdxf.io.class_map import new_class_map

CLASSES = new_class_map(["2", "007", "136"], {"2": "x", "007": "y", "136": "z"})
FRAME = pd.DataFrame({"image": ["a b.jpg", "图.jpg"], "label": ["z", "y"], "text": ["t", None], "width": [3, 4]})


def test_aliproducts_has_the_ids_of_the_data():
    assert json.loads(to_json(FRAME, CLASSES)) == {
        "images": [
            {"image_id": "a b.jpg", "class_id": 136, "text": "t", "width": 3},
            {"image_id": "图.jpg", "class_id": "007", "width": 4},  # as a number it would lose its zeros
        ]
    }


def test_mmpretrain_has_indices():
    assert to_lines(FRAME, CLASSES).decode() == "a b.jpg 2\n图.jpg 1\n"
    content = json.loads(to_data_list(FRAME[["image", "label"]], CLASSES))
    assert content["metainfo"] == {"classes": ["x", "y", "z"]}
    assert content["data_list"] == [{"img_path": "a b.jpg", "gt_label": 2}, {"img_path": "图.jpg", "gt_label": 1}]


def test_coco():
    content = json.loads(to_coco(FRAME[["image", "label"]], CLASSES))
    assert content["images"] == [{"id": 0, "file_name": "a b.jpg"}, {"id": 1, "file_name": "图.jpg"}]
    assert content["annotations"] == [
        {"id": 0, "image_id": 0, "category_id": 2},
        {"id": 1, "image_id": 1, "category_id": 1},
    ]
    assert content["categories"][2] == {"id": 2, "name": "z"}
    with pytest.raises(
        UserError, match=r"^--to coco: the list has a column 'id', and COCO numbers its images with that"
    ):
        to_coco(FRAME.assign(id=1), CLASSES)


def test_what_a_form_cannot_hold_is_said():
    assert lost_by("folders", FRAME) == ["folders holds no other columns; left out: text, width"]
    assert lost_by("mmpretrain", FRAME[["image", "label"]]) == lost_by("json", FRAME) == []


def test_folders_are_named_by_id_and_files_that_clash_by_their_path(tmp_path):
    root, out = tmp_path / "images", tmp_path / "out"
    images = ["p/a.jpg", "q/a.jpg", "b.jpg"]
    for image in images:
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        (root / image).write_text(image)
    frame = pd.DataFrame({"image": images, "label": ["z", "z", "y"]})
    plan = folder_plan(frame, CLASSES, root, out)
    names = {"136/p__a.jpg": "p/a.jpg", "136/q__a.jpg": "q/a.jpg", "007/b.jpg": "b.jpg"}
    assert plan == {out / new: root / old for new, old in names.items()}
    make_folders(plan, copy=False)
    assert os.path.samefile(out / "136/q__a.jpg", root / "q/a.jpg")
    make_folders({target.parent / "copy.jpg": source for target, source in plan.items()}, copy=True)
    assert (out / "007/copy.jpg").read_text() == "b.jpg"
    assert not os.path.samefile(out / "007/copy.jpg", root / "b.jpg")


def test_what_cannot_become_folders_is_said(tmp_path, monkeypatch):
    frame = pd.DataFrame({"image": ["a.jpg"], "label": ["x/y"]})
    with pytest.raises(
        UserError, match=r"^--to folders: the class id 'x/y' cannot be the name of a folder; number the"
    ):
        folder_plan(frame, new_class_map(["x/y"]), tmp_path, tmp_path)
    frame["label"] = "x"
    with pytest.raises(UserError, match=r"a.jpg \(1 in all\): no such image; set the image root with --root$"):
        folder_plan(frame, CLASSES, tmp_path, tmp_path)

    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(convert_write, "link_whole", refuse)
    with pytest.raises(
        UserError, match=r"b.jpg: cannot be linked to .*a.jpg \(Invalid cross-device link\); use --copy$"
    ):
        make_folders({tmp_path / "b.jpg": tmp_path / "a.jpg"}, copy=False)
