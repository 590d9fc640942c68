from kdxf.recipes.lock import lock
from kdxf.recipes.pipeline import read_recipe, run_recipe, states
from kdxf.recipes.pipeline.state import Record, aside, lock_file, log_file, read_record, write_record


def found(recipe):
    return [item.state for item in states(recipe)]


def test_from_first_to_last(place):
    recipe = read_recipe("recipe.py")
    assert found(recipe) == ["to do", "to do", "waits"]
    run_recipe(recipe, show=lambda line: None)
    assert found(recipe) == ["done", "done", "done"] and all(item.seconds > 0 for item in states(recipe))
    (place / "work" / "2.txt").write_text("other")
    assert found(recipe) == ["done", "done", "changed"]
    (place / "work" / "2.txt").unlink()
    assert found(recipe) == ["done", "to do", "waits"]
    (place / "data" / "a.txt").write_text("A")
    assert found(recipe)[0] == "changed"


def test_a_stage_that_was_stopped(place):
    recipe = read_recipe("recipe.py")
    run_recipe(recipe, show=lambda line: None)
    record = read_record(recipe, recipe.stages[0])
    write_record(recipe, recipe.stages[0], Record(record.fingerprint, 60.0))
    assert found(recipe) == ["stopped", "done", "done"] and states(recipe)[0].seconds == 60
    assert log_file(recipe, recipe.stages[0]).read_text().startswith("$ ")


def test_a_stage_that_is_running(place):
    recipe = read_recipe("recipe.py")
    one = recipe.stages[0]
    with lock(lock_file(recipe, one)):
        assert found(recipe) == ["running", "to do", "waits"] and states(recipe)[0].seconds == 0
        write_record(recipe, one, Record("x", 60.0))
        assert states(recipe)[0].seconds == 60
    assert found(recipe) == ["changed", "to do", "waits"]


def test_files_of_a_stage(place):
    recipe = read_recipe("recipe.py")
    one = recipe.stages[0]
    assert [str(file(recipe, one)) for file in (log_file, lock_file, aside)] == [
        "work/.stages/one.log",
        "work/.stages/one.lock",
        "work/.stages/replaced/one",
    ]
