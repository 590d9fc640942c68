#!/usr/bin/env python
"""Mix out-of-fold predictions with the ground truth to targets for another training (self-distillation).

    python tools/recipes/soft_labels.py WORK/oof.parquet --ground-truth-ratio 0.7 --out WORK/soft.parquet
    python tools/recipes/soft_labels.py image/oof.parquet text/oof.parquet --weights 0.6 0.4 --out soft.parquet
    python tools/train.py CONFIG --cfg-options train_dataloader.dataset.soft_label_file=$PWD/soft.parquet

The target of an image is ratio * truth + (1 - ratio) * mean of the files. The file holds finished targets: the dataset
uses them as they are, and refuses a ratio of its own. (It mixes only predictions that did not go through this tool.)
Predictions by a model that was trained on the image are refused.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.errors import UserError
from kdxf.io.targets import GROUND_TRUTH_RATIO


def part(text: str) -> float:
    """Parse the weight of the truth: a number, or the ratio of predictions to truth as in papers, such as 3:7."""
    try:
        predictions, colon, truth = text.partition(":")
        if not colon:
            return float(text)
        return float(truth) / (float(predictions) + float(truth))
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(
            f"must be a number from 0 to 1, or predictions:truth such as 3:7, not {text!r}"
        ) from error


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="OOF", help="out-of-fold predictions, one per model")
    parser.add_argument("--weights", type=float, nargs="+", metavar="W", help="one for each file (default: equal)")
    parser.add_argument(
        "--ground-truth-ratio",
        type=part,
        default=GROUND_TRUTH_RATIO,
        metavar="R",
        help="the weight of the truth, or predictions:truth, such as 3:7 (default: 0.7, which is 3:7)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the targets (.parquet)")
    parser.add_argument("--overwrite", action="store_true", help="replace existing targets")
    return parser.parse_args()


def main() -> None:
    """Mix the predictions with the truth and write the targets."""
    args = parse_args()
    from kdxf.data.lists import check_result
    from kdxf.io.predictions import write_predictions
    from kdxf.recipes.soft_labels import soft_labels

    if args.out.suffix != ".parquet":
        raise UserError(f"--out {args.out}: the name must end with .parquet")
    check_result(args.out, args.files, args.overwrite)
    mixed = soft_labels(args.files, weights=args.weights, ground_truth_ratio=args.ground_truth_ratio)
    write_predictions(mixed, args.out)
    print(
        f"{args.out}: targets of {len(mixed)} images, {args.ground_truth_ratio:g} of the truth and "
        f"{1 - args.ground_truth_ratio:g} of {len(args.files)} file{'s' if len(args.files) > 1 else ''}"
    )


if __name__ == "__main__":
    run(main)
