#!/usr/bin/env python
"""Decode every image of a list or a folder and report what is broken, odd or inconsistent.

    python tools/data/verify.py data/mine/train.csv --other-lists data/mine/val.csv \\
        --out problems.csv --report problems.html --out-list data/mine/train_whole.csv

No existing file is changed. The exit status is 0 whatever is found, and 2 if the command itself is wrong.
--fix-rotation writes upright copies of rotated pictures: PNG, TIFF and lossless WebP without loss; a JPEG is encoded
again with its own quantization tables, with an invisible loss (tools/data/resize.py also makes pictures upright, by
EXIF and, with --ocr, by their text).
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import add_common_arguments
from kdxf.data.verification.options import DROPPABLE, UNUSABLE, Limits


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", type=Path, help="list or folder of images")
    parser.add_argument("--other-lists", type=Path, nargs="+", default=[], help="other lists of the same image root")
    parser.add_argument(
        "--classes", type=Path, metavar="FILE", help="class map (default: classes.csv or .txt next to the list)"
    )
    limits = Limits()
    parser.add_argument("--min-edge", type=int, default=limits.min_edge, help="in pixels (default: %(default)s)")
    parser.add_argument("--max-edge", type=int, default=limits.max_edge, help="in pixels (default: %(default)s)")
    parser.add_argument("--max-ratio", type=float, default=limits.max_ratio, help="of the edges (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="CSV", help="all problems: image, problem, detail")
    parser.add_argument("--report", type=Path, metavar="HTML", help="a page with pictures of the problems")
    parser.add_argument("--out-list", type=Path, metavar="CSV", help="the list without the images to drop")
    parser.add_argument(
        "--drop", nargs="+", choices=DROPPABLE, default=list(UNUSABLE), metavar="PROBLEM",
        help=f"what --out-list leaves out (default: {' '.join(UNUSABLE)}); of: {' '.join(DROPPABLE)}",
    )  # fmt: skip
    parser.add_argument(
        "--ocr", type=Path, metavar="TABLE", help="OCR table with angles: find pictures that are turned"
    )
    parser.add_argument(
        "--fix-rotation", type=Path, metavar="DIR", help="folder for upright copies of the rotated pictures"
    )
    add_common_arguments(parser, workers=True)
    return parser.parse_args()


def main() -> None:
    """Check the images, print the findings and write the requested files."""
    args = parse_args()
    from kdxf.data.lists import check_result, read_list, write_lists
    from kdxf.data.pictures.upright import write_upright_copies
    from kdxf.data.verification.verify import format_findings, verify, write_report
    from kdxf.io.class_map import class_map_beside, read_class_map
    from kdxf.text.ocr.table import OCRTable

    images = read_list(args.source, args.root)
    path = args.classes or (class_map_beside(args.source) if args.source.is_file() else None)
    inputs = [args.source, *args.other_lists, *([path] if path else [])]
    for result in filter(None, (args.out, args.report, args.out_list)):
        check_result(result, inputs, args.overwrite)
    limits = Limits(args.min_edge, args.max_edge, args.max_ratio)
    classes = read_class_map(path)["name"].tolist() if path else None
    table = OCRTable.open(args.ocr) if args.ocr else None
    findings = verify(images, limits, args.workers, classes, args.other_lists, table)
    print(format_findings(findings, images))
    kept = images.frame[~images.frame["image"].isin(findings.images_with(args.drop))]
    frames = {args.out: findings.problems, args.out_list: kept}
    write_lists(
        {k: v for k, v in frames.items() if k}, inputs, dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel
    )
    if args.out_list:
        print(f"{len(kept)} of {len(images.frame)} rows stay (dropped: {', '.join(args.drop)})")
    if args.report and not args.dry_run:
        write_report(findings, images, args.report)
    if args.fix_rotation and not args.dry_run:
        turned = sorted(findings.images_with(["rotated"]) - findings.images_with(UNUSABLE))
        copies = write_upright_copies(turned, images.root, args.fix_rotation, args.workers, args.overwrite)
        print(f"{sum(not copy.error for copy in copies)} of {len(turned)} turned upright in {args.fix_rotation}")
        for note in sorted({note for copy in copies for note in [*copy.lost, copy.error] if note}):
            print(f"not kept: {note}")
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
