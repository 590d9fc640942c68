#!/usr/bin/env python
"""Average the weights of several checkpoints of a config (model soup): ``kdxf soup CONFIG A.pth B.pth --out soup.pth``.

    kdxf soup CONFIG work_dirs/run/top_*.pth --out work_dirs/run/soup.pth --greedy
    kdxf test CONFIG work_dirs/run/soup.pth

All checkpoints are scored on val_dataloader, and so is the mean. --greedy begins with the best and leaves out what does
not help. Batch norms get statistics of the mean in a pass over the training data. TopCheckpointsHook keeps the
checkpoints of one run that are worth averaging; those of several runs should have started from the same weights.
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import run
from kdxf.cli.importing import importing


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config that the checkpoints were trained with")
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="two or more")
    parser.add_argument("--out", type=Path, required=True, help="file to write, NAME.pth")
    parser.add_argument("--greedy", action="store_true", help="leave out what makes the mean worse")
    parser.add_argument("--trust-checkpoint", action="store_true", help="load checkpoints that can run code")
    parser.add_argument(
        "--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="settings to replace"
    )
    return parser.parse_args()


def main() -> None:
    """Write the soup, and print all scores."""
    args = parse_args()
    with importing():
        from kdxf.apis.soup import soup
        from kdxf.engine.checkpoint import trusting_checkpoints
        from kdxf.engine.config import load_config

    with trusting_checkpoints(args.trust_checkpoint):
        found = soup(load_config(args.config, args.cfg_options), args.checkpoints, args.out, greedy=args.greedy)
    for place, (path, score) in enumerate(zip(args.checkpoints, found.scores, strict=True)):
        print(f"{found.metric} {score:8.3f}  {path}{'' if place in found.members else '  (left out)'}")
    print(f"{found.metric} {found.score:8.3f}  {args.out}: the mean of {len(found.members)}")


if __name__ == "__main__":
    run(main)
