#!/usr/bin/env python
"""Lay out GroceryStoreDataset under data/grocery, for configs/grocery.

Get the dataset from its authors first (github.com/marcusklasson/GroceryStoreDataset, MIT licence), then:

    python tools/data/grocery.py path/to/GroceryStoreDataset/dataset
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run


def main() -> None:
    """Parse the arguments and lay out the data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder that holds train.txt, val.txt, classes.csv and the images")
    parser.add_argument("--out", type=Path, default=Path("data/grocery"), help="default: %(default)s")
    args = parser.parse_args()
    from kdxf.data.grocery import lay_out

    for name, count in lay_out(args.source, args.out).items():
        print(f"{args.out / name}: {count} rows")


if __name__ == "__main__":
    run(main)
