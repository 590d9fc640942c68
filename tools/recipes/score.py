#!/usr/bin/env python
"""Score files of predictions side by side: ``python tools/recipes/score.py CONFIG NAME=FILE ... [--out TABLE.md]``.

The scores are those of the config's val_evaluator, of the last stage if it has stages. Files of the same images come
from tools/test.py --out, kfold.py, ensemble.py, ...; no model is run. If images have one label, each row has the 95 %
confidence interval of its top-1 accuracy, and the rows after the first that of the difference to the first, from 1000
paired bootstrap samples of the images. A difference whose interval contains 0 may be chance.

What the text adds, class by class, those classes first where it matters most:

    tools/recipes/score.py CONFIG image=image.parquet text=text.parquet both=both.parquet --per-class
"""

import argparse
from pathlib import Path

from kdxf.cli.command import named_files, run
from kdxf.cli.importing import importing
from kdxf.errors import UserError
from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.io.files import write_whole


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE", help="files of predictions, with labels")
    parser.add_argument("--out", type=Path, metavar="FILE", help="table: .md or .csv")
    parser.add_argument("--excel", action="store_true", help=EXCEL)
    parser.add_argument("--per-class", action="store_true", help="print also what is right class by class, in percent")
    return parser.parse_args()


def main() -> None:
    """Score the files, print the table and write it if requested."""
    args = parse_args()
    with importing():
        from kdxf.engine.config import load_config
        from kdxf.evaluation.score_files import score
        from kdxf.io.csv_tables import table_text

    if args.out is not None and args.out.suffix not in (".md", ".csv"):
        raise UserError(f"--out {args.out}: the name must end with .md or .csv")
    board = score(load_config(args.config), named_files(args.files, "FILE"))
    print(board.markdown(), end="")
    if args.per_class:
        print("\n" + board.classes_markdown(), end="")
    if args.out is not None:
        is_csv = args.out.suffix == ".csv"
        write_whole(table_text(board.table, args.excel) if is_csv else board.markdown().encode(), args.out)


if __name__ == "__main__":
    run(main)
