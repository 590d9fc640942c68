#!/usr/bin/env python
"""Figures of a dataset: class sizes, image sizes, text and words of each class, overlaps of lists.

    python tools/data/stats.py train.csv val.csv --ocr ocr --report stats.html
    python tools/data/stats.py train.csv --no-image-sizes --predictions test.csv --json stats.json

The first list is the training list; others are compared with it: images in both (leakage), missing classes, different
shares of classes. --predictions, a table of tools/test.py --out, is also compared with it. Image sizes are read from
the headers. Without --ocr the text is the column text of the list.
"""

import argparse
import json
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import TOKENIZERS, add_common_arguments
from kdxf_runtime.io.files import write_whole


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("lists", type=Path, nargs="+", metavar="LIST", help="annotation files with labels")
    parser.add_argument("--ocr", type=Path, metavar="TABLE", help="OCR table")
    parser.add_argument("--tokenizer", choices=sorted(TOKENIZERS), default="word", help="default: word")
    parser.add_argument(
        "--words-of", type=int, default=500, metavar="N", help="images of each class whose words count (default: 500)"
    )
    parser.add_argument("--no-image-sizes", action="store_true", help="do not open the images")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="table of predictions")
    parser.add_argument(
        "--classes", type=Path, metavar="FILE", help="class map (default: classes.csv or .txt next to the first list)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="HTML page with charts and pictures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    add_common_arguments(parser, seed=True, workers=True, excel=False)
    return parser.parse_args()


def main() -> None:
    """Collect the figures, print and write them."""
    args = parse_args()
    from kdxf.data.lists import check_result, read_list
    from kdxf.data.statistics.collect import Settings, collect
    from kdxf.data.statistics.page import figures_report, format_figures
    from kdxf.io.class_map import class_map_beside, class_map_or_new

    map_file = args.classes or class_map_beside(args.lists[0])
    inputs = [*args.lists, *filter(None, (map_file, args.predictions))]
    for path in filter(None, (args.report, args.json)):
        check_result(path, inputs, args.overwrite)
    lists = {path: read_list(path, args.root, labels=True) for path in args.lists}
    data = lists[args.lists[0]]
    classes = class_map_or_new(map_file, data.frame["label"])
    frames = {path: item.frame for path, item in lists.items()}
    settings = Settings(
        root=data.root,
        ocr=args.ocr,
        tokenizer=args.tokenizer,
        words_of=args.words_of,
        image_sizes=not args.no_image_sizes,
        workers=args.workers,
        predictions=args.predictions,
    )
    figures = collect(frames, classes, settings)
    print(format_figures(figures))
    if args.report and not args.dry_run:
        figures_report(figures, data.root, args.seed).save(args.report)
    if args.json and not args.dry_run:
        write_whole((json.dumps(figures.as_json(), ensure_ascii=False, indent=1) + "\n").encode(), args.json)
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
