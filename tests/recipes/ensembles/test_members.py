from pathlib import Path

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensembles.members import Facts, Unit, make_units, model_names, parse_weights, read_alike

UNITS = [Unit("image", (Path("a"),)), Unit("text", (Path("b"),))]


def test_groups_then_files():
    units = make_units([Path("c.parquet")], [("image", [Path("a.parquet"), Path("b.parquet")])])
    assert units == [Unit("image", (Path("a.parquet"), Path("b.parquet"))), Unit("c", (Path("c.parquet"),))]


def test_names_differ_as_early_as_they_can():
    assert model_names([Path("x/a.parquet"), Path("y/b.parquet")]) == ["a", "b"]
    assert model_names([Path("x/fold_0/v.parquet"), Path("x/fold_1/v.parquet")]) == ["fold_0/v", "fold_1/v"]


@pytest.mark.parametrize(
    ("files", "groups", "message"),
    [
        ([], [], "there is nothing to average; give files of predictions, or --group NAME FILE ..."),
        ([], [("image", [])], "--group image: names no file; give NAME FILE ..."),
        (
            [],
            [("a.parquet", ["b.parquet"])],
            "--group a.parquet: is a file in the place of the group's name; give NAME FILE ...",
        ),
        (["a.p"], [("image", ["a.p"])], "a.p: is given 2 times; a model counts more with a larger weight"),
        (["a.p"], [("a", ["b.p"])], "2 of the models and groups are called 'a'; give the groups other names"),
    ],
)
def test_bad_units(files, groups, message):
    with pytest.raises(UserError) as error:
        make_units([Path(file) for file in files], [(name, [Path(file) for file in group]) for name, group in groups])
    assert str(error.value).endswith(message)


def test_weights():
    assert parse_weights(["text=2", "image=3"], UNITS) == [0.6, 0.4]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["image"], "--weights image: expected NAME=WEIGHT with a number from 0, such as image=0.6"),
        (["image=much"], "--weights image=much: expected NAME=WEIGHT"),
        (["image=-1"], "--weights image=-1: expected NAME=WEIGHT"),
        (["image=inf"], "--weights image=inf: expected NAME=WEIGHT"),
        (["image=1", "image=2"], "--weights: image has two weights; give one"),
        (["image=1", "sound=2"], "--weights: there is no 'sound'; the models and groups are image, text"),
        (["image=1"], "--weights: no weight for text; give one to each"),
        (["image=0", "text=0"], "--weights: all are 0; give one that is not"),
    ],
)
def test_bad_weights(pairs, message):
    with pytest.raises(UserError, match=message):
        parse_weights(pairs, UNITS)


SCORES = [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]


def facts_of(*files):
    facts = Facts()
    for file, predictions in read_alike(files):
        facts.add(file, predictions)
    return facts


def test_order_of_the_first(write):
    files = write("a", SCORES), write("b", SCORES, order=[2, 0, 1])
    for _, predictions in read_alike(files):
        assert predictions.images == ["0.jpg", "1.jpg", "2.jpg"] and predictions.scores.tolist() == SCORES


def test_files_that_are_not_alike(write):
    with pytest.raises(UserError, match=r"b.parquet and .*a.parquet have different classes: class 1 is 'z' in the one"):
        facts_of(write("a", SCORES), write("b", SCORES, classes=("x", "z")))
    with pytest.raises(UserError, match=r"b.parquet lacks 1 images .* such as 2.jpg; predict the same list"):
        facts_of(write("a", SCORES), write("b", SCORES[:2]))
    with pytest.raises(UserError, match=r"e.parquet: holds no image; predict a list with images"):
        facts_of(write("e", np.zeros((0, 2))))


def test_a_label_that_any_file_knows(write):
    facts = facts_of(write("a", SCORES), write("b", SCORES, [0, -1, 1]), write("c", SCORES, [0, 1, -1]))
    assert facts.labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("one", "other"), [([0, 1, 1], [0, 0, 1]), ([[1, 0], [1, 1], [0, 0]], [[1, 0], [0, 1], [0, 0]])]
)
def test_different_labels(write, one, other):
    predicted = one if np.ndim(one) == 2 else None
    files = write("a", SCORES, one, predicted=predicted), write("b", SCORES, other, predicted=predicted)
    with pytest.raises(UserError, match=r"b.parquet and .*a.parquet give 1.jpg different labels; predict the same"):
        facts_of(*files)


def test_what_models_have_seen(write):
    a, b = write("a", SCORES, seen=[0, 1, 0]), write("b", SCORES, seen=[0, 0, 0])
    unknown = write("unknown", SCORES)
    assert facts_of(a, b).seen.tolist() == [False, True, False]
    assert facts_of(a, unknown).seen.tolist() == [False, True, False]
    assert facts_of(b, unknown).seen is None and facts_of(b, unknown).files_without_seen == [unknown]
    assert facts_of(b).seen.tolist() == [False] * 3


def test_folds_that_agree(write):
    folds = {name: np.array(fold, np.int16) for name, fold in (("a", [0, 1, 1]), ("b", [1, 0, 1]), ("c", [0, 1, 0]))}
    a, c = write("a", SCORES, fold=folds["a"]), write("c", SCORES, fold=folds["c"])
    same = write("b", SCORES, order=[2, 0, 1], fold=folds["b"])  # as a, in another order
    assert facts_of(a).fold.tolist() == facts_of(a, same).fold.tolist() == [0, 1, 1]
    none = write("none", SCORES)
    assert all(facts_of(*files).fold is None for files in ([a, c], [a, c, a], [a, none], [none, a], [none]))


def test_errors(write):
    files = write("a", SCORES, errors={1: "empty"}), write("b", SCORES, errors={1: "other", 2: "cut"})
    assert facts_of(*files).errors == {1: "empty", 2: "cut"}
