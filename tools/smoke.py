#!/usr/bin/env python
"""Try configs without data or weights: ``python tools/smoke.py CONFIG_OR_FOLDER ...``.

Each config is built, trained for two steps on made-up pictures, resumed, tested and predicted with, on the CPU, in
seconds. All failures are listed at the end. The changes to the configs are in configs/_base_/smoke.py.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run

OVERRIDE = Path(__file__).resolve().parents[1] / "configs" / "_base_" / "smoke.py"


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", help="config files, or folders that are searched for them")
    parser.add_argument("--override", type=Path, default=OVERRIDE, help="changes to each config")
    parser.add_argument("--jobs", type=int, default=1, help="number of configs at once (default: 1)")
    return parser.parse_args()


def main() -> int:
    """Try each config; the exit status is 1 if one fails."""
    args = parse_args()
    from kdxf.smoke.run import find_configs, smoke_all

    faults = {}
    for config, fault, seconds in smoke_all(find_configs(args.configs), args.override, args.jobs):
        print(f"{'fails' if fault else 'ok':<6}{seconds:6.1f} s  {config}", flush=True)
        if fault:
            faults[config] = fault
    for config, fault in faults.items():
        print(f"{config}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    run(main)
