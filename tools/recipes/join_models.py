#!/usr/bin/env python
"""Put checkpoints together for a config whose model is an EnsembleClassifier.

    python tools/recipes/join_models.py CONFIG FIRST.pth SECOND.pth --out joined.pth
    python tools/test.py CONFIG joined.pth

One checkpoint for each member, in the order of the config. What a member was not trained with, such as the backbone
under a head on stored features, is loaded from where its init_cfg says.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config with an EnsembleClassifier")
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="one for each member, in order")
    parser.add_argument("--out", type=Path, required=True, help="file to write, NAME.pth")
    parser.add_argument("--trust-checkpoint", action="store_true", help="load checkpoints that can run code")
    return parser.parse_args()


def main() -> None:
    """Write the checkpoint and print its path."""
    args = parse_args()
    from kdxf.engine.checkpoint import trusting_checkpoints
    from kdxf.engine.config import load_config
    from kdxf.engine.join_models import join_models

    with trusting_checkpoints(args.trust_checkpoint):
        print(join_models(load_config(args.config), args.checkpoints, args.out))


if __name__ == "__main__":
    run(main)
