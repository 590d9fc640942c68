#!/usr/bin/env python
"""Divide a labelled list into folds, stratified by class and without dividing groups of images.

    python tools/data/kfold.py all.csv --out folds --folds 5 --groups groups.csv --lists

writes folds/folds.csv: the list with the column fold, from 0; -1 marks images that every fold trains on and none
validates. With --lists each fold also gets train.csv and val.csv, such as fold_0/train.csv. All criteria for groups
are combined. The OCR table in the folder ocr beside the list is used without being named.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import MIN_CHARACTERS, add_common_arguments


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("list", type=Path, metavar="LIST", help="annotation file with labels")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the results")
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="number of folds (default: 5)")
    parser.add_argument("--lists", action="store_true", help="also write train.csv and val.csv of each fold")
    parser.add_argument("--groups", type=Path, metavar="FILE", help="groups of dedupe.py (columns image and group)")
    parser.add_argument("--group-by", metavar="COLUMN", help="rows with the same value of this column are a group")
    ocr = parser.add_mutually_exclusive_group()
    ocr.add_argument(
        "--ocr",
        type=Path,
        metavar="TABLE",
        help="images with nearly the same text, digits and signs aside, form a group: one advert, several prices "
        "(default: the folder ocr beside the list, if there is one)",
    )
    ocr.add_argument("--no-ocr", action="store_true", help="form no groups by text")
    parser.add_argument(
        "--min-characters",
        type=int,
        default=MIN_CHARACTERS,
        metavar="N",
        help=f"minimum number of letters of such a text (default: {MIN_CHARACTERS})",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="HTML page with the largest groups")
    add_common_arguments(parser, seed=True)
    return parser.parse_args()


def main() -> None:
    """Divide the list, write the folds and print their sizes."""
    args = parse_args()
    from kdxf.data.folds.assign import assign_folds, fold_files, folds_report
    from kdxf.data.folds.groups import group_rows
    from kdxf.data.lists import check_result, read_list, write_lists

    if args.report:
        check_result(args.report, [args.list], args.overwrite)
    data = read_list(args.list, args.root, labels=True)
    beside = args.list.parent / "ocr"
    ocr = args.ocr or (beside if beside.is_dir() and not args.no_ocr else None)
    groups = group_rows(data.frame, args.list, args.groups, args.group_by, ocr, args.min_characters)
    folds = assign_folds(data.frame, groups, args.folds, args.seed)
    inputs = [args.list, *([args.groups] if args.groups else [])]
    write_lists(
        fold_files(folds, args.out, args.lists),
        inputs,
        dry_run=args.dry_run,
        overwrite=args.overwrite,
        excel=args.excel,
    )
    if args.report and not args.dry_run:
        folds_report(folds, data.root).save(args.report)
    print(folds.summary().to_string(index=False))
    for warning in folds.warnings:
        print("warning:", warning)
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
