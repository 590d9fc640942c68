import pytest

from kdxf.errors import UserError
from kdxf.recipes.pipeline.values import fill, filled, replaced


def test_values_name_those_before_them():
    values = {"work": "w", "folds": 5, "lists": "{work}/lists", "train": "{lists}/{folds}.csv"}
    assert filled(values, "recipe r.py") == {"work": "w", "folds": 5, "lists": "w/lists", "train": "w/lists/5.csv"}
    with pytest.raises(UserError, match=r"^recipe r.py: the value 'a' has '\{b\}', whose 'b' has no value$"):
        filled({"a": "{b}", "b": "x"}, "recipe r.py")


def test_new_ones_keep_their_places():
    values = {"a": 1, "b": 2, "c": 3}
    assert list(replaced(values, {"b": 4}, "recipe r.py", "smoke").items()) == [("a", 1), ("b", 4), ("c", 3)]
    with pytest.raises(
        UserError, match=r"^recipe r.py: smoke names 'd', which the recipe does not use \(it has: a, b, c\)$"
    ):
        replaced(values, {"d": 4}, "recipe r.py", "smoke")


@pytest.mark.parametrize("text", ["{b}", "{}", "{a.x}", "{a[0]}", "{a", "{a:d}"])
def test_braces_that_stand_for_nothing(text):
    assert fill("{a} {{b}}", {"a": "x"}, "stage 1") == "x {b}"
    with pytest.raises(UserError, match="^stage 1 has .*, whose .* has no value$"):
        fill(text, {"a": object()}, "stage 1")
