#!/usr/bin/env python
"""Draw the demo set of Chinese advertisements: pictures, lists and class names."""

import argparse
from pathlib import Path

from advertisements.fonts import find_fonts
from advertisements.generate import generate

from kdxf.cli.command import run
from kdxf.data.split import format_summary
from kdxf.io.fonts import open_font


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=Path("data/demo"), help="folder to fill (default: data/demo)")
    parser.add_argument(
        "--fonts", type=Path, nargs="+", metavar="FILE", help="font files to use instead of the demo's own"
    )
    parser.add_argument("--labelled", type=int, default=54, help="labelled images per class (default: 54)")
    parser.add_argument("--unlabelled", type=int, default=4, help="test images per class (default: 4)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other images (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="draw anew what exists")
    return parser.parse_args()


def main() -> None:
    """Draw the set and print a summary."""
    args = parse_args()
    fonts = [open_font(path) for path in args.fonts] if args.fonts else find_fonts()
    result = generate(args.out, fonts, args.seed, args.labelled, args.unlabelled, args.overwrite)
    print(format_summary(result))
    print(f"written to {args.out}")


if __name__ == "__main__":
    run(main)
