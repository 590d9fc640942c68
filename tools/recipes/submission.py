#!/usr/bin/env python
"""Write predictions in the format of a competition, or average finished submissions.

    python tools/recipes/submission.py test.parquet --format class --out submission.csv \\
        --columns image_id category_id category_name --class-names cls_id_to_name.json
    python tools/recipes/submission.py test.parquet --format scores --sample sample_submission.csv --out submission.csv
    python tools/recipes/submission.py test.parquet --format json --out result.json
    python tools/recipes/submission.py --average submission.csv submission_distill.csv --out submission_mix.csv

class is a CSV of id and class (and, with a third column, the class's name), scores a CSV with one column per class,
json a list of objects with id, class and score. A sample determines columns, order and ids, and the submission is
checked against it. Submissions to average are CSVs with the same ids and columns; a sample determines their order.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import count, run
from kdxf.errors import UserError
from kdxf.recipes.submissions.options import FORMATS, STYLES


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("predictions", type=Path, nargs="?", metavar="FILE", help="predictions (.parquet)")
    parser.add_argument(
        "--average", type=Path, nargs="+", metavar="CSV", help="submissions to average, instead of FILE"
    )
    parser.add_argument("--format", choices=tuple(FORMATS), help="format of the submission")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the submission")
    parser.add_argument("--sample", type=Path, metavar="FILE", help="a sample submission (.csv, .json)")
    parser.add_argument(
        "--columns",
        nargs="+",
        default=[],
        metavar="NAME",
        help="names of the columns or keys: id, class, class name or score",
    )
    parser.add_argument("--id", choices=tuple(STYLES), help="form of image ids (default: as in the sample, or name)")
    parser.add_argument("--class-as", choices=("name", "index"), help="form of a class (default: name)")
    parser.add_argument(
        "--class-names", type=Path, metavar="FILE", help="names for the third column (.json, .csv, .txt)"
    )
    parser.add_argument("--decimals", type=count, default=6, metavar="N", help="digits of scores (default: 6)")
    parser.add_argument(
        "--train", type=Path, metavar="LIST", help="training list, to compare the frequencies of classes"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing submission")
    args = parser.parse_args()
    if (args.predictions is None) == (args.average is None):
        parser.error("give either a file of predictions or --average CSV CSV ...")
    if args.predictions and not args.format:
        parser.error(f"--format is needed: {', '.join(FORMATS)}")
    if args.sample and args.columns:
        parser.error("--columns: the sample names the columns; leave one of the two out")
    for option in ("--format", "--columns", "--id", "--class-as", "--class-names", "--train"):
        if args.average and getattr(args, option[2:].replace("-", "_")):
            parser.error(f"{option}: submissions are averaged as they are; leave it out")
    if args.class_as and args.format == "scores":
        parser.error("--class-as: the format scores has no column of classes; leave it out")
    return args


def main() -> None:
    """Write the submission and print how often it predicts each class."""
    args = parse_args()
    from kdxf.data.lists import check_result
    from kdxf.io.class_names import names_of, read_class_names
    from kdxf.io.predictions import read_predictions
    from kdxf.recipes.submissions.ids import name_images, read_sample
    from kdxf.recipes.submissions.tables import make_table
    from kdxf.recipes.submissions.write import average_submissions, class_shares, describe, write_submission

    inputs, as_json = args.average or [args.predictions], args.format == "json"
    if args.out.suffix != (suffix := ".json" if as_json else ".csv"):
        raise UserError(f"--out {args.out}: the name must end with {suffix}")
    check_result(args.out, [*inputs, *filter(None, (args.sample, args.class_names, args.train))], args.overwrite)
    if args.average:
        table = average_submissions(args.average, args.sample)
        write_submission(table, args.out, decimals=args.decimals)
        print(f"mean of {len(args.average)} submissions, {len(table)} rows; written to {args.out}")
        return
    predictions = read_predictions(args.predictions)
    sample = read_sample(args.sample) if args.sample else None
    names, class_as = None, args.class_as or "name"
    if args.class_names:
        names = names_of(predictions.classes, read_class_names(args.class_names), args.class_names)
    places = name_images(predictions.images, args.predictions, args.id, sample)
    table = make_table(
        predictions, places, args.format, columns=args.columns, sample=sample, class_as=class_as, names=names
    )
    shares = describe(class_shares(predictions, args.train))
    write_submission(table, args.out, as_json=as_json, decimals=args.decimals)
    print(f"{shares}\n{len(table)} rows; written to {args.out}")
    if predictions.source.holds_ranks():
        print(f"warning: {args.predictions} holds ranks, which only metrics that go class by class (ROC-AUC, ...) take")


if __name__ == "__main__":
    run(main)
