#!/usr/bin/env python
"""Read the same images with several OCR engines and write a page that shows the results side by side.

    python tools/analysis/ocr_compare.py data/mine/images --limit 30 --out work_dirs/ocr_compare

compares all engines with their defaults. Others, or with options:

    ... --engine rapidocr --engine rapidocr box_thresh=0.3 --engine tesseract 'languages=("swe", "eng")'

An engine that does not start is shown with the reason. The speed is that of one process: run nothing else meanwhile.
"""

import argparse
import random
from pathlib import Path

from kdxf.cli.command import count, run

ENGINES = [["rapidocr"], ["tesseract"], ["easyocr"]]


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="folders of images, annotation files, or tar shards"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the report: report.html")
    parser.add_argument("--root", type=Path, help="folder that the paths are relative to, as in tools/ocr.py")
    parser.add_argument(
        "--engine",
        nargs="+",
        action="append",
        metavar=("NAME", "KEY=VALUE"),
        help="rapidocr, tesseract, easyocr, or the name of a registered class, and its arguments (Python literals); "
        "may be repeated; by default the first three",
    )
    parser.add_argument(
        "--import",
        nargs="+",
        default=[],
        dest="imports",
        metavar="MODULE",
        help="modules that register your own engines",
    )
    parser.add_argument("--limit", type=count, metavar="N", help="read N images, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="seed of that draw (default: 0)")
    return parser.parse_args()


def main() -> None:
    """Read the images, write the page, and print the figures."""
    args = parse_args()
    from kdxf.analysis.ocr_comparison import run_engines
    from kdxf.analysis.ocr_comparison_page import TOTALS_COLUMNS, totals_rows, write_report
    from kdxf.text.ocr import engine_config, list_inputs

    engines = {" ".join(words): engine_config(words[0], words[1:], "--engine") for words in args.engine or ENGINES}
    images, root = list_inputs(args.inputs, args.root)
    images = list(dict.fromkeys(images))
    if args.limit is not None and args.limit < len(images):
        images = sorted(random.Random(args.seed).sample(images, args.limit))
    args.out.mkdir(parents=True, exist_ok=True)  # fail before the work if the folder cannot be made
    runs = run_engines(images, root, engines, args.imports)
    write_report(runs, root, args.out / "report.html")
    print("\t".join(TOTALS_COLUMNS))
    for row in totals_rows(runs):
        print("\t".join(map(str, row)))
    for engine in runs:
        if engine.error is not None:
            print(f"{engine.label} did not start: {engine.error}")
    print(args.out / "report.html")


if __name__ == "__main__":
    run(main)
