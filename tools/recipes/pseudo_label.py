#!/usr/bin/env python
"""Label unlabelled images with predictions of a model or an ensemble, to train on them with the labelled images.

    python tools/recipes/pseudo_label.py test.parquet --train data/mine/train.csv --out data/mine/mixed.csv \\
        --threshold 0.9 --weight 0.5
    python tools/train.py CONFIG --cfg-options train_dataloader.dataset.ann_file=mixed.csv

Predictions are kept if they pass --threshold and --margin, and of each class the most confident --per-class; without
these options, all. mixed.csv has the labelled rows and the new ones, with the columns weight (the loss of a row is
multiplied by it), origin (labelled or pseudo) and pseudo_score; mixed.json, next to it, records the predictions used.
Labels are hard: the best class. With --soft FILE the scores of all classes are also written, as training targets:

    python tools/train.py CONFIG --cfg-options train_dataloader.dataset.ann_file=mixed.csv \\
        train_dataloader.dataset.soft_label_file=FILE

All lists name their images relative to the same image root (data_prefix). If the new rows should have the text of the
images or other columns of the labelled list, give the list that was predicted as --unlabelled. With --decisions, what a
person accepted or chose on the page of tools/review.py has the score 1, and what was dropped is left out.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf.cli.command import count, run
from kdxf.errors import UserError
from kdxf_runtime.io.cells import EXCEL
from kdxf_runtime.io.files import write_whole

if TYPE_CHECKING:
    from kdxf.recipes.pseudo_labels import PseudoLabels


def weight(text: str) -> float | str:
    """Parse a weight: a number, or ``score``."""
    from kdxf.recipes.pseudo_labels import SCORE

    try:
        return SCORE if text == SCORE else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a number from 0 or 'score', not {text!r}") from error


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("predictions", type=Path, metavar="PREDICTIONS", help="predictions of images without labels (.parquet)")
    add("--train", type=Path, required=True, metavar="LIST", help="the labelled list")
    add("--out", type=Path, required=True, metavar="LIST", help="the list to train with (.csv)")
    add("--unlabelled", type=Path, metavar="LIST", help="the list that was predicted, whose columns (text) are kept")
    add("--decisions", type=Path, metavar="CSV", help="what a person decided on the page of tools/review.py")
    add("--threshold", type=float, metavar="P", help="least score of the best class")
    add("--margin", type=float, metavar="P", help="least distance to the second best score")
    add("--per-class", type=count, metavar="N", help="the N most confident of each class")
    add("--weight", type=weight, default=1.0, metavar="W", help="weight of a pseudo-label, or 'score' (default: 1)")
    add("--soft", type=Path, metavar="FILE", help="also write the scores of all classes, as soft labels (.parquet)")
    add("--only-pseudo", action="store_true", help="leave the labelled rows out")
    add("--excel", action="store_true", help=EXCEL)
    add("--overwrite", action="store_true", help="replace existing results")
    return parser.parse_args()


def report(labels: "PseudoLabels") -> str:
    """Format the numbers of the pseudo-labels that are kept."""
    table = labels.table[labels.table["kept"] > 0]
    lines = [table.to_string(index=False, formatters={"share": "{:.1%}".format, "mean_score": "{:.3f}".format})]
    kept, predicted = labels.table["kept"].sum(), labels.table["predicted"].sum()
    lines.append(f"{kept} of {predicted} predictions kept, {len(labels.frame)} rows")
    if labels.unreadable:
        lines.append(f"{labels.unreadable} images that could not be read were left out")
    if empty := labels.empty_classes():
        lines.append(f"warning: no pseudo-label for {len(empty)} of {len(labels.table)} classes: {', '.join(empty)}")
    return "\n".join(lines)


def main() -> None:
    """Choose the pseudo-labels and write the list."""
    args = parse_args()
    from kdxf.data.lists import check_result
    from kdxf.io.annotations import write_annotations
    from kdxf.io.predictions import write_predictions
    from kdxf.recipes.pseudo_labels import Choice, pseudo_label

    results = {"--out": (args.out, ".csv"), "--soft": (args.soft, ".parquet")}
    for option, (path, suffix) in results.items():
        if path is not None and path.suffix != suffix:
            raise UserError(f"{option} {path}: the name must end with {suffix}")
    note = args.out.with_suffix(".json")
    for path in filter(None, (args.out, note, args.soft)):
        check_result(
            path, filter(None, (args.predictions, args.train, args.unlabelled, args.decisions)), args.overwrite
        )
    choice = Choice(args.threshold, args.margin, args.per_class)
    labels = pseudo_label(
        args.predictions,
        args.train,
        choice,
        weight=args.weight,
        only_pseudo=args.only_pseudo,
        unlabelled=args.unlabelled,
        decisions=args.decisions,
    )
    if args.soft:
        write_predictions(labels.soft, args.soft)
    write_annotations(labels.frame, args.out, args.excel)
    write_whole((json.dumps(labels.source.to_dict(), ensure_ascii=False, indent=2) + "\n").encode(), note)
    print(report(labels))


if __name__ == "__main__":
    run(main)
