#!/usr/bin/env python
"""Search for better settings of a config: ``python tools/tune.py CONFIG --space SPACE --work-dir WORK --minutes 120``.

SPACE is a file, Python, YAML or JSON, that says which settings are tried, by the keys of --cfg-options:

    space = {
        "lr": dict(low=1e-3, high=1e-1, log=True),            # a range; of whole numbers if both bounds are whole
        "train_dataloader.batch_size": [32, 64, 128],         # one of several values
        "policy": dict(operations=["brightness", "rotate"]),  # an augmentation policy, whose file the setting names
    }

The first trial is CONFIG as it is; then Optuna draws settings (TPE), and ends trials that promise little (ASHA). With
--folds a trial's score is the mean over the folds. WORK gets trials.csv and best.py, a config that builds on CONFIG.
A score by which a trial was chosen is optimistic: compare best.py and CONFIG on images that the search has not seen.

Stop it at any time: the same command goes on. Several machines that run it with one shared WORK search together, and so
do the GPUs of one, with CUDA_VISIBLE_DEVICES. Needs pip install 'kdxf[tune]'.
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import count, run
from kdxf.cli.importing import importing


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("config", help="config file, with a validation")
    add("--space", type=Path, required=True, metavar="FILE", help="what is tried")
    add("--work-dir", type=Path, required=True, metavar="WORK", help="folder for trials and results")
    add(
        "--trials",
        type=count,
        metavar="N",
        help="trials in all, those of other processes included",
    )
    add("--minutes", type=float, metavar="M", help="begin no trial after these")
    add(
        "--folds", type=Path, metavar="DIR", help="folder of tools/data/kfold.py --lists (default: the lists of CONFIG)"
    )
    add("--fold", type=int, nargs="+", default=[], metavar="K", help="numbers of the folds that count (default: all)")
    add("--metric", metavar="NAME", help="score to search by (default: that of save_best, else accuracy/top1)")
    add("--workers", type=count, default=1, metavar="N", help="processes that search together (default: 1)")
    add("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="settings of all trials")
    add("--seed", type=int, help="seed of what is drawn, and of all trainings (default: randomness.seed)")
    add("--amp", action="store_true", help="mixed precision in training")
    return parser.parse_args()


def main() -> None:
    """Search, and print the best trials."""
    args = parse_args()
    with importing():
        from kdxf.recipes.tuning.run import tune

    summary = tune(
        args.config,
        args.space,
        args.work_dir,
        trials=args.trials,
        minutes=args.minutes,
        workers=args.workers,
        metric=args.metric,
        options=args.cfg_options,
        folds=args.folds,
        only=tuple(args.fold),
        seed=args.seed,
        amp=args.amp,
    )
    print("\n" + summary, end="")


if __name__ == "__main__":
    run(main)
