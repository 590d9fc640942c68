from dataclasses import replace

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf.io.provenance import Input, Provenance
from kdxf.recipes.submissions.ids import Sample
from kdxf.recipes.submissions.tables import make_table

ONE = Predictions(["a/1.jpg", "a/2.jpg"], np.array([[0.25, 0.75], [0.5, 0.5]], np.float32), ("x", "y"))
SEVERAL = Predictions(ONE.images, ONE.scores, ONE.classes, predicted=np.array([[True, True], [False, False]]))
PLACES = {"2": 1, "1": 0}
RANKS = {"source": Provenance(tool="mean", inputs=(Input(source=Provenance(mean="rank")),))}


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
    ("classes", "class_as", "numbers", "expected"),
    [
        (("x", "y"), "index", None, [0, 1]),  # no sample, or one that does not tell
        (("x", "y"), "index", True, [0, 1]),
        (("x", "y"), "index", False, ["0", "1"]),
        (("50012", "7"), "name", None, ["50012", "7"]),
        (("50012", "7"), "name", True, [50012, 7]),
        (("7", "x"), "name", True, [7, "x"]),
    ],
)
def test_types_in_json(classes, class_as, numbers, expected):
    sample = Sample("s.json", ["id", "class", "score"], [], json_ids={"2": 2, "1": "1"}, json_numbers=numbers)
    predictions = Predictions(ONE.images, ONE.scores, classes)
    found = make_table(predictions, PLACES, "json", sample=sample, class_as=class_as)
    assert found["id"].tolist() == [2, "1"] and found["class"].tolist() == expected
    if numbers is None:
        found = make_table(predictions, PLACES, "json", class_as=class_as)
        assert found["image_name"].tolist() == ["2", "1"] and found["category"].tolist() == expected


@pytest.mark.parametrize(
    ("classes", "values", "class_as"),
    [
        (("x", "y"), {"x"}, "name"),
        (("x", "y"), {"0", "1"}, "index"),
        (("x", "y"), {"", "y|x"}, "index"),
        (("7", "x"), {"7"}, "name"),
        (("0", "1"), {"0"}, "name"),
        (("0", "1"), {"0"}, "index"),
        (("x", "y"), {""}, "index"),
    ],
)
def test_classes_as_the_sample_has_them(classes, values, class_as):
    sample = Sample("s.csv", ["id", "class"], ["1", "2"], frozenset(values))
    first, second = classes if class_as == "name" else ("0", "1")
    table = make_table(Predictions(ONE.images, ONE.scores, classes), PLACES, "class", sample=sample, class_as=class_as)
    assert table["class"].tolist() == [first, second]


def test_ranks_go_class_by_class():
    assert rows(replace(ONE, **RANKS), PLACES, "scores")[1:] == [["2", 0.5, 0.5], ["1", 0.25, 0.75]]
    assert rows(replace(SEVERAL, **RANKS), PLACES, "class")[1:] == [["2", ""], ["1", "x|y"]]  # by votes of the models


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
        (
            replace(ONE, **RANKS),
            "class",
            {},
            "--format class: the scores are ranks (--mean rank), by which the",
        ),
        (
            replace(ONE, **RANKS),
            "json",
            {},
            "--format json: the scores are ranks (--mean rank), by which the",
        ),
        (
            ONE,
            "class",
            {"sample": Sample("s.csv", ["id", "class"], [], frozenset(["", "1", "0"]))},
            "s.csv: its column class holds numbers such as 0, and the classes have names such as x; add --class-as "
            "index, or leave --sample out",
        ),
        (
            ONE,
            "class",
            {"sample": Sample("s.csv", ["id", "class"], [], frozenset(["y"])), "class_as": "index"},
            "s.csv: its column class holds names of classes such as y; leave --class-as index out",
        ),
        (ONE, "class", {"names": ["a", "b"]}, "--class-names: are for the third column of the format class; name it"),
    ],
)
def test_what_does_not_fit(predictions, form, options, message):
    with pytest.raises(UserError) as error:
        make_table(predictions, PLACES, form, **options)
    assert str(error.value).startswith(message)
