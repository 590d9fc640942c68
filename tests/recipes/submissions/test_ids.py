import json

import pytest

from kdxf.errors import UserError
from kdxf.recipes.submissions.ids import Sample, name_images, read_sample, read_table

IMAGES = ["b/2.jpg", "b/1.jpg"]


def sample(tmp_path, text, name="sample.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_sample(path)


def test_csv(tmp_path):
    found = sample(tmp_path, "\ufeffimage_id,健康,rust\n007,0.5,0.5\n1,0,1\n")
    assert found == Sample(tmp_path / "sample.csv", ["image_id", "健康", "rust"], ["007", "1"], {"0.5", "0"})


def test_json(tmp_path):
    found = sample(tmp_path, '[{"image_name": "1.jpg", "category": "x", "score": 1}]', "sample.json")
    columns = ["image_name", "category", "score"]
    assert found == Sample(tmp_path / "sample.json", columns, ["1.jpg"], {"x"}, {"1.jpg": "1.jpg"}, False)


@pytest.mark.parametrize(
    ("values", "texts", "numbers"),
    [
        ("2 3 2", {"2", "3"}, True),
        ('"2" "3" "x"', {"2", "3", "x"}, False),
        ("null null null", {""}, None),
        ("2 null 3", {"2", "", "3"}, None),
        ("2.5 3 2", {"2.5", "3", "2"}, None),
    ],
)
def test_types_in_json(tmp_path, values, texts, numbers):
    rows = [{"i": i, "c": json.loads(value)} for i, value in zip(["a", 7, 8], values.split(), strict=True)]
    found = sample(tmp_path, json.dumps(rows), "sample.json")
    assert found.ids == ["a", "7", "8"] and found.json_ids == {"a": "a", "7": 7, "8": 8}
    assert found.values == texts and found.json_numbers is numbers


@pytest.mark.parametrize(
    ("style", "ids"),
    [
        ("path", ["b/2.jpg", "b/1.jpg"]),
        ("name", ["2.jpg", "1.jpg"]),
        ("stem", ["2", "1"]),
        ("path-stem", ["b/2", "b/1"]),
        (None, ["2.jpg", "1.jpg"]),
    ],
)
def test_styles(style, ids):
    assert list(name_images(IMAGES, "p", style, None).items()) == [(ids[0], 0), (ids[1], 1)]


@pytest.mark.parametrize("ids", [["b/1.jpg", "b/2.jpg"], ["1.jpg", "2.jpg"], ["1", "2"], ["b/1", "b/2"]])
def test_style_and_order_of_the_sample(tmp_path, ids):
    found = name_images(IMAGES, "p", None, Sample(tmp_path, ["id", "class"], ids))
    assert list(found.items()) == [(ids[0], 1), (ids[1], 0)]


def test_ids_that_do_not_agree(tmp_path):
    with pytest.raises(
        UserError, match=r"p: has no prediction for 1 of the 3 ids of s.csv: 3; predict these images as"
    ):
        name_images(IMAGES, "p", None, Sample("s.csv", ["id"], ["1", "2", "3"]))
    with pytest.raises(
        UserError, match=r"p: has 1 images that s.csv does not have: 2; predict the list of the test im"
    ):
        name_images(IMAGES, "p", None, Sample("s.csv", ["id"], ["1"]))
    with pytest.raises(UserError, match=r"ids of s.csv: 3, 4, 5, 6, 7, ...; predict"):
        name_images(IMAGES, "p", None, Sample("s.csv", ["id"], list("12345678")))


def test_no_image():
    with pytest.raises(UserError, match=r"^p: holds no image; predict a list with images$"):
        name_images([], "p", None, None)


def test_two_images_with_one_id():
    message = (
        r"p: a/1.jpg and b/1.jpg would both have the id 1.jpg; choose another --id \(path, name, stem, path-stem\)"
    )
    with pytest.raises(UserError, match=message):
        name_images(["a/1.jpg", "b/1.jpg"], "p", None, None)


def test_bad_samples(tmp_path):
    with pytest.raises(UserError, match=r"none.csv: no such submission"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"sample.csv: has no rows; expected one per image"):
        sample(tmp_path, "id,class\n")
    with pytest.raises(UserError, match=r"sample.csv: the id 2 stands there twice \(2 such rows\); remove them"):
        sample(tmp_path, "id,class\n1,0\n2,0\n2,0\n2,0\n")
    with pytest.raises(UserError, match=r"sample.json: not JSON in UTF-8: "):
        sample(tmp_path, "[", "sample.json")
    with pytest.raises(UserError, match=r"sample.csv: not a CSV with a header: No columns"):
        sample(tmp_path, "")
