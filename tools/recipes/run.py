#!/usr/bin/env python
"""Run a recipe of several stages: ``python tools/recipes/run.py RECIPE [--list] [--smoke] [--stage NAME ...]``.

A recipe is a Python or YAML file that names its stages, such as configs/recipes/xfyun_ad/pipeline.py. Finished stages
are skipped, and an interrupted run continues. A stage whose inputs have changed runs again, and its previous results
are kept in .stages/replaced, in the work folder.
"""

import argparse

from kdxf.cli.command import run
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="recipe file")
    parser.add_argument("--list", action="store_true", help="show the state of each stage, and run nothing")
    parser.add_argument("--smoke", action="store_true", help="a small trial, with the recipe's values for it")
    parser.add_argument("--stage", nargs="+", default=[], metavar="NAME", help="run these stages only")
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="replace values of the recipe, such as work=DIR",
    )
    return parser.parse_args()


def main() -> None:
    """Run the recipe, or list its stages."""
    args = parse_args()
    from kdxf.recipes.pipeline import read_recipe, run_recipe, states
    from kdxf.recipes.pipeline.run import table

    values = {}
    for pair in args.set:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"--set {pair}: give NAME=VALUE")
        values[name] = value
    recipe = read_recipe(args.recipe, smoke=args.smoke, values=values)
    try:
        found = states(recipe) if args.list else run_recipe(recipe, args.stage)
    except UserError:
        print(table(states(recipe)), flush=True)
        raise
    print(table(found))


if __name__ == "__main__":
    run(main)
