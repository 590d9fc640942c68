import pandas as pd
import pytest

from kdxf.data.cutmix.plan import how_many, plan
from kdxf.errors import UserError


@pytest.fixture
def frame():
    """5 of a, 2 of b, 1 of c."""
    labels = list("aaaaabbc")
    return pd.DataFrame({"image": [f"{number}.jpg" for number in range(8)], "label": labels})


def test_so_many_or_up_to_so_many(frame):
    assert how_many(frame, None, None, 4) == {"b": 2, "c": 3}
    assert how_many(frame, ["c", "a"], None, 4) == {"c": 3}
    assert how_many(frame, ["c", "a", "c"], 2, None) == {"c": 2, "a": 2}
    assert how_many(frame, None, 1, None) == {"a": 1, "b": 1, "c": 1}


def test_wrong_numbers_and_classes_are_named(frame):
    with pytest.raises(UserError, match=r"^--count: must be at least 1, not 0$"):
        how_many(frame, None, 0, None)
    with pytest.raises(UserError, match=r"^--at-least: must be at least 1, not -1$"):
        how_many(frame, None, None, -1)
    with pytest.raises(UserError, match=r"^--labels: the list has no images of 'x'; write labels as it does$"):
        how_many(frame, ["a", "x"], 1, None)
    with pytest.raises(UserError, match=r"^--background-labels: the list has no images of 'x'; write labels as it do"):
        plan(frame, {"a": 1}, "other", ["b", "x"], seed=0)


def test_every_image_is_used_before_one_is_used_twice(frame):
    recipes = plan(frame, {"a": 10}, "same", [], seed=0)
    rows = [recipe.row for recipe in recipes]
    assert sorted(rows[:5]) == sorted(rows[5:]) == [0, 1, 2, 3, 4]
    assert all(recipe.background in frame["image"][:5].tolist() for recipe in recipes)
    assert all(recipe.background != frame.at[recipe.row, "image"] for recipe in recipes)
    assert [recipe.name for recipe in recipes[:2]] == ["aug_a_00000.jpg", "aug_a_00001.jpg"]
    assert len({recipe.seed for recipe in recipes}) == 10


def test_the_seed_decides_and_other_classes_do_not(frame):
    alone = plan(frame, {"b": 3}, "same", [], seed=1)
    assert plan(frame, {"a": 2, "b": 3}, "same", [], seed=1)[2:] == alone
    assert plan(frame, {"b": 3}, "same", [], seed=2) != alone


def test_backgrounds(frame):
    assert {recipe.background for recipe in plan(frame, {"a": 9}, "padded", [], 0)} == {""}
    assert {recipe.background for recipe in plan(frame, {"a": 30}, "other", ["b", "c"], 0)} == {
        "5.jpg",
        "6.jpg",
        "7.jpg",
    }
    assert {recipe.background for recipe in plan(frame, {"c": 3}, "same", [], 0)} == {""}  # its only image


def test_both_images_are_of_one_fold(frame):
    frame["fold"] = [0, 0, 1, 1, 2, 0, 1, 2]
    fold = dict(zip(frame["image"], frame["fold"], strict=True))
    for recipe in plan(frame, {"a": 20}, "same", [], 0):
        alone = frame.at[recipe.row, "fold"] == 2
        assert recipe.background == "" if alone else fold[recipe.background] == frame.at[recipe.row, "fold"]


def test_made_pictures_are_counted_and_not_used_again(frame):
    more = pd.DataFrame({"image": ["aug_c_00000.jpg"], "label": ["c"], "source": ["cutmix"]})
    both = pd.concat([frame.assign(source="original"), more], ignore_index=True)
    recipes = plan(both, how_many(both, ["c"], None, 3), "same", [], 0)
    assert [(recipe.name, recipe.row, recipe.background) for recipe in recipes] == [("aug_c_00001.jpg", 7, "")]
    with pytest.raises(UserError, match=r"^c: all its images were made by CutMix; there is none to start from$"):
        plan(more, {"c": 1}, "same", [], 0)


def test_labels_that_no_file_can_be_called():
    frame = pd.DataFrame({"image": ["1.jpg", "2.jpg", "3.jpg"], "label": ["a/b", "a b", "牛奶"]})
    names = [recipe.name for recipe in plan(frame, dict.fromkeys(frame["label"], 1), "padded", [], 0)]
    assert names[2] == "aug_牛奶_00000.jpg" and len(set(names)) == 3
    assert all(name.startswith("aug_a-b-") and "/" not in name and " " not in name for name in names[:2])
