#!/usr/bin/env python
"""Make training pictures for small classes: a crop of one image of the class, pasted on another image.

    python tools/data/cutmix.py data/mine/train.csv --at-least 30 --out data/mine/aug \\
        --out-list data/mine/train_aug.csv --ocr data/mine/ocr --ocr-out data/mine/ocr_aug --report cutmix.html

The pictures are called aug_*; the new list has the old rows and theirs, with columns for the origin of a row (source,
aug_of, aug_background). With --ocr no crop cuts a line of text, and the new table has the text that the
pictures show. Make pictures of training lists only, after splitting: a picture shows two images of its list.
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
    parser.add_argument("source", type=Path, help="list of labelled images")
    number = parser.add_mutually_exclusive_group(required=True)
    number.add_argument("--count", type=int, metavar="N", help="make N pictures of each class")
    number.add_argument("--at-least", type=int, metavar="N", help="lift classes with fewer than N images to N")
    parser.add_argument("--labels", nargs="+", metavar="LABEL", help="only for these classes (default: all)")
    parser.add_argument(
        "--background", choices=("same", "padded", "other"), default="same",
        help="paste on an image of the same class, on plain padding, or on one of other classes (default: same)",
    )  # fmt: skip
    parser.add_argument("--background-labels", nargs="+", default=[], metavar="LABEL", help="for --background other")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the pictures, below the image root"
    )
    parser.add_argument("--out-list", type=Path, required=True, metavar="CSV", help="the old rows and the new ones")
    parser.add_argument("--ocr", type=Path, metavar="TABLE", help="OCR table of the images")
    parser.add_argument("--ocr-out", type=Path, metavar="DIR", help="OCR table with the pictures' text added")
    parser.add_argument("--report", type=Path, metavar="HTML", help="a page with sources and results")
    add_common_arguments(parser, seed=True, workers=True)
    args = parser.parse_args()
    if (args.background == "other") != bool(args.background_labels):
        raise UserError("--background other and --background-labels belong together; give both or neither")
    if (args.ocr is None) != (args.ocr_out is None):
        raise UserError("--ocr and --ocr-out belong together; give both or neither")
    return args


def main() -> None:
    """Plan and make the pictures, and write the lists."""
    args = parse_args()
    from kdxf.data.cutmix.make import (
        check_extended_table,
        extended_list,
        make_pictures,
        output_prefix,
        write_extended_table,
        write_report,
    )
    from kdxf.data.cutmix.plan import how_many, plan
    from kdxf.data.lists import check_result, read_list, write_lists
    from kdxf.text.ocr.table import OCRTable

    images = read_list(args.source, args.root, labels=True)
    for path in filter(None, (args.out_list, args.report)):
        check_result(path, [args.source], args.overwrite)
    output_prefix(args.out, images.root)
    table = OCRTable.open(args.ocr) if args.ocr else None
    if table is not None:
        check_extended_table(table, args.ocr_out, args.overwrite)
    quotas = how_many(images.frame, args.labels, args.count, args.at_least)
    recipes = plan(images.frame, quotas, args.background, args.background_labels, args.seed)
    plain = sum(not recipe.background for recipe in recipes)
    print(f"{len(recipes)} pictures for {len(quotas)} classes, {plain} of them on plain padding")
    if args.dry_run:
        print("dry run: nothing was written")
        return
    made = make_pictures(images, recipes, args.out, table, args.workers, args.overwrite)
    frame = extended_list(images.frame, recipes, made)
    if table is not None:
        write_extended_table(table, [item.record for item in made if not item.error], args.ocr_out, args.overwrite)
    write_lists({args.out_list: frame}, [args.source], overwrite=args.overwrite, excel=args.excel)
    if args.report:
        write_report(images, recipes, made, args.report)
    print(f"{args.out_list}: {len(images.frame)} old rows, {len(frame) - len(images.frame)} new ones")
    errors = [item.error for item in made if item.error]
    if errors:
        print(f"not made: {len(errors)} (first: {errors[0]}); tools/data/verify.py finds what cannot be read")


if __name__ == "__main__":
    run(main)
