import json

import pytest

from kdxf.data.conversion.forms import read_json, read_table
from kdxf.errors import UserError


def _read(tmp_path, content, **keys):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return read_json(path, **keys)


def test_aliproducts_and_plain_lists_of_objects(tmp_path):
    images = [
        {"image_id": "a.jpg", "class_id": 12, "title": "牛奶", "box": [1, 2]},
        {"image_id": "b.jpg", "class_id": 0},
    ]
    for content in ({"images": images}, {"info": "x", "annotations": images}, images):
        data = _read(tmp_path, content)
        assert data.frame[["image", "label"]].values.tolist() == [["a.jpg", "12"], ["b.jpg", "0"]]
        assert data.frame["title"].iloc[0] == "牛奶" and "box" not in data.frame.columns
        assert data.notes == ["'box' holds lists or objects, which a table cannot; left out"] and data.names == {}


def test_keys_may_be_named(tmp_path):
    data = _read(tmp_path, [{"url": "a.jpg", "image": "no", "kind": "x"}], image_key="url", label_key="kind")
    assert data.frame.to_dict("list") == {"image": ["a.jpg"], "label": ["x"]}
    assert list(_read(tmp_path, [{"image": "a.jpg", "kind": "x"}]).frame.columns) == ["image", "kind"]  # unlabelled


def test_one_object_from_image_to_label(tmp_path):
    assert _read(tmp_path, {"a.jpg": 3, "b.jpg": 12}).frame.values.tolist() == [["a.jpg", "3"], ["b.jpg", "12"]]


def test_coco(tmp_path):
    content = {
        "images": [{"id": 5, "file_name": "a.jpg", "width": 3}, {"id": 6, "file_name": "b.jpg", "width": 4}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 40, "bbox": [0, 0, 1, 1]},
                        {"id": 2, "image_id": 5, "category_id": 40, "bbox": [1, 0, 1, 1]}],
        "categories": [{"id": 40, "name": "milk", "supercategory": "food"}, {"id": 7, "name": "coat"}],
    }  # fmt: skip
    data = _read(tmp_path, content)
    assert data.frame.to_dict("records") == [
        {"image": "a.jpg", "label": "40", "coco_id": 5, "width": 3, "coarse_label": "food"}
    ]
    assert data.names == {"40": "milk", "7": "coat"}
    assert data.notes == ["1 images without an annotation; left out"]
    content["annotations"][1]["category_id"] = 7
    with pytest.raises(UserError, match=r"train.json: image 5 \(1 in all\) has several categories; a list holds one"):
        _read(tmp_path, content)
    del content["categories"][0]["name"], content["categories"][1]["name"]
    with pytest.raises(UserError, match=r"train.json: categories lack name; not the COCO form$"):
        _read(tmp_path, content)


def test_data_list(tmp_path):
    content = {"metainfo": {"classes": ["x", "y"]}, "data_list": [{"img_path": "a.jpg", "gt_label": [1], "text": "t"}]}
    data = _read(tmp_path, content)
    assert data.frame.to_dict("records") == [{"image": "a.jpg", "label": "1", "text": "t"}]
    assert data.names == {"0": "x", "1": "y"} and data.indexed
    content["data_list"][0]["gt_label"] = [0, 1]
    with pytest.raises(UserError, match=r"train.json: a.jpg has 2 labels; a list holds one label per image$"):
        _read(tmp_path, content)


def test_what_is_no_list_is_said(tmp_path):
    with pytest.raises(UserError, match=r"none.json: no such file$"):
        read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UserError, match=r"bad.json: not JSON in UTF-8: "):
        read_json(tmp_path / "bad.json")
    for content in ({"a": {"b": 1}}, [], [1]):
        with pytest.raises(UserError, match=r"train.json: no list of images in it; expected a list of objects, COCO, "):
            _read(tmp_path, content)


def _table(tmp_path, text, name="train.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_have_any_names(tmp_path):
    path = _table(tmp_path, "text,image_name,class_name\nNA,a.jpg,x\n牛奶,b.jpg,y\n")
    assert read_table(path).frame.to_dict("list") == {
        "image": ["a.jpg", "b.jpg"], "label": ["x", "y"], "text": ["NA", "牛奶"],
    }  # fmt: skip
    frame = read_table(path, image_column="text", label_column="image_name").frame
    assert frame.values.tolist() == [["NA", "a.jpg", "x"], ["牛奶", "b.jpg", "y"]]
    path = _table(tmp_path, "image\ttext\na.jpg\tone, two\n", "list.tsv")
    assert read_table(path).frame.to_dict("list") == {"image": ["a.jpg"], "text": ["one, two"]}


def test_one_column_per_class(tmp_path):
    path = _table(tmp_path, "image_id,healthy,multiple_diseases,rust,scab\nTrain_0,0,0,0,1\nTrain_1,0,1,0,0\n")
    data = read_table(path, one_hot=[])
    assert data.frame.values.tolist() == [["Train_0", "scab"], ["Train_1", "multiple_diseases"]]
    assert list(data.names) == ["healthy", "multiple_diseases", "rust", "scab"]
    path = _table(tmp_path, "image_id,text,a,b\nx,t,1.0,0.0\n")
    frame = read_table(path, one_hot=["a", "b"]).frame
    assert frame.to_dict("list") == {"image": ["x"], "label": ["a"], "text": ["t"]}


def test_mistakes(tmp_path):
    with pytest.raises(UserError, match=r"none.csv: no such file$"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"train.csv: not a CSV with a header: No columns"):
        read_table(_table(tmp_path, ""))
    path = _table(tmp_path, "image_id,text,a,b\nx,t,1,0\ny,t,0,0\nz,t,1,1\n")
    with pytest.raises(UserError, match=r"train.csv: no column 'c' \(found: image_id, text, a, b\); change --one-hot$"):
        read_table(path, one_hot=["a", "c"])
    with pytest.raises(
        UserError, match=r"train.csv: data row 1 has something else than 0 and 1 in the class columns te"
    ):
        read_table(path, one_hot=[])
    with pytest.raises(
        UserError, match=r"train.csv: data row 2 has 0 classes \(2 rows in all have none or several\); a"
    ):
        read_table(path, one_hot=["a", "b"])
