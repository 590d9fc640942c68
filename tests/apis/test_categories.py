import json

import pytest

from kdxf.apis.categories import Categories, config_classes
from kdxf.errors import UserError


def test_ids_are_indices():
    categories = Categories.named(["奶粉", "7"])
    assert categories.ids == (0, 1)
    assert categories.names == ("奶粉", "7")
    assert len(categories) == 2 and categories.name(1) == "7"


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["0", "1", "10", "2"], (0, 1, 10, 2)),  # folders in alphabetical order
        (["50012", "7"], (50012, 7)),  # with gaps
        (["00012", "7"], (0, 1)),  # 00012 is a name: the number 12 would be another label
        (["²", "7"], (0, 1)),
    ],
)
def test_names_that_are_whole_numbers_are_ids(names, ids):
    assert Categories.named(names).ids == ids


def test_unnamed():
    categories = Categories.unnamed(2)
    assert categories.ids == (0, 1) and categories.name(0) is None


@pytest.mark.parametrize(
    ("categories", "table"),
    [
        (Categories.named(["10", "2"]), {"10": "手机", "2": "奶粉", "5": "unused"}),
        (Categories.named(["phone", "milk"]), {"phone": "手机", "milk": "奶粉"}),
        (Categories.named(["phone", "milk"]), {"0": "手机", "1": "奶粉"}),
        (Categories.unnamed(2), {"0": "手机", "1": "奶粉"}),
    ],
)
def test_renamed(tmp_path, categories, table):
    path = tmp_path / "names.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    assert categories.renamed(path) == Categories(categories.ids, ("手机", "奶粉"))


def test_renamed_by_lines(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("手机\n奶粉\n", encoding="utf-8")
    assert Categories.named(["phone", "milk"]).renamed(path).names == ("手机", "奶粉")
    with pytest.raises(UserError, match=r"names\.txt: no name for the class ids 2; add them$"):
        Categories.unnamed(3).renamed(path)


def test_classes_of_a_config(tmp_path):
    dataset = {"type": "OCRTextDataset", "data_root": str(tmp_path), "ann_file": "lists/test.csv"}
    assert config_classes(dataset) is None
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "classes.txt").write_text("x\n")
    assert config_classes(dataset) == ["x"]
    (tmp_path / "names.txt").write_text("y\n")
    assert config_classes({**dataset, "classes": "names.txt"}) == ["y"]
    assert config_classes({**dataset, "classes": ("z",)}) == ["z"]
    assert config_classes({"type": "CIFAR10"})[0] == "airplane"
