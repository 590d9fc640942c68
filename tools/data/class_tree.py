#!/usr/bin/env python
"""Write the class tree for a hierarchical head, and for answers by the parent where a model is unsure of the class.

    python tools/data/class_tree.py data/grocery/train.csv --out data/grocery/class_tree.csv
    python tools/data/class_tree.py train.csv --levels level_1 --out class_tree.csv
    python tools/data/class_tree.py train.csv --parents 43 --predictions oof.parquet --ocr ocr --out class_tree.csv

From a list that has the coarser classes in columns: coarse_label becomes the level coarse; --levels adds others under
their own names. tools/data/convert.py --label-tree writes both.

From what a model confuses, with --parents: classes that it takes for one another get the same parent, with --ocr named
by the words of its images. Predictions are what tools/test.py --out NAME.parquet writes, one table for each fold, by
models that did not train on the images. Correct names and classes in the CSV as you like.

The result has one row per class of the classes.txt next to the list.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kdxf.cli.command import run

if TYPE_CHECKING:
    import pandas as pd


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("list", type=Path, metavar="LIST", help="annotation file with labels")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the class tree")
    parser.add_argument("--coarse", default="coarse_label", metavar="COLUMN", help="default: coarse_label")
    parser.add_argument("--levels", nargs="+", default=[], metavar="COLUMN", help="columns of further levels")
    parser.add_argument("--parents", type=int, metavar="N", help="learn a level coarse of so many classes")
    parser.add_argument("--predictions", type=Path, nargs="+", default=[], metavar="FILE", help="to learn from")
    parser.add_argument("--ocr", type=Path, metavar="TABLE", help="OCR table: name learned parents by their words")
    parser.add_argument("--tokenizer", choices=("jieba", "word"), default="jieba", help="word: for spaced scripts")
    parser.add_argument("--classes", type=Path, metavar="FILE", help="class list (default: classes.txt next to LIST)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing result")
    args = parser.parse_args()
    if (args.parents is None) != (not args.predictions):
        parser.error("--parents and --predictions: a tree is learned with both, and read from columns with neither")
    if args.ocr is not None and args.parents is None:
        parser.error("--ocr: names the classes that are learned; give --parents and --predictions as well")
    if args.parents is not None and args.levels:
        parser.error("--levels: are columns of LIST, and --parents learns the tree; give one of them")
    return args


def _learn(args: argparse.Namespace, frame: "pd.DataFrame", classes: list[str]) -> "pd.DataFrame":
    from kdxf.data.cleaning.tables import read_tables
    from kdxf.data.learned_tree import learned_table
    from kdxf.text.ocr.table import OCRTable
    from kdxf.text.tokenizers import JiebaTokenizer, WordTokenizer

    found = read_tables(args.predictions, frame["image"], classes, all_scores=True)
    tokenizer = WordTokenizer() if args.tokenizer == "word" else JiebaTokenizer(lowercase=True)
    ocr = None if args.ocr is None else OCRTable.open(args.ocr)
    return learned_table(frame, classes, found, args.parents, args.list, ocr, tokenizer)


def main() -> None:
    """Write the class tree and print the sizes of its levels."""
    args = parse_args()
    from kdxf.data.lists import read_list, write_lists
    from kdxf.io.annotations import read_classes
    from kdxf.io.class_tree import COARSE, tree_table

    classes_file = args.classes or args.list.with_name("classes.txt")
    frame, classes = read_list(args.list, labels=True).frame, read_classes(classes_file)
    if args.parents is None:
        columns = {args.coarse: COARSE} | {name: name for name in args.levels}
        table = tree_table(frame, classes, columns, args.list)
    else:
        table = _learn(args, frame, classes)
    write_lists({args.out: table}, [args.list, classes_file, *args.predictions], overwrite=args.overwrite)
    sizes = ", ".join(f"{name} {table[name].nunique()}" for name in table.columns)
    print(f"{args.out}: {sizes}")


if __name__ == "__main__":
    run(main)
