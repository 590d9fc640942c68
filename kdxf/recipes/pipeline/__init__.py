"""Recipes of several stages, which continue after a crash and run again only where something changed."""

from kdxf.recipes.pipeline.recipe import Recipe, Stage, read_recipe
from kdxf.recipes.pipeline.run import run_recipe
from kdxf.recipes.pipeline.state import StageState, states

__all__ = ["Recipe", "Stage", "StageState", "read_recipe", "run_recipe", "states"]
