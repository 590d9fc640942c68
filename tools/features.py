#!/usr/bin/env python
"""Compute the features that a config trains on: ``python tools/features.py CONFIG``.

The config's pipelines load them with LoadFeature (images) or LoadTextFeature (texts). Every image is encoded once by
the frozen backbone, with all its training views, and every text by the frozen text encoder; training then takes
seconds. The store is keyed by the content of images and texts and by what computes the features: what has not changed
is not computed again, and a run that was stopped goes on.
"""

import argparse
import time

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import run
from kdxf.cli.importing import importing


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that load images (default: a quarter of the cores, or 1)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the encoder (default: one per core)")
    parser.add_argument("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="other settings")
    return parser.parse_args()


def main() -> None:
    """Compute, and print how many images it was in how many seconds."""
    args = parse_args()
    with importing():
        import torch

        from kdxf.apis.features import compute_features
        from kdxf.engine.config import load_config
        from kdxf_runtime.io.machine import available_cores

    torch.set_num_threads(args.threads or available_cores())
    start = time.perf_counter()
    for folder, count in compute_features(load_config(args.config, args.cfg_options), args.workers).items():
        print(f"{folder}: {count} computed")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    run(main)
