import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from kdxf.errors import UserError
from kdxf.io.locks import lock
from kdxf.recipes.pipeline import StageState, read_recipe, run_recipe, states
from kdxf.recipes.pipeline.run import check_data, check_makers, clear, existing, put_aside, table, why_waiting
from kdxf.recipes.pipeline.state import Record, aside, lock_file, read_record, write_record


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


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work" / "model").mkdir(parents=True)
    (tmp_path / "work" / "model" / "last.pth").write_text("weights")
    (tmp_path / "work" / "link").symlink_to("nowhere")
    return tmp_path / "work"


def test_everything_keeps_its_path(work):
    outputs = (f"{work}/model/last.pth", f"{work}/link", f"{work}/model", f"{work}/none")
    assert existing(outputs) == [work / "link", work / "model", work / "model" / "last.pth"]
    folder = work / ".stages" / "replaced" / "a"
    assert put_aside(outputs, work, folder) == [work / "link", work / "model"]
    assert (folder / "model" / "last.pth").read_text() == "weights" and os.readlink(folder / "link") == "nowhere"
    assert existing(outputs) == [] and put_aside(outputs, work, folder) == []


def test_nothing_is_overwritten(work):
    folder = work / "aside"
    for text in ("weights", "second", "third"):
        (work / "model").mkdir(exist_ok=True)
        (work / "model" / "last.pth").write_text(text)
        put_aside((f"{work}/model",), work, folder)
    found = {path.parent.name: path.read_text() for path in folder.rglob("*.pth")}
    assert found == {"model": "weights", "model.1": "second", "model.2": "third"}
    clear(folder)
    clear(folder)
    assert not folder.exists()


