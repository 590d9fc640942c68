#!/usr/bin/env python
"""Measure the costs of configs: ``python tools/analysis/cost_sheet.py CONFIG ... --images 100000 --out costs.md``.

The table has parameters, multiply-adds, time of a training step and of a prediction, peak memory, and hours of a whole
training, measured with random weights and inputs of the config's size on this machine; neither data nor checkpoints
are needed. On a GPU, --memory 6GB finds the largest batch that trains within this memory.
"""

import argparse
import re
from pathlib import Path

from tqdm import tqdm

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import count, run


def gigabytes(text: str) -> int:
    """Parse ``6GB``, ``6GiB`` or ``6`` as bytes; a gigabyte has 1024 ** 3, as memory is sold."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:Gi?B)?", text, re.IGNORECASE)
    if match is None or not float(match[1]):
        raise argparse.ArgumentTypeError(f"must be gigabytes, such as 6GB, not {text!r}")
    return int(float(match[1]) * 2**30)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="+", help="config files")
    parser.add_argument("--batch-size", type=count, metavar="N", help="default: each config's own")
    parser.add_argument("--images", type=count, metavar="N", help="images of one epoch, for the hours of a training")
    parser.add_argument("--memory", type=gigabytes, metavar="6GB", help="find the largest batch for this GPU memory")
    parser.add_argument("--steps", type=count, default=5, metavar="N", help="number of timed steps (default: 5)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table, .md or .csv")
    parser.add_argument(
        "--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="settings of all configs"
    )
    return parser.parse_args()


def main() -> int:
    """Measure the configs; the exit status is 1 if one could not be measured."""
    args = parse_args()
    from kdxf.analysis.cost_sheet import check_name, cost_sheet, markdown, write_sheet

    if args.out is not None:
        check_name(args.out)
    sheet = cost_sheet(
        args.config,
        options=args.cfg_options,
        batch_size=args.batch_size,
        images=args.images,
        memory=args.memory,
        steps=args.steps,
    )
    rows = list(tqdm(sheet, total=len(args.config), desc="measure", unit=" configs", disable=None))
    print(markdown(rows))
    if args.out is not None:
        write_sheet(rows, args.out)
    return int(any("error" in row for row in rows))


if __name__ == "__main__":
    run(main)
