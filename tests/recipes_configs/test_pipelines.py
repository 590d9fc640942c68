"""Every pipeline of a published recipe holds together, and a small trial of it comes to its end."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kdxf.recipes.pipeline import read_recipe, states

PIPELINES = sorted(Path(__file__).parents[2].glob("configs/recipes/*/pipeline.py"))


# The stages that another picture to predict changes; plant_pathology has these pictures among those of training.
CHANGED = {
    "kdxf": "lists|ocr test|submission",
    "xfyun_ad": "lists|ocr test|predict .*|.*_student",
    "hualu_cup": "lists|resize test",
    "aliproducts": "lists|submission",
}


def _check_another_picture(recipe, folder, expected):
    """It trains nothing again, but students, whose pseudo-labels are of these pictures."""
    shutil.copy(min(folder.iterdir()), folder / "zz_another.jpg")
    changed = [state.stage.name for state in states(recipe) if state.state == "changed"]
    assert changed == [stage.name for stage in recipe.stages if re.fullmatch(expected, stage.name)]


def _there(path: str, made: list[Path]) -> bool:
    return any(output == Path(path) or output in Path(path).parents for output in made)


@pytest.mark.parametrize("smoke", [False, True], ids=["whole", "smoke"])
@pytest.mark.parametrize("file", PIPELINES, ids=lambda file: file.parent.name)
def test_every_input_is_made_before_or_is_data(repo, file, smoke):
    recipe = read_recipe(file, smoke=smoke, values={"work": "work_dirs/tried"})
    made: list[Path] = []
    for stage in recipe.stages:
        for path in stage.inputs:
            assert _there(path, made) or (not smoke and path.startswith("data/")), (stage.name, path)
        made += map(Path, stage.outputs)
    words = {word for stage in recipe.stages for command in stage.commands for word in command}
    programs = {word for word in words if word.endswith(".py")}
    assert programs and [word for word in sorted(programs) if not (repo / word).is_file()] == []


@pytest.mark.slow
def test_small_trials(repo, tmp_path, monkeypatch):
    """From a few pictures to the submission, by the very commands of the real run."""
    command = [sys.executable, "tests/fixtures/recipe_trial.py", str(tmp_path), *map(str, PIPELINES)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(command, cwd=repo, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, (found.stderr or found.stdout).strip().splitlines()[-1]
    monkeypatch.chdir(repo)
    for file in PIPELINES:
        name = file.parent.name
        work = tmp_path / name
        recipe = read_recipe(file, smoke=True, values={"work": str(work)})
        assert {state.state for state in states(recipe)} == {"done"}, name
        assert [output for output in recipe.stages[-1].outputs if not Path(output).stat().st_size] == [], name
        if name in CHANGED:
            _check_another_picture(recipe, work / "raw" / "images" / "test", CHANGED[name])


def test_every_document_has_one():
    assert len(PIPELINES) == 5
