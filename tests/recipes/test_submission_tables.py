import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.predictions import Predictions
from kdxf.recipes.submission_ids import Sample
from kdxf.recipes.submission_tables import make_table

ONE = Predictions(["a/1.jpg", "a/2.jpg"], np.array([[0.25, 0.75], [0.5, 0.5]], np.float32), ("x", "y"))
SEVERAL = Predictions(ONE.images, ONE.scores, ONE.classes, predicted=np.array([[True, True], [False, False]]))
PLACES = {"2": 1, "1": 0}


def rows(*arguments, **options):
    table = make_table(*arguments, **options)
    return [list(table.columns), *table.values.tolist()]


def test_class():
    assert rows(ONE, PLACES, "class") == [["image_id", "category_id"], ["2", "x"], ["1", "y"]]
    assert rows(ONE, PLACES, "class", class_as="index") == [["image_id", "category_id"], ["2", "0"], ["1", "1"]]
    columns = ["id", "class", "name"]
    assert rows(ONE, PLACES, "class", columns=columns, class_as="index") == [columns, ["2", "0", "x"], ["1", "1", "y"]]
    found = rows(ONE, PLACES, "class", columns=columns, names=["奶粉", "手机"])
    assert found == [columns, ["2", "x", "奶粉"], ["1", "y", "手机"]]
    assert rows(SEVERAL, PLACES, "class")[1:] == [["2", ""], ["1", "x|y"]]


def test_scores():
    assert rows(ONE, PLACES, "scores") == [["image_id", "x", "y"], ["2", 0.5, 0.5], ["1", 0.25, 0.75]]
    assert rows(SEVERAL, PLACES, "scores", columns=["id"])[0] == ["id", "x", "y"]
    sample = Sample("s.csv", ["image", "y", "x"], ["2", "1"])
    assert rows(ONE, PLACES, "scores", sample=sample) == [["image", "y", "x"], ["2", 0.5, 0.5], ["1", 0.75, 0.25]]


def test_json():
    assert rows(ONE, PLACES, "json") == [["image_name", "category", "score"], ["2", "x", 0.5], ["1", "y", 0.75]]


@pytest.mark.parametrize(
    ("predictions", "form", "options", "message"),
    [
        (ONE, "class", {"columns": ["a"]}, "--columns: the format class has 2 or 3 different columns, not a"),
        (ONE, "class", {"columns": ["a", "a"]}, "--columns: the format class has 2 or 3 different columns, not a, a"),
        (ONE, "json", {"columns": ["a", "b"]}, "--columns: the format json has 3 different columns, not a, b"),
        (
            ONE,
            "class",
            {"sample": Sample("s.csv", list("abcd"), [])},
            "s.csv: the format class has 2 or 3 different columns, not a, b, c, d",
        ),
        (
            ONE,
            "scores",
            {"columns": ["a", "b"]},
            "--columns: the format scores takes one name, of the ids, which is no",
        ),
        (
            ONE,
            "scores",
            {"columns": ["x"]},
            "--columns: the format scores takes one name, of the ids, which is no class",
        ),
        (
            ONE,
            "scores",
            {"sample": Sample("s.csv", ["id", "x", "z"], [])},
            "s.csv: has columns that are no class of the predictions: z; the class names must be the same",
        ),
        (
            ONE,
            "scores",
            {"sample": Sample("s.csv", ["id", "x"], [])},
            "s.csv: has no column for classes of the predictions: y; the class names must be the same",
        ),
        (
            SEVERAL,
            "json",
            {},
            "--format json holds one class per image, and the predictions several; take class or scor",
        ),
        (ONE, "class", {"names": ["a", "b"]}, "--class-names: are for the third column of the format class; name it"),
    ],
)
def test_what_does_not_fit(predictions, form, options, message):
    with pytest.raises(UserError) as error:
        make_table(predictions, PLACES, form, **options)
    assert str(error.value).startswith(message)
