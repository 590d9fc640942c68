import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.predictions import Predictions
from kdxf.recipes.submission_summary import class_shares, describe

SCORES = np.array([[0.2, 0.8, 0], [0.1, 0.9, 0], [0.6, 0.4, 0], [0.4, 0.6, 0]], np.float32)
ONE = Predictions(list("abcd"), SCORES, ("x", "y", "z"))


def test_beside_the_training_list(tmp_path):
    (tmp_path / "train.csv").write_text("image,label\n1,x\n2,0\n3,y\n4,z\n")
    table = class_shares(ONE, tmp_path / "train.csv")
    assert table.values.tolist() == [["y", 3, 75, 1, 25, 50], ["x", 1, 25, 2, 50, -25], ["z", 0, 0, 1, 25, -25]]
    text = describe(table)
    assert text.splitlines()[0].split() == [
        "class",
        "predicted",
        "predicted",
        "%",
        "trained",
        "trained",
        "%",
        "difference",
    ]
    assert text.splitlines()[1].split() == ["y", "3", "75.0", "1", "25.0", "50.0"]
    assert text.endswith("\n1 classes are never predicted")


def test_several_labels(tmp_path):
    (tmp_path / "train.csv").write_text("image,label\n1,x|y\n2,\n3,x\n")
    predicted = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]], bool)
    several = Predictions(ONE.images, SCORES, ONE.classes, predicted=predicted)
    table = class_shares(several, tmp_path / "train.csv").set_index("class")
    assert table.predicted.to_dict() == {"y": 2, "x": 1, "z": 0} and table.trained.to_dict() == {"y": 1, "x": 2, "z": 0}


def test_many_classes():
    scores = np.eye(30, dtype=np.float32)
    text = describe(class_shares(Predictions(list(map(str, range(30))), scores, tuple(f"c{i}" for i in range(30)))))
    assert len(text.splitlines()) == 22 and text.endswith("\nand 10 classes more, with 10 predictions together")


def test_training_list_without_labels(tmp_path):
    (tmp_path / "train.csv").write_text("image\n1\n")
    with pytest.raises(UserError, match=r"--train .*train.csv: has no labels; give the list that was trained on"):
        class_shares(ONE, tmp_path / "train.csv")
    (tmp_path / "train.csv").write_text("image,label\n1,milk\n")
    with pytest.raises(
        UserError, match=r"train.csv: the label 'milk' is neither one of the 3 class names nor an index"
    ):
        class_shares(ONE, tmp_path / "train.csv")
