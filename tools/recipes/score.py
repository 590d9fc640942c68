#!/usr/bin/env python
"""Score files of predictions side by side: ``python tools/recipes/score.py CONFIG NAME=FILE ... [--out TABLE.md]``.

The scores are those of the config's val_evaluator. Files come from tools/test.py --out, kfold.py, ensemble.py, ...; no
model is run.
"""

import argparse
from pathlib import Path

from kdxf.apis.argument_types import named_files
from kdxf.apis.command import run
from kdxf.apis.config import load_config
from kdxf.errors import UserError
from kdxf.recipes.kfold_metrics import scores_markdown
from kdxf.recipes.score import score
from kdxf.whole_files import write_whole


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE", help="files of predictions, with labels")
    parser.add_argument("--out", type=Path, metavar="FILE", help="table: .md or .csv")
    return parser.parse_args()


def main() -> None:
    """Score."""
    args = parse_args()
    if args.out is not None and args.out.suffix not in (".md", ".csv"):
        raise UserError(f"--out {args.out}: the name must end with .md or .csv")
    table = score(load_config(args.config), named_files(args.files, "FILE"))
    print(scores_markdown(table), end="")
    if args.out is not None:
        text = table.to_csv(index=False) if args.out.suffix == ".csv" else scores_markdown(table)
        write_whole(text.encode(), args.out)


if __name__ == "__main__":
    run(main)
