#!/usr/bin/env python
"""Write the class tree for a hierarchical head from a list that has the coarser classes in columns.

    python tools/data/class_tree.py data/grocery/train.csv --out data/grocery/class_tree.csv
    python tools/data/class_tree.py train.csv --levels level_1 --out class_tree.csv

The column coarse_label becomes the level coarse; --levels adds others under their own names. tools/data/convert.py
--label-tree writes both. The result has one row per class of the classes.txt next to the list.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("list", type=Path, metavar="LIST", help="annotation file with labels")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the class tree")
    parser.add_argument("--coarse", default="coarse_label", metavar="COLUMN", help="default: coarse_label")
    parser.add_argument("--levels", nargs="+", default=[], metavar="COLUMN", help="columns of further levels")
    parser.add_argument("--classes", type=Path, metavar="FILE", help="class list (default: classes.txt next to LIST)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing result")
    return parser.parse_args()


def main() -> None:
    """Write the class tree and print the sizes of its levels."""
    args = parse_args()
    from kdxf.data.lists import read_list, write_lists
    from kdxf.io.annotations import read_classes
    from kdxf.io.class_tree import COARSE, tree_table

    classes_file = args.classes or args.list.with_name("classes.txt")
    frame, classes = read_list(args.list, labels=True).frame, read_classes(classes_file)
    columns = {args.coarse: COARSE} | {name: name for name in args.levels}
    table = tree_table(frame, classes, columns, args.list)
    write_lists({args.out: table}, [args.list, classes_file], overwrite=args.overwrite)
    sizes = ", ".join(f"{name} {table[name].nunique()}" for name in table.columns)
    print(f"{args.out}: {sizes}")


if __name__ == "__main__":
    run(main)
