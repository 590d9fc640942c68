#!/usr/bin/env python
"""Write train, validation and test lists from a folder per class or from an annotation file.

The output folder gets train.csv, val.csv, train_full.csv (both together), test.csv if requested, classes.txt (one name
per line, the line is the class index) and classes.csv (index, id as in the data, name, number of images). The numbering
of a class map next to the list is kept.
"""

import argparse
import os
from pathlib import Path

from kdxf.cli.command import run
from kdxf_runtime.io.cells import EXCEL


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("input", type=Path, help="folder with one folder of images per class, or a labelled list")
    parser.add_argument(
        "--root", type=Path, help="image root, which the paths are relative to; by default the folder that holds INPUT"
    )
    parser.add_argument("--out", type=Path, help="folder of the lists (default: the image root)")
    parser.add_argument(
        "--split",
        type=float,
        metavar="FRACTION",
        help="share of each class for training (default: 0.85, with --test-fraction 0.85 of what it leaves)",
    )
    test = parser.add_mutually_exclusive_group()
    test.add_argument("--test", type=Path, metavar="DIR", help="folder of unlabelled images, listed as test.csv")
    test.add_argument(
        "--test-fraction", type=float, default=0.0, metavar="FRACTION", help="share of each class held out as test.csv"
    )
    parser.add_argument(
        "--class-names", type=Path, metavar="FILE", help='names of the class ids: .json {"0": "name"}, .csv, or .txt'
    )
    parser.add_argument("--groups", type=Path, metavar="FILE", help="groups of dedupe.py: a group is never divided")
    parser.add_argument(
        "--group-by", metavar="COLUMN", help="column of the list: rows with the same value stay together"
    )
    parser.add_argument(
        "--ocr",
        type=Path,
        metavar="TABLE",
        help="images with nearly the same text, digits and signs aside, stay together",
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed gives another split (default: 0)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
    parser.add_argument("--overwrite", action="store_true", help="replace lists that differ")
    parser.add_argument("--excel", action="store_true", help=EXCEL)
    return parser.parse_args()


def main() -> None:
    """Split the images, write the lists and print a summary."""
    args = parse_args()
    from kdxf.data.folds.groups import group_rows
    from kdxf.data.split import (
        format_summary,
        keep_class_map,
        list_unlabelled,
        read_class_folders,
        read_labelled_list,
        split,
        write_split,
    )
    from kdxf.io.class_map import class_map_beside, read_class_map
    from kdxf.io.class_names import names_of, read_class_names

    root = args.root or Path(os.path.abspath(args.input)).parent
    data = read_class_folders(args.input, root) if args.input.is_dir() else read_labelled_list(args.input)
    names = None
    if args.class_names:
        names = names_of(data.ids, read_class_names(args.class_names), args.class_names)
    elif args.input.is_file() and (map_file := class_map_beside(args.input)):
        data, names = keep_class_map(data, read_class_map(map_file))
    groups = None
    if args.groups or args.group_by or args.ocr:
        groups = group_rows(data.frame, args.input, args.groups, args.group_by, args.ocr)
    result = split(data, args.split, args.test_fraction, args.seed, names, groups)
    if args.test:
        result.lists["test"] = list_unlabelled(args.test, root)
    out = args.out or root
    inputs = filter(None, (args.input, args.groups, args.class_names))
    write_split(result, out, args.overwrite, inputs=inputs, dry_run=args.dry_run, excel=args.excel)
    print(format_summary(result))
    for warning in result.warnings:
        print("warning:", warning)
    print("dry run: nothing was written" if args.dry_run else f"written to {out}")


if __name__ == "__main__":
    run(main)
