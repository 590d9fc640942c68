"""Recipes of several stages: read, run, continued after a crash, and re-run only where something changed."""

from kdxf.recipes.pipeline.recipe import Recipe, Stage, read_recipe
from kdxf.recipes.pipeline.run import run_recipe
from kdxf.recipes.pipeline.state import StageState, states

__all__ = ["Recipe", "Stage", "StageState", "read_recipe", "run_recipe", "states"]
