#!/usr/bin/env python
"""Let a person decide about doubtful predictions and labels, on a page that keeps the decisions or in Label Studio.

    python tools/review.py PREDICTIONS.parquet --root IMAGES --out review.html
    python tools/review.py PREDICTIONS.parquet --root IMAGES --out tasks.json    # for Label Studio, with tasks.xml
    python tools/review.py EXPORT.json --out decisions.csv                       # what was annotated there

PREDICTIONS is what tools/test.py --out or tools/inference.py --save-probs wrote. Of labelled images those come first
whose label the model finds least likely; of others those whose best two classes are closest. The page is one file that
fetches nothing. It saves decisions.csv, which is read by

    python tools/data/clean.py apply LIST decisions.csv --out clean.csv                            # a labelled list
    python tools/recipes/pseudo_label.py PREDICTIONS --train LIST --decisions decisions.csv --out mixed.csv
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf.cli.command import count, run
from kdxf.data.options import ORDERS
from kdxf.errors import UserError

if TYPE_CHECKING:
    from kdxf.data.review.queue import Queue


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("source", type=Path, metavar="FILE", help="predictions (.parquet), or what Label Studio exported (.json)")
    add("--out", type=Path, required=True, metavar="FILE", help="the page (.html), tasks (.json), or decisions (.csv)")
    add("--root", type=Path, metavar="DIR", help="image root, which the paths are relative to")
    add("--order", choices=ORDERS, help="(default: loss where all images have labels, else margin)")
    add("--inference", type=Path, metavar="CSV",
        help="what tools/inference.py --review wrote: ask only about what it sends to a person")  # fmt: skip
    add("--limit", type=count, default=300, metavar="N", help="pictures in a part (default: 300)")
    add("--part", type=count, default=1, metavar="K", help="the K-th part (default: 1)")
    add("--ocr", type=Path, metavar="TABLE", help="OCR table: the text in the pictures is shown")
    add("--overwrite", action="store_true", help="replace an existing result")
    return parser.parse_args()


def _queue(args: argparse.Namespace) -> "Queue":
    from kdxf.data.review.queue import make_queue
    from kdxf.text.ocr.table import OCRTable

    if args.root is None:
        raise UserError("--root: name the image root, which the paths of the predictions are relative to")
    if not args.root.is_dir():
        raise UserError(f"--root {args.root}: no such folder")
    ocr = OCRTable.open(args.ocr) if args.ocr else None
    return make_queue(args.source, args.order, limit=args.limit, part=args.part, inference=args.inference, ocr=ocr)


def main() -> None:
    """Write the page, the tasks or the decisions, as the names of the files say."""
    args = parse_args()
    from kdxf.data.lists import check_result
    from kdxf.data.review.label_studio import read_annotations_as_decisions, write_tasks
    from kdxf.data.review.page import write_page
    from kdxf.io.csv_tables import write_csv

    form = (args.source.suffix.lower(), args.out.suffix.lower())
    if form not in ((".parquet", ".html"), (".parquet", ".json"), (".json", ".csv")):
        raise UserError(
            f"{args.source} and --out {args.out}: give predictions (.parquet) for a page (.html) or tasks (.json), or "
            "an export of Label Studio (.json) for decisions (.csv)"
        )
    check_result(args.out, [args.source], args.overwrite)
    if form == (".json", ".csv"):
        table = read_annotations_as_decisions(args.source)
        write_csv(table, args.out)
        print(", ".join(f"{number} {name}" for name, number in table["decision"].value_counts().items()))
        return
    queue = _queue(args)
    shown = f"{queue.start + 1} to {queue.start + len(queue.questions)} of {queue.total} images, by {queue.order}"
    if args.out.suffix.lower() == ".html":
        write_page(queue, f"Review of {args.source.name}", args.root, args.out)
        print(f"{args.out}: {shown}; open it in a browser")
        return
    interface = args.out.with_suffix(".xml")
    check_result(interface, [args.source], args.overwrite)
    write_tasks(queue, args.out)
    print(f"{args.out}: {shown}; {interface}: the labelling interface; serve {args.root} as Label Studio's local files")


if __name__ == "__main__":
    run(main)
