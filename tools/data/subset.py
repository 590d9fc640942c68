#!/usr/bin/env python
"""Choose classes of a certain size, the first or named classes, or a fraction of the rows for a quick trial.

    python tools/data/subset.py train.csv val.csv --sizes 80 100 --out stage1
    python tools/data/subset.py train.csv val.csv --fraction 0.1 --keep-classes --out quick

Sizes are those of the first list; the other lists keep the same classes. The output folder gets lists of the same
names, classes.txt and classes.csv, whose column full_index is the index in the map of all classes.

Training in stages, as for 50,030 product classes: a list of medium classes trains the features, then the classifier of
all classes is trained on top of them with the full list.

    subset.py train.csv val.csv --sizes 80 100 --out stage1          # 1, 2: warm up, then train the whole model
    balance.py train.csv --cap 400 200 100 --out balanced_train.csv
    subset.py balanced_train.csv val.csv --sizes 50 500 --out stage2 # 3: more classes, from the weights of stage 1
    train.py ... on balanced_train.csv with a frozen backbone         # 4: the classifier of all classes

With --keep-classes the class list stays the full one, and a model keeps its output width in all stages; without it, the
classifier is new in each stage, and full_index maps its rows to the classes of the full map.
"""

import argparse
from pathlib import Path

from kdxf.cli.command import run
from kdxf.data.options import add_common_arguments
from kdxf.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("lists", type=Path, nargs="+", metavar="LIST", help="annotation files with labels")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the new lists")
    parser.add_argument("--sizes", type=int, nargs=2, metavar=("MIN", "MAX"), help="images of a class, both included")
    parser.add_argument("--only", type=Path, metavar="FILE", help="the classes, one name per line")
    parser.add_argument("--first", type=int, metavar="N", help="the first N of the remaining classes")
    parser.add_argument("--fraction", type=float, metavar="F", help="part of the rows, the same of every class")
    parser.add_argument("--rows", type=int, metavar="N", help="number of rows of each list, drawn likewise")
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="map of all classes (default: classes.csv or .txt next to the list)",
    )
    parser.add_argument(
        "--keep-classes", action="store_true", help="write the map of all classes instead of the chosen ones"
    )
    add_common_arguments(parser, seed=True)
    return parser.parse_args()


def main() -> None:
    """Choose classes and rows, write the lists and print their sizes."""
    args = parse_args()
    from kdxf.data.lists import read_list, write_lists
    from kdxf.data.subset import Choice, subset
    from kdxf.io.annotations import read_classes
    from kdxf.io.class_map import check_class_files, class_map_beside, class_map_or_new, write_class_files

    if len({path.stem for path in args.lists}) < len(args.lists):
        raise UserError(f"two lists have one name, and so would their results in {args.out}; rename one")
    frames = {path: read_list(path, args.root, labels=True).frame for path in args.lists}
    map_file = args.classes or class_map_beside(args.lists[0])
    classes = class_map_or_new(map_file, frames[args.lists[0]]["label"])
    names = read_classes(args.only) if args.only else None
    sizes = tuple(args.sizes) if args.sizes else None
    choice = Choice(sizes, names, args.first, args.fraction, args.rows, args.seed)
    result = subset(frames, classes, choice, args.keep_classes)
    inputs = [*args.lists, *filter(None, (map_file, args.only))]
    check_class_files(args.out, inputs, args.overwrite)
    files = {args.out / path.with_suffix(".csv").name: frame for path, frame in result.lists.items()}
    write_lists(files, inputs, dry_run=args.dry_run, overwrite=args.overwrite, excel=args.excel)
    if not args.dry_run:
        write_class_files(result.classes, args.out)
    print(result.summary().to_string(index=False))
    print(f"{len(result.classes)} of {len(classes)} classes")
    print("dry run: nothing was written" if args.dry_run else f"written to {args.out}")


if __name__ == "__main__":
    run(main)
