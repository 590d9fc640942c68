#!/usr/bin/env python
"""Score files of predictions side by side: ``python tools/recipes/score.py CONFIG NAME=FILE ... [--out TABLE.md]``.

The scores are those of the config's val_evaluator. Files come from tools/test.py --out, kfold.py, ensemble.py, ...; no
model is run.
"""

import argparse
import os
from pathlib import Path

from kdxf.apis.command import run
from kdxf.apis.config import load_config
from kdxf.errors import UserError
from kdxf.recipes.score import markdown, score


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE", help="files of predictions, with labels")
    parser.add_argument("--out", type=Path, metavar="FILE", help="table: .md or .csv")
    return parser.parse_args()


def named_files(words: list[str]) -> dict[str, Path]:
    """Read ``NAME=FILE`` or ``FILE``, whose name is that of the file.

    Raises:
        UserError: Two files have one name.
    """
    files: dict[str, Path] = {}
    for word in words:
        name, equals, file = word.partition("=")
        name, file = (name, file) if equals else (Path(word).stem, word)
        if name in files:
            raise UserError(f"two files are called {name}: give NAME=FILE")
        files[name] = Path(file)
    return files


def main() -> None:
    """Score."""
    args = parse_args()
    if args.out is not None and args.out.suffix not in (".md", ".csv"):
        raise UserError(f"--out {args.out}: the name must end with .md or .csv")
    table = score(load_config(args.config), named_files(args.files))
    print(markdown(table), end="")
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        temporary = args.out.with_name(f".{args.out.name}.tmp")
        text = table.to_csv(index=False) if args.out.suffix == ".csv" else markdown(table)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, args.out)


if __name__ == "__main__":
    run(main)
