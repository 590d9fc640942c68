#!/usr/bin/env python
"""Find how many labels per class training needs: ``python tools/analysis/label_curve.py CONFIG --work-dir DIR``.

CONFIG trains on stored image features (LoadFeature, tools/features.py). With 1, 2, 4, ... labels per class its model is
held against prototypes (the mean feature of each class) and logistic regression on the same features and, where these
are of a pretrained pair (ClipImageEncoder), against the class names alone. DIR gets curve.csv, curve.md and the chart
in curve.html. Stop it at any time: the same command continues.
"""

import argparse
from pathlib import Path

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import count, run


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("config", help="config file")
    add("--work-dir", type=Path, required=True, metavar="DIR", help="folder for the trainings and the tables")
    add("--counts", type=count, nargs="+", default=[1, 2, 4, 8, 16], metavar="K", help="labels per class")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="default: 0 1 2")
    add("--prompts", metavar="FILE", help="sentences with {} for the class name, one a line")
    add("--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="settings of all trainings")
    return parser.parse_args()


def main() -> None:
    """Measure, print and write the tables."""
    args = parse_args()
    from kdxf.analysis.label_curve import label_curve
    from kdxf.zero_shot.prompts import read_prompts

    prompts = None if args.prompts is None else read_prompts(args.prompts)
    curve = label_curve(args.config, args.counts, args.seeds, args.work_dir, args.cfg_options, prompts)
    curve.write(args.work_dir)
    print("\n" + curve.markdown(), end="")


if __name__ == "__main__":
    run(main)
