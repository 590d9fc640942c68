#!/usr/bin/env python
"""Join lists, such as successive batches or generated images, into one.

    python tools/data/merge.py v1.csv v2.csv aug.csv --out all/train.csv --root . --names v1 v2 aug

The column source says which list a row comes from. Image paths become relative to the root, by default the folder of
the first list. Labels become class names; classes.txt and classes.csv, next to the result, number the classes of the
first list like its own class map, then the new ones of the other lists. An image in several lists has one row.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf.cli.command import run
from kdxf.data.options import add_common_arguments
from kdxf.errors import UserError

if TYPE_CHECKING:
    from kdxf.data.merge import Batch


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("lists", type=Path, nargs="+", metavar="LIST", help="annotation files with labels")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the joined list")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="names of the lists (default: their file names)")
    parser.add_argument("--prefer", choices=("first", "last"), help="whose label counts if lists disagree")
    add_common_arguments(parser)
    return parser.parse_args()


def read_batch(path: Path, name: str, root: Path) -> "Batch":
    """Read a list and the class map next to it; make paths relative to ``root`` and labels class names."""
    from kdxf.data.lists import read_list
    from kdxf.data.merge import Batch
    from kdxf.data.split import relative_to_root
    from kdxf.io.class_map import class_indices, class_map_beside, class_map_or_new

    frame = read_list(path, labels=True).frame
    map_file = class_map_beside(path)
    classes = class_map_or_new(map_file, frame["label"])
    names = classes["name"].to_numpy(dtype=object)
    prefix = relative_to_root(path.parent, root).as_posix()
    images = frame["image"] if prefix == "." else prefix + "/" + frame["image"]
    return Batch(
        name, frame.assign(image=images, label=names[class_indices(frame["label"], classes, path)]), list(names)
    )


def main() -> None:
    """Join the lists, write the result and print the conflicts."""
    args = parse_args()
    import pandas as pd

    from kdxf.data.lists import write_lists
    from kdxf.data.merge import merge
    from kdxf.io.class_map import check_class_files, write_class_files

    names = args.names or [path.stem for path in args.lists]
    if len(names) != len(args.lists):
        raise UserError(f"--names: {len(names)} names for {len(args.lists)} lists; give one for each")
    root = args.root or args.lists[0].parent
    batches = [read_batch(path, name, root) for path, name in zip(args.lists, names, strict=True)]
    result = merge(batches, args.prefer)
    check_class_files(args.out.parent, args.lists, args.overwrite)
    write_lists({args.out: result.frame}, args.lists, dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel)
    if not args.dry_run:
        numbered = {"index": range(len(result.classes)), "id": result.classes, "name": result.classes}
        write_class_files(pd.DataFrame(numbered), args.out.parent)
    print(result.summary.to_string(index=False))
    print(f"{len(result.frame)} images, {len(result.classes)} classes; the image root is {root}")
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
