#!/usr/bin/env python
"""Calibrate the scores of a checkpoint: ``python tools/calibrate.py CONFIG CHECKPOINT [--predictions FILE ...]``.

Fits a temperature on images that the model was not trained on, so that of predictions with a score of 0.8 four of five
are right; sets of classes that hold the true one as often as --level says; and what a picture of none of the classes
looks like. Of a model of image and text also which images need their text read (tools/inference.py --read-text auto):
those of which the picture alone is not sure enough, at a loss of accuracy of at most --budget points. By default the
list of val_dataloader is predicted now; --predictions takes files that tools/test.py --out NAME.parquet wrote with this
checkpoint, and for the images that need no text read those that it wrote with --without text besides.

With --class-tree (tools/data/class_tree.py writes one) tools/inference.py --precision P --back-off names the coarser
class of images whose class is not sure.

The results are CHECKPOINT.calibration.json and CHECKPOINT.routing.json. tools/test.py, tools/inference.py and kdxf
predict use them from then on, but no test does on the images that they were fitted on. The figures that are printed
are cross-fitted: of each image, at a temperature and a threshold that the others gave.
"""

import argparse

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import run
from kdxf.cli.importing import importing


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument("--predictions", nargs="+", default=[], metavar="FILE", help="predictions of it, with labels")
    parser.add_argument("--level", type=float, default=0.9, help="share of sets with the true class (default: 0.9)")
    parser.add_argument("--sets", default="lac", help="lac: the smallest sets (default); aps: never empty ones")
    parser.add_argument("--per-class", action="store_true", help="keep --level for each class by itself")
    parser.add_argument(
        "--budget", type=float, default=0.5, metavar="POINTS", help="accuracy that unread text may cost (default: 0.5)"
    )
    parser.add_argument("--class-tree", metavar="CSV", help="answer by its coarser class where the class is not sure")
    parser.add_argument("--tta", action="store_true", help="predict with test-time augmentation")
    parser.add_argument("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="other settings")
    parser.add_argument("--trust-checkpoint", action="store_true", help="load a checkpoint that can run code")
    return parser.parse_args()


def main() -> None:
    """Calibrate, and print what it achieved."""
    args = parse_args()
    with importing():
        from kdxf.apis.calibrate import calibrate
        from kdxf.engine.config import load_config

    report = calibrate(
        load_config(args.config, args.cfg_options),
        args.checkpoint,
        args.predictions,
        level=args.level,
        kind=args.sets,
        per_class=args.per_class,
        budget=args.budget / 100,
        tta=args.tta,
        class_tree=args.class_tree,
        trust_checkpoint=args.trust_checkpoint,
    )
    print(report)


if __name__ == "__main__":
    run(main)
