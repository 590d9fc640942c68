import subprocess
import sys
import time

import pytest

from kdxf.errors import UserError
from kdxf.recipes.pipeline import StageState, read_recipe, run_recipe
from kdxf.recipes.pipeline.run import table
from kdxf.recipes.pipeline.state import Record, read_record, write_record


def go(values=None, only=()):
    """Run it, and give what was run: the outputs' names, each time anew."""
    lines = []
    log = place_runs()
    run_recipe(read_recipe("recipe.py", values=values), only, lines.append)
    return lines, place_runs()[len(log) :]


def place_runs():
    try:
        return open("runs.txt").read().split()
    except FileNotFoundError:
        return []


def test_only_what_changed_is_run_again(place):
    lines, ran = go()
    assert ran == ["1.txt", "2.txt", "3.txt", "3.txt"] and (place / "work" / "3.txt").read_text() == "ab"
    assert lines[:2] == ["one: runs, log in work/.stages/one.log", "one: done in 0.0 min"]
    assert go() == (["one: done before", "two: done before", "both: done before"], [])
    (place / "data" / "b.txt").write_text("B")
    assert go()[1] == ["2.txt", "3.txt", "3.txt"] and (place / "work" / "3.txt").read_text() == "aB"
    (place / "work" / "1.txt").unlink()
    assert go()[1] == ["1.txt"]  # made again as it was: the last stage stays
    assert go({"data": "data/"})[1] == ["1.txt", "2.txt"]  # another command


def test_some_stages(place):
    assert go(only=["two"])[1] == ["2.txt"]
    with pytest.raises(UserError, match=r"the stage both needs work/1.txt, which does not exist; run the stages"):
        go(only=["both"])
    with pytest.raises(UserError, match=r"recipe recipe.py has no stage 'three', only one, two, both"):
        go(only=["three"])


def test_a_failure_says_what_the_tool_said(place):
    (place / "data" / "b.txt").write_text("bad")
    message = r"the stage two failed with status 2: bad input; the whole output is in work/.stages/two.log"
    with pytest.raises(UserError, match=message):
        go()
    assert (place / "work" / ".stages" / "two.log").read_text().splitlines()[-1] == "tidies up"
    (place / "data" / "b.txt").write_text("good")
    tool = (place / "join.py").read_text()
    (place / "join.py").write_text("raise SystemExit('another reason')")  # the log's older error is none of this run
    with pytest.raises(UserError, match="the stage two failed with status 1: another reason;"):
        go()
    (place / "join.py").write_text(tool)
    assert go()[1] == ["2.txt", "3.txt", "3.txt"]


def test_a_stopped_stage_goes_on_and_a_changed_one_starts_anew(place):
    recipe = read_recipe("recipe.py")
    go()
    both = recipe.stages[2]
    record = read_record(recipe, both)
    (place / "work" / "tmp" / "half").touch()
    write_record(recipe, both, Record(record.fingerprint, 30.0))
    go()
    assert (place / "work" / "tmp" / "half").exists() and read_record(recipe, both).seconds > 30
    write_record(recipe, both, Record("another", 30.0))
    go()
    assert not (place / "work" / "tmp" / "half").exists() and read_record(recipe, both).seconds < 30


def test_an_output_that_is_not_made(place):
    (place / "recipe.py").write_text(
        "work = 'work'\nstages = [dict(name='a', run='join.py work/x data/a.txt', outputs='work/y')]"
    )
    with pytest.raises(UserError, match=r"the stage a ended without work/y; correct its outputs in recipe.py"):
        go()


def test_two_runs_at_once(place):
    (place / "wait.py").write_text("import sys, time\nprint('waits', flush=True)\ntime.sleep(60)\n")
    (place / "recipe.py").write_text("work = 'work'\nstages = [dict(name='a', run='wait.py', outputs='work/y')]")
    code = "from kdxf.recipes.pipeline import *; run_recipe(read_recipe('recipe.py'))"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        log = place / "work" / ".stages" / "a.log"
        while not (log.exists() and "waits" in log.read_text()):
            time.sleep(0.05)
        with pytest.raises(UserError, match=r"the stage a of recipe.py runs already, in another process"):
            go()
        other.kill()  # its tool lives on, and keeps the stage
        other.wait()
        with pytest.raises(UserError, match="runs already"):
            go()
    finally:
        subprocess.run(["kill", "-9", "--", f"-{other.pid}"], check=False)


def test_table(place):
    stages = read_recipe("recipe.py").stages
    found = [StageState(stages[0], "done", 90.0), StageState(stages[2], "waits", 0.0)]
    assert table(found).splitlines() == ["one   done          1.5 min", "both  waits"]
