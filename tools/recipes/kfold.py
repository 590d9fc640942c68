#!/usr/bin/env python
"""Train the folds of a list: ``python tools/recipes/kfold.py CONFIG --folds DIR --work-dir WORK``.

    python tools/data/kfold.py data/mine/train_full.csv --out data/mine/folds --folds 5 --lists
    python tools/recipes/kfold.py CONFIG --folds data/mine/folds --work-dir WORK --predict test=data/mine/test.csv --tta

DIR has fold_<K>/train.csv and val.csv. WORK/oof.parquet holds the out-of-fold predictions of all images,
WORK/metrics.md the scores of the folds, their mean, standard deviation and standard error, and the scores of all
out-of-fold predictions together; WORK/test.parquet is the mean of the folds' models on the list test.csv, which needs
no labels.

Stop it at any time: the same command continues. Several machines that run it with one shared WORK divide the folds.
--fold 2 3 trains only these folds, for machines whose folders are combined afterwards. The last command gathers the
predictions.
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import named_files, run
from kdxf.cli.importing import importing


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("config", help="config file, with or without stages")
    parser.add_argument("--folds", required=True, metavar="DIR", help="folder of tools/data/kfold.py --lists")
    parser.add_argument("--work-dir", required=True, metavar="WORK", help="folder for weights, predictions and scores")
    parser.add_argument("--fold", type=int, nargs="+", default=[], metavar="K", help="train only these (default: all)")
    parser.add_argument(
        "--predict",
        nargs="+",
        default=[],
        metavar="[NAME=]LIST",
        help="lists to predict as well, instead of the test dataset's, as NAME.parquet (default: the list's name)",
    )
    parser.add_argument("--tta", action="store_true", help="predict the mean over several views of each image")
    parser.add_argument(
        "--checkpoint",
        choices=("last", "best"),
        default="last",
        help="predict with the last checkpoint (default), or with the one that scores best on the fold's own val.csv",
    )
    parser.add_argument("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="replace settings")
    parser.add_argument("--seed", type=int, help="seed of all random numbers (default: randomness.seed)")
    parser.add_argument("--amp", action="store_true", help="mixed precision in training")
    return parser.parse_args()


def main() -> None:
    """Train the folds, predict with their models, and gather the predictions."""
    args = parse_args()
    with importing():
        from kdxf.recipes.folds.run import kfold

    table = kfold(
        args.config,
        args.folds,
        args.work_dir,
        only=args.fold,
        predict=named_files(args.predict, "--predict"),
        checkpoint=args.checkpoint,
        tta=args.tta,
        options=args.cfg_options,
        seed=args.seed,
        amp=args.amp,
    )
    if table is not None:
        print(Path(args.work_dir, "metrics.md").read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    run(main)
