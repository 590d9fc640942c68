#!/usr/bin/env python
"""Write turned copies of upright pictures, and the list that tells how each has to be turned back.

    python tools/data/turn.py data/mine/train.csv --out data/mine_turned --out-list data/mine_turned/train.csv

Each picture is copied in all four directions, for training a model of orientation; with --seed in one direction, drawn
at random, for testing what turned pictures cost. The label of a copy is the degrees, 0, 90, 180 or 270, by which it has
to be turned clockwise to stand upright. classes.txt is written next to the list.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import add_common_arguments


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", type=Path, help="list or folder of images that stand upright")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="root of the copies")
    parser.add_argument("--out-list", type=Path, required=True, metavar="CSV", help="the list of the copies")
    parser.add_argument("--seed", type=int, help="one copy of each picture, in a direction drawn with this seed")
    add_common_arguments(parser, workers=True)
    return parser.parse_args()


def main() -> None:
    """Turn the pictures and write their list."""
    args = parse_args()
    from kdxf.data.lists import check_result, read_list, write_lists
    from kdxf.data.pictures.turn import turn_pictures
    from kdxf_runtime.io.files import write_whole
    from kdxf_runtime.ocr.quarter_turns import ROTATIONS

    images = read_list(args.source, args.root)
    check_result(args.out_list, [args.source], args.overwrite)
    if args.dry_run:
        number = images.frame["image"].nunique() * (1 if args.seed is not None else len(ROTATIONS))
        print(f"{number} copies\ndry run: nothing was written")
        return
    frame, errors = turn_pictures(images, args.out, args.workers, args.seed, args.overwrite)
    write_lists({args.out_list: frame}, [args.source], overwrite=args.overwrite, excel=args.excel)
    write_whole("".join(f"{degrees}\n" for degrees in ROTATIONS).encode(), args.out_list.parent / "classes.txt")
    print(f"{args.out_list}: {len(frame)} copies of {frame['turned_of'].nunique()} pictures")
    if errors:
        print(f"not copied: {len(errors)} (first: {errors[0]}); tools/data/verify.py finds what cannot be read")


if __name__ == "__main__":
    run(main)
