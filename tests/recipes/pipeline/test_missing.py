import pytest

from kdxf.errors import UserError
from kdxf.recipes.lock import lock
from kdxf.recipes.pipeline import read_recipe, run_recipe
from kdxf.recipes.pipeline.missing import check_data, check_makers, why_waiting
from kdxf.recipes.pipeline.state import Record, lock_file, write_record


def test_data_that_nobody_makes(place):
    recipe = read_recipe("recipe.py")
    check_data(recipe, recipe.stages)
    (place / "data" / "b.txt").unlink()
    check_data(recipe, recipe.stages[:1])
    message = (
        r"^the stage two needs data/b.txt, which does not exist, and no stage before makes it: put it there, as the "
        r"first lines of recipe.py say$"
    )
    with pytest.raises(UserError, match=message):
        check_data(recipe, recipe.stages)


def test_a_config(place):
    (place / "r.py").write_text("work = 'w'\nstages = [dict(name='a', run='t.py configs/a.py', outputs='w/x')]")
    recipe = read_recipe("r.py")
    with pytest.raises(
        UserError,
        match=r"^the stage a needs configs/a.py, which does not exist; correct r.py, or run it in the folder that",
    ):
        check_data(recipe, recipe.stages)


def test_what_a_stage_makes(place):
    (place / "r.py").write_text(
        "work = 'w'\nstages = [dict(name='make', outputs=['w/model', 'w/y.txt'],"
        " run=['join.py w/model/1.txt data/a.txt', 'join.py w/y.txt data/a.txt']),"
        " dict(name='use', run='t.py', inputs=['w/model/best_*.pth', 'w', 'w/[xy].t*'], outputs='w/z')]"
    )
    recipe = read_recipe("r.py")
    use = recipe.stages[1]
    check_data(recipe, recipe.stages)  # in a folder, a folder around, a pattern
    said = why_waiting(recipe, use, "w/model/best_*.pth")
    assert said == "the stage use needs w/model/best_*.pth, which does not exist; run the stage make first"
    run_recipe(recipe, ["make"], lambda line: None)
    assert why_waiting(recipe, use, "w/model/best_*.pth") == (
        "the stage use needs w/model/best_*.pth, which does not exist, although the stage make is done: move w/model "
        "away, so that it is made again"
    )


def test_what_is_being_made(place):
    recipe = read_recipe("recipe.py")
    one, _, both = recipe.stages
    check_makers(recipe, both)  # put there by hand
    write_record(recipe, one, Record("x", finished=True))
    check_makers(recipe, both)
    write_record(recipe, one, Record("x"))
    with pytest.raises(UserError, match="^the stage both needs work/1.txt of the stage one, which was stopped; run"):
        check_makers(recipe, both)
    message = "^the stage both needs work/1.txt of the stage one, which another process is at; wait for its end$"
    with lock(lock_file(recipe, one)), pytest.raises(UserError, match=message):
        check_makers(recipe, both)
    check_makers(recipe, one)
