#!/usr/bin/env python
"""Draw apple leaves laid out like Plant Pathology 2020, to run configs/recipes/plant_pathology without photographs."""

import argparse
from pathlib import Path

from advertisements.leaves import draw_leaves

from kdxf.cli.command import count, run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make")
    parser.add_argument("--labelled", type=count, default=10, help="labelled leaves per class (default: 10)")
    parser.add_argument("--unlabelled", type=count, default=8, help="leaves to predict (default: 8)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other leaves (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")
    return parser.parse_args()


def main() -> None:
    """Draw the leaves and print a summary."""
    args = parse_args()
    draw_leaves(args.out, args.labelled, args.unlabelled, args.seed, args.overwrite)
    print(f"{args.out}: 4 x {args.labelled} labelled leaves, {args.unlabelled} to predict")


if __name__ == "__main__":
    run(main)
