#!/usr/bin/env python
"""Make a BERT of one layer that knows ten tokens, instead of a download, to try a recipe that needs one.

    python tools/text/tiny_bert.py hfl/chinese-bert-wwm --local-dir DIR

takes the arguments of "hf download". It has the width of BERT-base, so that configs fit.
"""

import argparse
import shutil
from pathlib import Path

from kdxf.cli.command import run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("name", help="name of the model that it replaces")
    parser.add_argument("--local-dir", type=Path, required=True, metavar="DIR", help="folder of the model; replaced")
    return parser.parse_args()


def main() -> None:
    """Write the model and its tokenizer into the folder."""
    args = parse_args()
    from kdxf.smoke.made_up_data import write_bert

    growing = args.local_dir.with_name(f".{args.local_dir.name}.tmp")
    shutil.rmtree(growing, ignore_errors=True)
    write_bert(growing)
    shutil.rmtree(args.local_dir, ignore_errors=True)
    growing.rename(args.local_dir)
    print(f"{args.local_dir}: a tiny BERT in place of {args.name}")


if __name__ == "__main__":
    run(main)
