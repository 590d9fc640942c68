#!/usr/bin/env python
"""Draw receipts, letters and forms with much text on tall pages, and write what OCR would have read."""

import argparse
from pathlib import Path

from papers.paper_set import generate

from kdxf.cli.command import count, run
from kdxf.data.split import format_summary


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=Path("data/papers"), help="folder to make (default: data/papers)")
    parser.add_argument("--papers", type=count, default=60, help="papers of each of the 6 kinds (default: 60)")
    parser.add_argument("--font", type=Path, metavar="FILE", help="a font file (default: the one in Pillow)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other papers (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it exists")
    return parser.parse_args()


def main() -> None:
    """Draw the set and print a summary."""
    args = parse_args()
    print(format_summary(generate(args.out, args.papers, args.seed, args.overwrite, args.font)))
    print(f"written to {args.out}")


if __name__ == "__main__":
    run(main)
