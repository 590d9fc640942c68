#!/usr/bin/env python
"""Convert the lists of datasets and competitions into an annotation CSV with classes.txt, and back.

    convert.py train.json --out data/ali/train.csv --pattern 'train/{label:0>5}/{image}'       # AliProducts
    convert.py val.json --out data/ali/val.csv --pattern 'val/{label:0>5}/{image}' --classes data/ali/classes.csv
    convert.py train.csv --out data/plant/train.csv --pattern 'images/{image}.jpg' --one-hot healthy rust scab
    convert.py data/mine/images --out data/mine/all.csv                                        # a folder per class
    convert.py data/ali/train.csv --to json --out train.json --pattern 'train/{label:0>5}/{image}'

Reads JSON (a list of objects, COCO, MMPretrain's data_list), tables (.csv, .tsv), MMPretrain's 'path label' lists and
folders of class folders. Class ids become indices without gaps; classes.csv, next to the list, has index, id and name,
and is used for the conversion back. A tree of labels gives the columns level_1, ... and coarse_label.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import FORMS, add_common_arguments


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", type=Path, help="the list or the folder")
    parser.add_argument("--out", type=Path, required=True, help="the new list; with --to folders, a folder")
    parser.add_argument("--to", choices=FORMS, default="csv", help="form of the result (default: csv)")
    parser.add_argument("--image-key", metavar="NAME", help="key or column of the image (default: common names)")
    parser.add_argument("--label-key", metavar="NAME", help="key or column of the class (default: common names)")
    parser.add_argument(
        "--one-hot", nargs="*", metavar="NAME", help="the table has one 0/1 column per class: these (default: all)"
    )
    parser.add_argument(
        "--pattern", default="{image}", help="path of an image, with {image} and {label} (default: {image})"
    )
    parser.add_argument("--class-names", type=Path, metavar="FILE", help="names of the ids: .json, .csv or .txt")
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="class map to use (for the conversion back, default: next to the list)",
    )
    parser.add_argument("--label-tree", type=Path, metavar="FILE", help="tree of the class ids, .json or .csv")
    parser.add_argument(
        "--copy", action="store_true", help="with --to folders: copy the images instead of linking them"
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Convert the list and print a summary."""
    args = vars(parse_args())
    from kdxf.data.conversion.run import Conversion, convert

    result = convert(Conversion(**args))
    print(result.summary.to_string(index=False))
    for note in result.notes:
        print("note:", note)
    if args["dry_run"]:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
