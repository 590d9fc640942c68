import pandas as pd
import pytest

from kdxf.data.grocery import lay_out
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations, read_classes


@pytest.fixture
def source(tmp_path):
    """The dataset's three lists, with two classes and no images."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "classes.csv").write_text("name,id,coarse name,coarse id,picture\nMilk,1,Dairy,1,x\nApple,0,Fruit,0,y\n")
    (folder / "train.txt").write_text("train/Fruit/Apple/a b.jpg, 0, 0\ntrain/Packages/Milk/1.jpg, 1, 1\n")
    (folder / "val.txt").write_text("val/Packages/Milk/2.jpg, 1, 1\n")
    return folder


def test_lists_name_classes_and_mark_packages(source, tmp_path):
    counts = lay_out(source, tmp_path / "out")
    assert counts == {
        "train.csv": 2,
        "train_packages.csv": 1,
        "class_tree.csv": 2,
        "val.csv": 1,
        "val_packages.csv": 1,
    }
    assert read_classes(tmp_path / "out/classes.txt") == ["Apple", "Milk"]
    train = read_annotations(tmp_path / "out/train.csv")
    assert train.to_dict("records") == [
        {"image": "train/Fruit/Apple/a b.jpg", "label": "Apple", "coarse_label": "Fruit", "package": 0},
        {"image": "train/Packages/Milk/1.jpg", "label": "Milk", "coarse_label": "Dairy", "package": 1},
    ]
    assert list(read_annotations(tmp_path / "out/train_packages.csv")["label"]) == ["Milk"]


def test_images_are_linked_and_linked_again(source, tmp_path):
    for _ in range(2):
        lay_out(source, tmp_path / "out")
    assert (tmp_path / "out/images").resolve() == source.resolve()


def test_a_folder_of_images_is_not_replaced(source, tmp_path):
    (tmp_path / "out/images").mkdir(parents=True)
    with pytest.raises(UserError, match="images is there and is not a link; move it away"):
        lay_out(source, tmp_path / "out")


def test_a_missing_list_is_named(source, tmp_path):
    (source / "val.txt").unlink()
    with pytest.raises(UserError, match=r"val\.txt: no such file; give the folder of GroceryStoreDataset that holds"):
        lay_out(source, tmp_path / "out")


def test_the_real_dataset(shared, tmp_path):
    assert lay_out(shared / "grocery", tmp_path) == {
        "train.csv": 2640,
        "train_packages.csv": 864,
        "class_tree.csv": 81,
        "val.csv": 296,
        "val_packages.csv": 100,
    }
    assert len(read_classes(tmp_path / "classes.txt")) == 81
    packages = pd.read_csv(tmp_path / "train_packages.csv")
    indices = {read_classes(tmp_path / "classes.txt").index(label) for label in packages["label"]}
    assert indices == set(range(28, 59))  # the group "packages" of configs/_base_/datasets/grocery.py
