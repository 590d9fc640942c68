"""Every pipeline of a published recipe holds together: what a stage needs is there before it runs."""

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
