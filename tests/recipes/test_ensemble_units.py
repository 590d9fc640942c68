from pathlib import Path

import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensemble_units import Unit, make_units, model_names, parse_weights

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
