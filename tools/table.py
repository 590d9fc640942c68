#!/usr/bin/env python
"""Fit columns of a training list (price, shop, date, ...), for EncodeTable and TabularEncoder."""

import argparse
from pathlib import Path

from kdxf.cli.command import count, run
from kdxf.errors import UserError


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("list", type=Path, metavar="LIST", help="the training list: a CSV with image, label and the columns")
    add("--columns", nargs="+", required=True, metavar="NAME", help="the columns to take, in this order")
    add("--out", type=Path, required=True, metavar="FILE", help="file to write (.json)")
    add("--kind", nargs="+", default=[], metavar="NAME=KIND",
        help="number, category, date or boolean (default: guessed from the cells)")  # fmt: skip
    add("--scaling", default="quantile", help="of numbers: quantile or standard (default: quantile)")
    add("--bins", type=count, default=8, metavar="B", help="intervals of quantile at most (default: 8)")
    add("--min-count", type=count, default=2, metavar="N", help="rarer categories count as unknown (default: 2)")
    add("--overwrite", action="store_true", help="replace that file")
    return parser.parse_args()


def main() -> None:
    """Fit, warn of columns that give the label away, write the file, and print what it holds."""
    args = _parse()
    from kdxf.data.table.fit import fit_columns
    from kdxf.data.table.leaks import find_leaks_in_list

    if args.out.exists() and not args.overwrite:
        raise UserError(f"--out {args.out}: exists; choose another name, or add --overwrite")
    kinds = {}
    for pair in args.kind:
        name, equals, kind = pair.rpartition("=")
        if not equals:
            raise UserError(f"--kind {pair}: give the name of a column and its kind, such as zip_code=category")
        kinds[name] = kind
    fitted = fit_columns(args.list, args.columns, kinds, scaling=args.scaling, bins=args.bins, min_count=args.min_count)
    for leak in find_leaks_in_list(args.list, args.columns):
        print(f"warning: {leak}")
    fitted.save(args.out)
    described = ", ".join(f"{column.name} ({column.kind}: {column.width})" for column in fitted.columns)
    print(f"{args.out}: {fitted.source['rows']} rows, {described}; in_channels={fitted.width}")


if __name__ == "__main__":
    run(main)
