import json

import numpy as np
import pandas as pd
import pytest

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.recipes.submissions.write import average_submissions, class_shares, describe, write_submission

TABLE = pd.DataFrame({"image": ["1.jpg", "2, b.jpg"], "category": ["奶粉", "x"], "score": [0.123456, 1.0]})


def test_csv(tmp_path):
    write_submission(TABLE, tmp_path / "new" / "s.csv", decimals=3)
    assert (tmp_path / "new" / "s.csv").read_bytes().decode() == (
        'image,category,score\n1.jpg,奶粉,0.123\n"2, b.jpg",x,1.000\n'
    )
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["s.csv"]


def test_numbers_stay_numbers_in_json(tmp_path):
    table = pd.DataFrame({"id": [7, "a"], "class": [2, 3], "score": [0.5, 1]})
    write_submission(table, tmp_path / "s.json", as_json=True)
    assert json.loads((tmp_path / "s.json").read_text()) == [
        {"id": 7, "class": 2, "score": 0.5},
        {"id": "a", "class": 3, "score": 1.0},
    ]
    assert '"class": 2,' in (tmp_path / "s.json").read_text()


def test_json(tmp_path):
    write_submission(TABLE, tmp_path / "s.json", as_json=True, decimals=3)
    text = (tmp_path / "s.json").read_text(encoding="utf-8")
    assert "奶粉" in text and json.loads(text) == [
        {"image": "1.jpg", "category": "奶粉", "score": 0.123},
        {"image": "2, b.jpg", "category": "x", "score": 1.0},
    ]


@pytest.fixture
def submit(tmp_path):
    def submit(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return submit


ONE = "image_id,healthy,rust\nTest_0,0.5,0.25\n007,1,0\n"


def test_mean_in_the_order_of_the_first(submit):
    other = submit("b.csv", "rust,image_id,healthy\n1,007,0\n0.75,Test_0,0\n")
    found = average_submissions([submit("a.csv", ONE), other])
    assert list(found.columns) == ["image_id", "healthy", "rust"]
    assert found.values.tolist() == [["Test_0", 0.25, 0.5], ["007", 0.5, 0.5]]


def test_ids_in_any_column(submit):
    """Scores that stand in the first column may be equal."""
    other = submit("b.csv", "rust,image_id,healthy\n0.1,007,0\n0.1,Test_0,0\n")
    found = average_submissions([submit("a.csv", ONE), other])
    assert found.values.tolist() == [["Test_0", 0.25, 0.175], ["007", 0.5, 0.05]]


def test_mean_in_the_order_of_a_sample(submit):
    files = [submit("a.csv", ONE), submit("b.csv", ONE)]
    found = average_submissions(files, submit("sample.csv", "image_id,rust,healthy\n007,9,9\nTest_0,9,9\n"))
    assert list(found.columns) == ["image_id", "rust", "healthy"]
    assert found.values.tolist() == [["007", 0, 1], ["Test_0", 0.25, 0.5]]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("id,healthy,rust\nTest_0,0,0\n007,0,0\n", "a.csv and .*sample.csv have different columns: image_id, healthy,"),
        ("image_id,healthy,rust\nTest_0,0,0\n", "sample.csv: lacks 1 ids of .*a.csv, such as 007"),
        (ONE + "8,0,0\n", "a.csv: lacks 1 ids of .*sample.csv, such as 8"),
    ],
)
def test_another_sample(submit, sample, message):
    with pytest.raises(UserError, match=message):
        average_submissions([submit("a.csv", ONE), submit("b.csv", ONE)], submit("sample.csv", sample))


def test_three(submit):
    texts = [f"id,x\na,{score}\n" for score in (0, 0.5, 1)]
    assert average_submissions([submit(f"{i}.csv", text) for i, text in enumerate(texts)]).x.tolist() == [0.5]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("image_id,healthy\nTest_0,1\n007,1\n", "b.csv and .*a.csv have different columns: image_id, healthy and imag"),
        ("image_id,healthy,rust\nTest_0,1,0\n", "b.csv: lacks 1 ids of .*a.csv, such as 007"),
        (ONE + "007,0,0\n", r"b.csv: the id 007 stands there twice \(1 such rows\); remove them"),
        (
            "rust,image_id,healthy\n0,007,0\n1,Test_0,0\n1,007,0\n",
            r"b.csv: the id 007 stands there twice \(1 such rows\); remove them",
        ),
        (ONE + "8,0,0\n9,0,0\n", "a.csv: lacks 2 ids of .*b.csv, such as 8"),
        (
            ONE.replace("0.25", "milk"),
            "b.csv: the column rust holds 'milk', which is no number; average files of scores",
        ),
        (ONE.replace("0.25", ""), "b.csv: the column rust holds '', which is no number; average files of scores"),
        (
            ONE.replace("0.25", "12"),
            "b.csv: the column rust holds whole numbers such as 12, which are classes and no sc",
        ),
    ],
)
def test_files_that_cannot_be_averaged(submit, other, message):
    with pytest.raises(UserError, match=message):
        average_submissions([submit("a.csv", ONE), submit("b.csv", other)])


def test_the_first_has_an_id_twice(submit):
    with pytest.raises(UserError, match=r"a.csv: the id 007 stands there twice \(1 such rows\); remove them"):
        average_submissions([submit("a.csv", ONE + "007,0,0\n"), submit("b.csv", ONE)])


def test_json_of_submission_average(submit):
    first = submit("a.json", '[{"id": 7, "x": 1}, {"id": 8, "x": 0.5}]')
    assert average_submissions([first, submit("b.csv", "id,x\n8,0\n7,0\n")]).values.tolist() == [
        ["7", 0.5],
        ["8", 0.25],
    ]


def test_one_file(submit):
    with pytest.raises(UserError, match="--average: give at least two submissions"):
        average_submissions([submit("a.csv", ONE)])


SCORES = np.array([[0.2, 0.8, 0], [0.1, 0.9, 0], [0.6, 0.4, 0], [0.4, 0.6, 0]], np.float32)
SUMMARY_ONE = Predictions(list("abcd"), SCORES, ("x", "y", "z"))


def test_beside_the_training_list(tmp_path):
    (tmp_path / "train.csv").write_text("image,label\n1,x\n2,0\n3,y\n4,z\n")
    table = class_shares(SUMMARY_ONE, tmp_path / "train.csv")
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
    several = Predictions(SUMMARY_ONE.images, SCORES, SUMMARY_ONE.classes, predicted=predicted)
    table = class_shares(several, tmp_path / "train.csv").set_index("class")
    assert table.predicted.to_dict() == {"y": 2, "x": 1, "z": 0} and table.trained.to_dict() == {"y": 1, "x": 2, "z": 0}


def test_many_classes():
    scores = np.eye(30, dtype=np.float32)
    text = describe(class_shares(Predictions(list(map(str, range(30))), scores, tuple(f"c{i}" for i in range(30)))))
    assert len(text.splitlines()) == 22 and text.endswith("\nand 10 classes more, with 10 predictions together")


def test_training_list_without_labels(tmp_path):
    (tmp_path / "train.csv").write_text("image\n1\n")
    with pytest.raises(UserError, match=r"--train .*train.csv: has no labels; give the list that was trained on"):
        class_shares(SUMMARY_ONE, tmp_path / "train.csv")
    (tmp_path / "train.csv").write_text("image,label\n1,milk\n")
    with pytest.raises(
        UserError, match=r"train.csv: the label 'milk' is neither one of the 3 class names nor an index"
    ):
        class_shares(SUMMARY_ONE, tmp_path / "train.csv")
