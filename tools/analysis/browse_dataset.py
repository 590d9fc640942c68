#!/usr/bin/env python
"""Look at samples before training: ``python tools/analysis/browse_dataset.py CONFIG --out page.html``.

The page shows images as the model will get them: several draws of each next to the original with its OCR lines, the
remaining words, the target and the weight. With --mix also the results of mixup and similar augmentations of a batch.
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import count, run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument("--out", metavar="FILE", help="the page (default: browse_SPLIT.html in the config's work_dir)")
    parser.add_argument("--split", choices=("train", "val", "test"), default="train", help="default: train")
    parser.add_argument("--number", type=count, default=12, metavar="N", help="random images (default: 12)")
    parser.add_argument(
        "--draws", type=count, metavar="N", help="passes of each through the pipeline (default: 4 for train, else 1)"
    )
    parser.add_argument("--mix", action="store_true", help="show the batch augmentations as well")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the choice and the augmentations (default: 0)"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="replace settings of the config"
    )
    return parser.parse_args()


def main() -> None:
    """Draw the samples and write the page."""
    args = parse_args()
    from kdxf.analysis.browse import browse
    from kdxf.engine.config import load_config

    cfg = load_config(args.config, args.cfg_options)
    out = args.out or Path(cfg.work_dir, f"browse_{args.split}.html")
    browse(cfg, out, split=args.split, number=args.number, draws=args.draws, mix=args.mix, seed=args.seed)
    print(out)


if __name__ == "__main__":
    run(main)