def test_another_file_system(work, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("kdxf.recipes.pipeline.run.os.rename", refuse)
    message = r"work/model is of an earlier run and cannot be moved to .*aside/model: Invalid cross.*; move it away$"
    with pytest.raises(UserError, match=message):
        put_aside((f"{work}/model",), work, work / "aside")
    assert (work / "model" / "last.pth").read_text() == "weights"


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
    with pytest.raises(UserError, match=r"the stage both needs work/1.txt, which does not exist; run the stage one"):
        go(only=["both"])
    with pytest.raises(UserError, match=r"recipe recipe.py has no stage 'three', only one, two, both"):
        go(only=["three"])


def test_a_half_made_input(place):
    go()
    recipe = read_recipe("recipe.py")
    write_record(recipe, recipe.stages[0], Record(read_record(recipe, recipe.stages[0]).fingerprint))
    assert go(only=["both"])[1] == []  # it was done with a whole one
    (place / "work" / "3.txt").unlink()
    with pytest.raises(UserError, match="the stage both needs work/1.txt of the stage one, which was stopped; run"):
        go(only=["both"])
    assert go()[1] == ["1.txt", "3.txt", "3.txt"]


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


def test_data_is_looked_for_before_anything_runs(place):
    (place / "data" / "b.txt").unlink()
    with pytest.raises(UserError, match="the stage two needs data/b.txt, which does not exist, and no stage before"):
        go()
    assert place_runs() == [] and go(only=["one"])[1] == ["1.txt"]


def test_a_tool_that_does_not_exist(place):
    (place / "recipe.py").write_text("work = 'work'\nstages = [dict(name='a', run='no_such_tool', outputs='work/y')]")
    message = r"the stage a of recipe.py cannot run no_such_tool: No such file or directory; install it, or correct"
    with pytest.raises(UserError, match=message):
        go()


def test_a_stopped_stage_and_one_that_lost_an_output_go_on(place):
    recipe = read_recipe("recipe.py")
    go()
    both = recipe.stages[2]
    record = read_record(recipe, both)
    half = place / "work" / "tmp" / "half"
    half.touch()
    write_record(recipe, both, Record(record.fingerprint, 30.0))
    assert go()[0][2:] == ["both: runs, log in work/.stages/both.log", "both: done in 0.5 min"]
    assert half.exists() and read_record(recipe, both).seconds > 30
    (place / "work" / "3.txt").unlink()
    assert go()[1] == ["3.txt", "3.txt"] and half.exists() and not aside(recipe, both).exists()


def test_a_changed_stage_starts_anew_and_keeps_the_last_results(place):
    recipe = read_recipe("recipe.py")
    go()
    both, work = recipe.stages[2], place / "work"
    for number in "12":
        (work / "tmp" / f"half {number}").touch()
        write_record(recipe, both, Record("another", 30.0, True))
        moved = "both: starts anew; work/3.txt, work/tmp moved to work/.stages/replaced/both, and kept until finished "
        assert go()[0][2] == f"{moved}results come after"
        assert read_record(recipe, both).seconds < 30 and [path.name for path in (work / "tmp").iterdir()] == ["3.txt"]
        kept = sorted(path.name for path in aside(recipe, both).rglob("*") if path.is_file())
        assert kept == ["3.txt", "3.txt", f"half {number}"]  # the last ones only
    write_record(recipe, both, Record("another", 30.0, True))
    shutil.rmtree(work / "tmp")
    (work / "3.txt").unlink()
    go()
    assert kept == sorted(path.name for path in aside(recipe, both).rglob("*") if path.is_file())  # nothing came later


def test_finished_results_outlive_a_stage_that_fails(place):
    """A mistyped command that starts the stage anew costs no results when it is corrected."""
    recipe = read_recipe("recipe.py")
    go()
    both, work = recipe.stages[2], place / "work"
    (work / "tmp" / "weeks of work").touch()
    for finished in (True, False):
        write_record(recipe, both, Record("another", 30.0, finished))
        go()
    assert [path.name for path in aside(recipe, both).rglob("weeks*")] == ["weeks of work"]


def test_what_was_there_before_the_first_run_is_kept(place):
    (place / "work" / "tmp").mkdir(parents=True)
    (place / "work" / "tmp" / "notes.txt").write_text("mine")
    moved = "both: starts anew; work/tmp moved to work/.stages/replaced/both, and kept until finished"
    assert f"{moved} results come after" in go()[0]
    assert (place / "work" / ".stages" / "replaced" / "both" / "tmp" / "notes.txt").read_text() == "mine"


KILLED = """
import os, signal, sys
from kdxf.recipes.pipeline import read_recipe, run_recipe
from kdxf.recipes.pipeline import run

def killed(function, when):
    def replaced(*args):
        if when(*args):
            os.killpg(os.getpgid(0), signal.SIGKILL)
        return function(*args)
    return replaced

moment = sys.argv[1]
if moment == "before the move":
    run.put_aside = killed(run.put_aside, lambda *_: True)
elif moment == "within the move":
    os.rename = killed(os.rename, lambda source, target: source.name == "tmp")
else:
    run.write_record = killed(run.write_record, lambda _, stage, record: stage.name == "both" and not record.moving)
run_recipe(read_recipe("recipe.py"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before the move", "within the move", "after the move"])
@pytest.mark.parametrize("record", [None, Record("another", 30.0, True)], ids=["first", "changed"])
def test_killed_while_things_are_moved(place, moment, record):
    recipe = read_recipe("recipe.py")
    go()
    both = recipe.stages[2]
    if record:
        write_record(recipe, both, record)
    else:
        (place / "work" / ".stages" / "both.json").unlink()
    (place / "work" / "tmp" / "mine").touch()
    (place / "work" / "3.txt").write_text("old")
    for _ in range(2):  # the second time it goes on with what the first one left
        words = [sys.executable, "-c", KILLED, moment]
        assert subprocess.run(words, start_new_session=True, stdout=subprocess.DEVNULL).returncode == -signal.SIGKILL
        assert [path.name for path in place.rglob("mine")] == ["mine"] and states(recipe)[2].state == "stopped"
    assert go()[1] == ["3.txt", "3.txt"] and (place / "work" / "3.txt").read_text() == "ab"
    folder = aside(recipe, both)
    assert (folder / "3.txt").read_text() == "old" and (folder / "tmp" / "mine").exists()
    assert not (place / "work" / "tmp" / "mine").exists() and states(recipe)[2].state == "done"
    assert go()[1] == []


@pytest.mark.slow
def test_killed_while_a_tool_runs(place):
    """What the tool had written stays, and nothing is put aside."""
    (place / "wait.py").write_text(
        "import sys, time\nfrom pathlib import Path\nif Path('work/m/1').exists():\n    Path('work/m/2').touch()\n"
        "else:\n    Path('work/m').mkdir(exist_ok=True)\n    Path('work/m/1').touch()\n    time.sleep(60)\n"
    )
    (place / "recipe.py").write_text("work = 'work'\nstages = [dict(name='a', run='wait.py', outputs='work/m')]")
    code = "from kdxf.recipes.pipeline import *; run_recipe(read_recipe('recipe.py'))"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (place / "work" / "m" / "1").exists():
            time.sleep(0.05)
        assert states(read_recipe("recipe.py"))[0].state == "running"
    finally:
        os.killpg(other.pid, signal.SIGKILL)
        other.wait()
    while states(read_recipe("recipe.py"))[0].state == "running":  # until the system has ended the tool
        time.sleep(0.05)
    go()
    assert sorted(path.name for path in (place / "work" / "m").iterdir()) == ["1", "2"]
    assert not (place / "work" / ".stages" / "replaced").exists()


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


def test_odd_names_reach_the_tool_and_run_nothing(place):
    odd = "my 'data' $(touch ran) `touch ran`; touch ran) \"x\""
    (place / "data").rename(place / odd)
    run_recipe(read_recipe("recipe.py", values={"data": odd, "work": f"work {odd}"}))
    assert (place / f"work {odd}" / "3.txt").read_text() == "ab"
    assert not (place / "ran").exists()
