#!/usr/bin/env python
"""Compare configs over several seeds: ``python tools/analysis/compare_seeds.py A.py B.py --seeds 0 1 --work-dir DIR``.

Each config is trained with each seed and scored on its validation set after the last epoch. DIR/summary.md has mean
and standard deviation of every score, and of the difference to the first model's run of the same seed; below them what
the plainest models reach (tools/analysis/baselines.py). summary.csv has the same scores, runs.csv each run. Stop it at
any time: the same command continues, and one with more seeds or configs adds to it.

One config with several settings:

    ... configs/grocery/text_word2vec.py --seeds 0 1 2 3 4 --work-dir work_dirs/pooling \\
        --variant mean model.text_encoder.pooling=mean --variant attention model.text_encoder.pooling=attention
"""

import argparse
from typing import Any

from kdxf.cli.arguments import ConfigOptions
from kdxf.cli.command import run
from kdxf.cli.importing import importing


class VariantOption(ConfigOptions):
    """Option that parses ``NAME key=value ...`` and appends a variant."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        """Append the variant to those of earlier options."""
        from kdxf.analysis.compare_seeds import Variant

        pairs = argparse.Namespace()
        super().__call__(parser, pairs, values[1:], option_string)
        variants = [*getattr(namespace, self.dest), Variant(values[0], getattr(pairs, self.dest))]
        setattr(namespace, self.dest, variants)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="+", help="config files")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="default: 0 1 2")
    parser.add_argument("--work-dir", required=True, metavar="DIR", help="folder for the runs and the tables")
    parser.add_argument(
        "--cfg-options", nargs="+", action=ConfigOptions, metavar="KEY=VALUE", help="settings of all runs"
    )
    parser.add_argument(
        "--variant",
        nargs="+",
        action=VariantOption,
        default=[],
        metavar=("NAME", "KEY=VALUE"),
        help="run each config with these settings, under this name; may be repeated",
    )
    parser.add_argument(
        "--folds", nargs="+", default=[], metavar="DIR", help="folders with train.csv and val.csv, one after the other"
    )
    parser.add_argument(
        "--also-without",
        nargs="+",
        default=[],
        choices=("image", "text"),
        help="also score with all images blanked, or all texts removed",
    )
    return parser.parse_args()


def main() -> None:
    """Run every config with every seed, and write and print the tables."""
    args = parse_args()
    with importing():
        from kdxf.analysis.compare_seeds import compare

    compare(
        args.config,
        seeds=args.seeds,
        work_dir=args.work_dir,
        options=args.cfg_options,
        variants=args.variant,
        folds=args.folds,
        without=args.also_without,
    )
    print(f"{args.work_dir}/summary.md")


if __name__ == "__main__":
    run(main)
