"""Ids and names of classes."""

import pytest

from kdxf_runtime.categories import Categories


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
