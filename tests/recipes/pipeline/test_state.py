import hashlib
import os

import pytest

from kdxf.io.locks import lock
from kdxf.recipes.pipeline import Stage, read_recipe, run_recipe, states
from kdxf.recipes.pipeline.state import (
    Record,
    aside,
    configs,
    expand,
    fingerprint,
    lock_file,
    log_file,
    missing,
    read_record,
    write_record,
)


def stage(inputs=(), *words):
    return Stage("s", (("tool.py", *words),), tuple(inputs), ("w/x",))


def test_files_count_by_their_bytes(place):
    path = place / "data" / "a.txt"
    before = fingerprint(stage(["data/a.txt"]))
    os.utime(path, ns=(1, 1))
    assert fingerprint(stage(["data/a.txt"])) == before
    path.write_text("c")
    assert fingerprint(stage(["data/a.txt"])) != before


def test_folders_count_by_what_is_in_them(place):
    before = fingerprint(stage(["data"]))
    os.utime(place / "data" / "a.txt", ns=(1, 1))
    assert fingerprint(stage(["data"])) == before
    (place / "data" / "new").mkdir()
    (place / "data" / "new" / "c.txt").touch()
    after = fingerprint(stage(["data"]))
    (place / "data" / "new" / "c.txt").write_text("c")
    assert len({before, after, fingerprint(stage(["data"]))}) == 3


def test_configs_count_with_what_they_are_based_on(place):
    (place / "base.py").write_text("lr = 1")
    (place / "config.py").write_text("_base_ = 'base.py'")
    before = fingerprint(stage([], "config.py"))
    (place / "base.py").write_text("# the rate\nlr = 1")
    assert fingerprint(stage([], "config.py")) == before
    (place / "base.py").write_text("lr = 2")
    assert fingerprint(stage([], "config.py")) != before


def test_configs_come_after_tools(place):
    commands = (
        ("bash", "tools/dist_train.sh", "a.py", "2"),
        ("python", "script.py", "b.py"),
        ("t.py", "--set", "c.py"),
    )
    assert configs(Stage("s", commands, (), ())) == ["a.py", "b.py", "c.py"]


@pytest.mark.parametrize("words", [("python", "script.py"), ("t.py", "--policy", "policy.yaml"), ("t.py", "c.yml")])
def test_scripts_and_other_settings_count_by_their_bytes(place, words):
    """And no script is run to find out."""
    found = Stage("s", (words,), (), ())
    assert fingerprint(found) is not None  # made by a command before, perhaps
    (place / words[-1]).write_text("raise SystemExit")
    before = fingerprint(found)
    assert fingerprint(found) == before
    (place / words[-1]).write_text("raise SystemExit(1)")
    assert fingerprint(found) != before


@pytest.mark.parametrize("output", ["w/policy.yaml", "w"])
def test_results_do_not_count(place, output):
    """Else a stage that writes settings would be another one as soon as it is done."""
    found = Stage("s", (("find.py", "--out", "w/policy.yaml"),), (), (output,))
    before = fingerprint(found)
    (place / "w").mkdir()
    (place / "w" / "policy.yaml").write_text("a: 1")
    assert fingerprint(found) == before


def test_words_count(place):
    assert fingerprint(stage([], "--out", "a")) != fingerprint(stage([], "--out", "b"))


def test_missing_inputs(place):
    assert fingerprint(stage(["data/c.txt"])) is None
    assert fingerprint(stage(["data/c*.txt"])) is None
    assert fingerprint(stage([], "config.py")) is None
    found = stage(["data/a.txt", "data/c*.txt"], "b/config.py", "--out", "x", "a/config.py")
    assert configs(found) == ["a/config.py", "b/config.py"]
    assert missing(found) == ["data/c*.txt", "a/config.py", "b/config.py"]


def test_nothing_else_counts(place):
    """Not the version: whatever changes this value makes everybody train for days again."""
    content = hashlib.sha256((place / "data" / "a.txt").read_bytes()).hexdigest()
    expected = f'{{"commands": [["tool.py", "x"]], "configs": {{}}, "inputs": {{"data/a.txt": "{content}"}}}}'
    assert fingerprint(stage(["data/a.txt"], "x")) == hashlib.sha256(expected.encode()).hexdigest()


def test_stars(place):
    assert expand("data/*.txt") == ["data/a.txt", "data/b.txt"] and expand("data/c*") == ["data/c*"]
    assert expand(f"{place}/data/*.txt") == [f"{place}/data/a.txt", f"{place}/data/b.txt"]
    assert expand("a?") == ["a?"]


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
