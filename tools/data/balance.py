#!/usr/bin/env python
"""Cut large classes at random and lift small ones by repeating rows.

    python tools/data/balance.py train.csv --cap 400 200 100 --out balanced_train.csv
    python tools/data/balance.py reliable_train.csv --at-least 10 --out lifted_train.csv

A class is cut to the largest cap that it reaches. Repeated rows are in the list several times; the column copy counts
them from 0, so that the rows with copy 0 are the list without repeats. Split first: tools/data/split.py refuses
repeated rows. The classes do not change, and neither does classes.txt.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import add_common_arguments
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("list", type=Path, metavar="LIST", help="annotation file with labels")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the new list")
    parser.add_argument(
        "--cap", type=int, nargs="+", default=[], metavar="N", help="sizes that large classes are cut to"
    )
    parser.add_argument("--at-least", type=int, default=0, metavar="N", help="size that small classes are lifted to")
    add_common_arguments(parser, seed=True)
    return parser.parse_args()


def main() -> None:
    """Balance the list, write it and print what was done."""
    args = parse_args()
    from kdxf.data.balance import balance
    from kdxf.data.lists import read_list, write_lists

    if not args.cap and not args.at_least:
        raise UserError(
            "nothing to do: say which sizes large classes are cut to (--cap), or small ones lifted to (--at-least)"
        )
    data = read_list(args.list, args.root, labels=True)
    result = balance(data.frame, args.list, args.cap, args.at_least, args.seed)
    write_lists({args.out: result.frame}, [args.list], dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel)
    print(result.summary.to_string(index=False))
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
