#!/usr/bin/env python
"""Find exact and near duplicates within and across lists of images, and write the lists without them.

    python tools/data/dedupe.py train.csv val.csv --root images --out groups.csv --report groups.html --out-lists clean

The groups are a CSV: image, list, label, group, kind (reference, exact, pixels, near, mirrored), distance. It can be
given to kfold.py and split.py as --groups.
"""

import argparse
from functools import partial
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.duplicates.embedding import model_candidates
from kdxf.data.options import CONFLICTS, KEEP, SIMILARITY, add_common_arguments
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST", help="annotation files or folders of images")
    parser.add_argument("--out", type=Path, metavar="FILE", help="CSV of the groups")
    parser.add_argument("--out-lists", type=Path, metavar="DIR", help="folder of the lists without duplicates")
    parser.add_argument("--report", type=Path, metavar="FILE", help="HTML page with the groups as rows of pictures")
    add = parser.add_argument
    add(
        "--keep",
        choices=KEEP,
        default=KEEP[0],
        help="which picture of a group stays (default: the first list's largest)",
    )
    add(
        "--conflicts",
        choices=CONFLICTS,
        default=CONFLICTS[0],
        help="groups with several labels: keep no picture (default), or one",
    )
    parser.add_argument("--mirrored", action="store_true", help="mirror images are duplicates as well")
    parser.add_argument(
        "--similarity",
        type=float,
        default=SIMILARITY,
        help=f"correlation that makes a duplicate (default: {SIMILARITY}); 0.98 also includes pictures of one moment",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="FILE", help="Parquet file that caches fingerprints, also in a --dry-run"
    )
    parser.add_argument("--config", type=Path, help="with --checkpoint: a model that names further candidates")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--ocr", type=Path, help="OCR table for a model that reads text")
    add_common_arguments(parser, workers=True)
    return parser.parse_args()


def main() -> None:
    """Find the duplicates, write the results and print a summary."""
    args = parse_args()
    from kdxf.data.duplicates.find import find_duplicates
    from kdxf.data.duplicates.results import groups_table, lists_without, report, summary
    from kdxf.data.lists import check_result, read_list, write_lists

    if (args.config is None) != (args.checkpoint is None):
        raise UserError("--config and --checkpoint: give both or none")
    for path in (args.out, args.report):
        if path is not None:
            check_result(path, args.lists, args.overwrite)
    lists = [read_list(path, args.root) for path in args.lists]
    candidates = None
    if args.config:
        candidates = partial(model_candidates, args.config, args.checkpoint, args.ocr, lists[0].root, args.workers)
    options = {name: getattr(args, name) for name in ("cache", "similarity", "mirrored", "keep")}
    found = find_duplicates(lists, args.workers, candidates=candidates, **options)
    results = {args.out: groups_table(found, lists)} if args.out else {}
    if args.out_lists:
        results |= lists_without(found, lists, args.out_lists, args.conflicts)
    write_lists(results, args.lists, dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel)
    if args.report and not args.dry_run:
        report(found, lists, args.conflicts).save(args.report)
    for name, number in summary(found, lists, args.conflicts):
        print(f"{name:<30}{number:>9}")
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
