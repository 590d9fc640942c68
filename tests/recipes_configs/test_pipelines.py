"""Every pipeline of a published recipe holds together: what a stage needs is there before it runs."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kdxf.recipes.pipeline import read_recipe

PIPELINES = sorted(Path(__file__).parents[2].glob("configs/recipes/*/pipeline.py"))


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


def _smoke(repo: Path, file: Path, work: Path) -> str:
    """Runs a small trial, from drawn pictures to the submission; gives what the tool said last where it failed."""
    run = [sys.executable, "tools/recipes/run.py", str(file), "--smoke", "--set", f"work={work}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(run, cwd=repo, env=environment, capture_output=True, text=True)
    if found.returncode:
        return f"{file.parent.name}: {(found.stderr or found.stdout).strip().splitlines()[-1]}"
    last = read_recipe(file, smoke=True, values={"work": str(work)}).stages[-1]
    missing = [output for output in last.outputs if not Path(output).stat().st_size]
    return f"{file.parent.name}: {missing[0]} is empty" if missing else ""


def test_every_recipe_runs_to_its_end(repo, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        faults = pool.map(lambda file: _smoke(repo, file, tmp_path / file.parent.name), PIPELINES)
    assert len(PIPELINES) == 4 and [fault for fault in faults if fault] == []
