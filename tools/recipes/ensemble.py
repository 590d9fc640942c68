#!/usr/bin/env python
"""Average the predictions of several models, with equal, given or fitted weights.

    python tools/recipes/ensemble.py folds/fold_*/test.parquet --out test.parquet
    python tools/recipes/ensemble.py --group image a.parquet b.parquet --group text c.parquet d.parquet \\
        --weights image=0.6 text=0.4 --out test.parquet

Models inside a group count equally; weights apply to groups and single models. Weights are fitted on validation or
out-of-fold predictions, and then applied to the same models' predictions of other images, in the printed order:

    python tools/recipes/ensemble.py val/*.parquet --fit accuracy --save-weights weights.json
    python tools/recipes/ensemble.py val/*.parquet --fit accuracy --greedy 3 --save-weights weights.json
    python tools/recipes/ensemble.py test/a.parquet test/c.parquet --weights-from weights.json --out test.parquet

The report compares every model, the equal mean and the fitted weights. "Held out" is the unbiased estimate: in each of
five folds, weights found on the other four.

    python tools/recipes/ensemble.py val/*.parquet --fit accuracy --limit-ms 50 --save-weights weights.json

picks models by what they gain per millisecond until 50 ms per image are spent, and says what was left out for time.
tools/inference.py --save-probs notes in its file how long an image took; for others --times a=12 b=15+OCR OCR=80 says
it. One model with and without --tta is two files. Reading text counts once for all that take it. --mean rank gives
relative ranks, not probabilities.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kdxf.cli.command import count, run
from kdxf.errors import UserError
from kdxf.recipes.ensembles.options import MEANS, METRICS

if TYPE_CHECKING:
    from kdxf.recipes.ensembles.members import Unit


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="predictions of one model (.parquet)")
    parser.add_argument(
        "--group", nargs="+", action="append", default=[], metavar="NAME FILE", help="models that count equally"
    )
    parser.add_argument("--mean", choices=tuple(MEANS), help="default: arithmetic, or that of --weights-from")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", nargs="+", metavar="NAME=W", help="one for each group and file (default: equal)")
    weights.add_argument("--fit", choices=tuple(METRICS), help="find the weights that are best by this metric")
    weights.add_argument("--weights-from", type=Path, metavar="FILE", help="weights written by --save-weights")
    parser.add_argument(
        "--greedy", type=count, metavar="N", help="with --fit: pick at most N models, one after the other"
    )
    parser.add_argument("--limit-ms", type=float, metavar="MS", help="with --fit: pick models that take no longer")
    parser.add_argument(
        "--times",
        nargs="+",
        default=[],
        metavar="NAME=MS",
        help="with --limit-ms: milliseconds per image; NAME=MS+OCR takes text",
    )
    parser.add_argument("--save-weights", type=Path, metavar="FILE", help="with --fit: file for the weights (JSON)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the mean (.parquet)")
    parser.add_argument("--overwrite", action="store_true", help="replace existing results")
    args = parser.parse_args()
    if not (args.out or args.save_weights):
        parser.error("name a result: --out, or --save-weights with --fit")
    if (args.greedy or args.save_weights or args.limit_ms is not None) and not args.fit:
        parser.error("--greedy, --limit-ms and --save-weights go with --fit METRIC")
    if args.greedy and args.limit_ms is not None:
        parser.error("--greedy and --limit-ms each limit the models; give one of them")
    if args.times and args.limit_ms is None:
        parser.error("--times goes with --limit-ms MS")
    if args.limit_ms is not None and not args.limit_ms > 0:
        parser.error(f"--limit-ms {args.limit_ms:g}: give a number above 0")
    if args.weights_from and args.group:
        parser.error("--weights-from knows the groups; give the files without --group")
    if args.out and args.out.suffix != ".parquet":
        parser.error(f"--out {args.out}: the name must end with .parquet")
    return args


def weigh(args: argparse.Namespace) -> "tuple[list[Unit], list[float], str, str]":
    """Return units, weights, the mean, and the origin of the weights."""
    from kdxf.io.predictions import read_source
    from kdxf.io.provenance import soft_label_warning
    from kdxf.recipes.ensembles.members import make_units, parse_weights
    from kdxf.recipes.ensembles.search import find_weights, left_out
    from kdxf.recipes.ensembles.times import read_times
    from kdxf.recipes.ensembles.weights import load_weights, save_weights

    if args.weights_from:
        units, weights, mean = load_weights(args.weights_from, args.files)
        if args.mean not in (None, mean):
            raise UserError(f"--mean {args.mean}: {args.weights_from} was found for the {mean} mean; leave --mean out")
        return units, weights, mean, str(args.weights_from)
    units = make_units(args.files, [(name, list(map(Path, files))) for name, *files in args.group])
    mean = args.mean or "arithmetic"
    if args.weights:
        return units, parse_weights(args.weights, units), mean, "given"
    if not args.fit:
        return units, [1 / len(units)] * len(units), mean, "equal"
    times = None if args.limit_ms is None else read_times(units, args.times)
    report, warnings = find_weights(units, mean, args.fit, args.greedy, times, args.limit_ms)
    print(report)
    if times is not None:
        print(left_out(times, args.limit_ms, np.array(list(report.weights.values()))))
    taught = [soft_label_warning(f"the model of {file}", read_source(file)) for unit in units for file in unit.files]
    for warning in [*warnings, *filter(None, taught)]:
        print("warning:", warning)
    if args.save_weights:
        models = save_weights(args.save_weights, units, report.weights, mean, report)
        print(f"weights written to {args.save_weights}; apply them to: {', '.join(models)}")
    return units, list(report.weights.values()), mean, f"found on these images for {args.fit}"


def main() -> None:
    """Determine the weights, average the predictions and write the results."""
    args = parse_args()
    from kdxf.data.lists import check_result
    from kdxf.io.predictions import write_predictions
    from kdxf.recipes.ensembles.average import average

    inputs = [*args.files, *(Path(file) for _, *files in args.group for file in files)]
    for path in filter(None, (args.out, args.save_weights)):
        check_result(path, inputs, args.overwrite)
    units, weights, mean, origin = weigh(args)
    if args.out:
        write_predictions(average(units, weights, mean, origin), args.out)
        parts = ", ".join(f"{weight:.3g} {unit.name}" for unit, weight in zip(units, weights, strict=True) if weight)
        print(f"{mean} mean of {parts}; written to {args.out}")


if __name__ == "__main__":
    run(main)
