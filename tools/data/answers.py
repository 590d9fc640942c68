#!/usr/bin/env python
"""Import answers from elsewhere: ``kdxf data answers ANSWERS --classes CLASSES --list VAL --out NAME.parquet``.

ANSWERS is a CSV with the columns image and answer, and perhaps confidence (above 0, up to 1), such as a vision-language
model gave them. An answer is matched with the class names as they are, then without regard to case, spaces, hyphens
and punctuation. The result is a file of predictions that kdxf report, kdxf recipes score and others hold beside those
of trained models.

Answers that are no class are listed and never guessed: the tool then ends with status 2, unless --meanings says which
class they mean or --unmatched wrong counts them as wrong. --unmatched-csv writes them as a table to fill in, which
--meanings takes.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("answers", type=Path, help="CSV of answers: image, answer, and perhaps confidence")
    add("--classes", required=True, type=Path, metavar="FILE", help="class names, one a line")
    add("--list", type=Path, metavar="FILE", help="list of the images, whose order and labels the result gets")
    add("--out", required=True, type=Path, metavar="FILE", help="the predictions (.parquet)")
    add("--meanings", type=Path, metavar="FILE", help="CSV (answer, label): the class of answers that are no name")
    add("--unmatched", choices=("error", "wrong"), default="error", help="answers that are no class: end, or wrong")
    add("--unmatched-csv", type=Path, metavar="FILE", help="write these answers here")
    return parser.parse_args()


def main() -> None:
    """Match, list what is unmatched, and write the predictions."""
    args = parse_args()
    if args.out.suffix != ".parquet":
        raise UserError(f"--out {args.out}: the name must end with .parquet")
    from kdxf.io.annotations import read_classes
    from kdxf.io.answers import describe, match, of_list, predictions_of, read_answers, read_meanings, unmatched
    from kdxf.io.csv_tables import write_csv
    from kdxf.io.predictions import write_predictions

    classes = read_classes(args.classes)
    answers = read_answers(args.answers)
    if args.list is not None:
        answers = of_list(answers, args.list, classes)
    found = match(answers.texts, classes, None if args.meanings is None else read_meanings(args.meanings, classes))
    missing = unmatched(answers, found)
    if args.unmatched_csv is not None:
        write_csv(missing, args.unmatched_csv)
    if len(missing) and args.unmatched == "error":
        raise UserError(
            f"{args.answers}: {missing['images'].sum()} of {len(answers.images)} answers are no class: "
            f"{describe(missing)}; say what they mean with --meanings, or count them as wrong with --unmatched wrong"
        )
    write_predictions(predictions_of(answers, found, classes), args.out)
    print(f"{args.out}: {len(answers.images)} answers")
    if len(missing):
        print(f"{missing['images'].sum()} are no class and count as wrong: {describe(missing)}")
    if answers.labels is not None:
        print(f"top-1 {100 * (found == answers.labels).mean():.1f} %")


if __name__ == "__main__":
    run(main)
