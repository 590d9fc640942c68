#!/usr/bin/env python
"""List all trainings below a folder: ``python tools/runs.py work_dirs [--sort SCORE] [--out runs.html]``.

A row per training: config, scores, epochs, minutes, seed, device, size, and the fingerprints of config and data, read
from the logs and the last checkpoint of each. --out writes all columns, as a page whose table can be sorted, or a CSV.

Two runs compared: the difference of their accuracy with its 95 % interval, classes won and lost, and the settings that
differ; --out writes a page. Predictions of both (tools/test.py --out) are found in their folders or beside them, or
named:

    tools/runs.py work_dirs/grocery/text_tfidf work_dirs/grocery/moe --compare --predictions a.parquet b.parquet
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.errors import UserError
from kdxf_runtime.io.cells import EXCEL


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="+", type=Path, help="folder with runs at any depth; with --compare two runs")
    parser.add_argument(
        "--sort",
        metavar="COLUMN",
        help="a score, the best first, or another column (default: the score most runs keep)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the table with all columns, .html or .csv, or the comparison, .html",
    )
    parser.add_argument("--excel", action="store_true", help=EXCEL)
    parser.add_argument("--compare", action="store_true", help="compare two runs, the second with the first")
    parser.add_argument(
        "--predictions", nargs=2, type=Path, default=(), metavar=("A", "B"), help="predictions of the runs to compare"
    )
    args = parser.parse_args()
    if args.compare and (args.sort or args.excel):
        parser.error("--compare makes no table to sort or to open in Excel; leave --sort and --excel out")
    if len(args.folder) != (2 if args.compare else 1):
        parser.error("name two folders with --compare" if args.compare else "name one folder, or add --compare")
    if args.predictions and not args.compare:
        parser.error("--predictions goes with --compare")
    return args


def main() -> None:
    """Print the table and write it if requested, or print the comparison."""
    args = parse_args()
    from kdxf.analysis.runs.comparison import compare_runs, write_comparison
    from kdxf.analysis.runs.ledger import find_trainings, ledger, main_score, markdown, sort_ledger, write_page
    from kdxf.io.csv_tables import write_csv

    endings = [".html"] if args.compare else [".html", ".csv"]
    if args.out is not None and args.out.suffix not in endings:
        raise UserError(f"--out {args.out}: the name must end with {' or '.join(endings)}")
    if args.compare:
        comparison = compare_runs(args.folder, args.predictions)
        print(comparison.markdown(), end="")
        if args.out is not None:
            write_comparison(comparison, args.out)
        return
    (folder,) = args.folder
    trainings = find_trainings(folder)
    score = main_score(trainings)
    table = ledger(trainings, folder)
    if by := args.sort or score:
        table = sort_ledger(table, by)
    print(markdown(table, args.sort if f"best {args.sort}" in table else score), end="")
    if args.out is not None and args.out.suffix == ".csv":
        write_csv(table, args.out, args.excel)
    elif args.out is not None:
        write_page(table, score, args.out)


if __name__ == "__main__":
    run(main)
