#!/usr/bin/env python
"""Find labels that are probably wrong, show them to a person, and apply the decisions.

    python tools/data/clean.py find train.csv --root images --ocr ocr --out suspects.csv --report suspects.html
    python tools/data/clean.py find train.csv --predictions fold_*.parquet --out suspects.csv
    python tools/data/clean.py apply train.csv suspects.csv --out clean.csv --at-least 10

By default each image is judged by plain models that did not see its label: logistic regression on features of a frozen
ImageNet model (extra 'weights') and, with --ocr, on the text; and by the labels of the most similar images. This takes
minutes, and the features are kept. --predictions takes what tools/test.py --out writes instead, which must come from
models that did not train on the images they predict: one table for each fold. The rules for suspects:

    improbable  labels that get a score below --min-score (of predictions that are a Parquet file)
    reliable    wrong predictions; a class that is predicted well enough (--accuracy) is kept whole

A class never loses its last image. The column 'decision' may be edited before it is applied: keep, drop, or relabel,
with the class in the column 'suggested'.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf.cli.command import count, run
from kdxf.data.cleaning.options import PREFILLS, RULES, Options
from kdxf.data.options import add_common_arguments
from kdxf.errors import UserError

if TYPE_CHECKING:
    from kdxf.data.lists import ImageList
    from kdxf.io.predictions import Predictions
    from kdxf.text.ocr.table import OCRTable


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True)
    find = commands.add_parser("find", help="list the suspects", allow_abbrev=False)
    apply = commands.add_parser("apply", help="apply the decisions to the list", allow_abbrev=False)
    for command in (find, apply):
        command.add_argument("list", type=Path, metavar="LIST", help="annotation file with labels")
        command.add_argument("--classes", type=Path, metavar="FILE",
                             help="class map (default: classes.csv or .txt next to the list)")  # fmt: skip
    d = Options()
    find.add_argument("--rule", choices=RULES, default=d.rule, help="(default: %(default)s)")
    find.add_argument("--predictions", type=Path, nargs="+", default=[], metavar="FILE", help="tables of one model")
    find.add_argument("--features", type=Path, default=Path("work_dirs/features/baselines"), metavar="DIR",
                      help="without --predictions: where features are kept (default: %(default)s)")  # fmt: skip
    find.add_argument("--workers", type=count, default=1, help="processes that load images for them (default: 1)")
    find.add_argument("--min-score", type=float, default=d.min_score, help="improbable: (default: %(default)s)")
    find.add_argument("--accuracy", type=float, default=d.accuracy, help="reliable: (default: %(default)s)")
    find.add_argument("--prefill", choices=PREFILLS, default=d.prefill, help="decision (default: %(default)s)")
    find.add_argument("--only", metavar="GLOB", help="judge these paths or file names only, such as 'aug_*'")
    find.add_argument("--partial", action="store_true", help="leave rows without predictions as they are")
    find.add_argument("--out", type=Path, required=True, metavar="CSV", help="the suspects, with a decision for each")
    find.add_argument("--out-classes", type=Path, metavar="CSV", help="accuracy, scores and suspects of each class")
    find.add_argument("--report", type=Path, metavar="HTML", help="a page with the suspects")
    find.add_argument(
        "--ocr", type=Path, metavar="TABLE", help="OCR table: the text is judged as well, and shown in the report"
    )
    find.add_argument("--top", type=int, default=200, help="suspects in the report (default: 200)")

    apply.add_argument("decisions", type=Path, metavar="DECISIONS", help="the output of find, edited or not")
    apply.add_argument("--out", type=Path, required=True, metavar="CSV", help="the clean list")
    apply.add_argument("--at-least", type=int, default=0, metavar="N", help="repeat rows of smaller classes")
    for command in (find, apply):
        add_common_arguments(command, seed=True)
    return parser.parse_args()


def _read(args: argparse.Namespace) -> "tuple[ImageList, list[str]]":
    from kdxf.data.lists import read_list
    from kdxf.io.class_map import class_map_beside, class_map_or_new

    images = read_list(args.list, args.root, labels=True)
    map_file = args.classes or class_map_beside(args.list)
    if map_file is None and args.command == "find":
        raise UserError(f"{args.list}: no classes.txt beside it; give that of the model with --classes")
    classes = class_map_or_new(map_file, images.frame["label"])
    return images, classes["name"].tolist()


def _find(args: argparse.Namespace) -> None:
    from kdxf.data.cleaning.suspects import find_suspects, format_suspects, read_model, suspects_page
    from kdxf.data.lists import check_result, write_lists
    from kdxf.text.ocr.table import OCRTable

    inputs = [args.list, *args.predictions]
    if args.report:
        check_result(args.report, inputs, args.overwrite)
    images, classes = _read(args)
    ocr = OCRTable.open(args.ocr) if args.ocr else None
    options = Options(args.rule, args.min_score, args.accuracy, args.prefill, args.only, args.partial, args.seed)
    if args.predictions:
        model = read_model(images, classes, args.predictions, options)
    else:
        model = _judge(images, classes, ocr, args)
        options = replace(options, partial=True)  # classes of one image have no judge
    suspects = find_suspects(images, classes, model, options)
    results = {args.out: suspects.table} | ({args.out_classes: suspects.classes} if args.out_classes else {})
    write_lists(results, inputs, dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel)
    if args.report and not args.dry_run:
        title = f"Suspicious labels of {args.list} ({args.rule})"
        suspects_page(suspects, title, images.root, ocr, args.top).save(args.report)
    print(format_suspects(suspects))


def _judge(images: "ImageList", classes: list[str], ocr: "OCRTable | None", args: argparse.Namespace) -> "Predictions":
    from kdxf.analysis.baselines import image_features, read_texts
    from kdxf.analysis.out_of_fold import LabelledImages, out_of_fold
    from kdxf.data.cleaning.suspects import label_codes

    once = ~images.frame["image"].duplicated().to_numpy()
    paths, labels = images.frame["image"][once].tolist(), label_codes(images, classes)[once]
    features = image_features([images.root / path for path in paths], args.features, args.workers)
    return out_of_fold(LabelledImages(paths, labels, read_texts(paths, ocr), features), classes, seed=args.seed)


def _apply(args: argparse.Namespace) -> None:
    from kdxf.data.cleaning.decisions import apply_decisions
    from kdxf.data.cleaning.suspects import format_cleaned
    from kdxf.data.lists import write_lists

    images, classes = _read(args)
    cleaned = apply_decisions(images, args.decisions, classes, args.at_least, args.seed)
    write_lists(
        {args.out: cleaned.frame},
        [args.list, args.decisions],
        dry_run=args.dry_run,
        overwrite=args.overwrite,
        excel=args.excel,
    )
    print(format_cleaned(cleaned))


def main() -> None:
    """Run the chosen command, ``find`` or ``apply``."""
    args = parse_args()
    {"find": _find, "apply": _apply}[args.command](args)
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
