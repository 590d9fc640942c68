#!/usr/bin/env python
"""Suggest readable names for classes that only have a number, from the words that separate each of them.

    python tools/data/name_classes.py train.csv --ocr ocr --out names.json --report names.html
    python tools/data/split.py all.csv --class-names names.json

Read the report, edit names.json, then give it to split.py. Classes without separating words keep their id.
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
    parser.add_argument("list", type=Path, metavar="LIST", help="annotation file with labels")
    parser.add_argument("--ocr", type=Path, required=True, metavar="TABLE", help="OCR table of the images")
    parser.add_argument("--out", type=Path, required=True, metavar="JSON", help='the names: {"0": "name", ...}')
    parser.add_argument("--report", type=Path, metavar="HTML", help="a page with words and pictures of each class")
    parser.add_argument("--tokenizer", choices=("jieba", "word"), default="jieba", help="word: for spaced scripts")
    parser.add_argument("--user-dict", help="jieba: file with one word per line, optionally frequency and tag")
    parser.add_argument("--words", type=int, default=2, metavar="N", help="number of words in a name (default: 2)")
    add_common_arguments(parser, excel=False)
    return parser.parse_args()


def main() -> None:
    """Find the words of each class, and write the names and the report."""
    args = parse_args()
    from kdxf.data.class_words import class_words, format_names, names_page, suggest_names, write_names
    from kdxf.data.lists import check_result, read_list
    from kdxf.text.ocr.table import OCRTable
    from kdxf.text.tokenizers import JiebaTokenizer, WordTokenizer

    if args.words < 1:
        raise UserError(f"--words: must be at least 1, not {args.words}")
    for path in filter(None, (args.out, args.report)):
        check_result(path, [args.list], args.overwrite)
    images = read_list(args.list, args.root, labels=True)
    tokenizer = WordTokenizer() if args.tokenizer == "word" else JiebaTokenizer(args.user_dict, lowercase=True)
    found = class_words(images.frame, OCRTable.open(args.ocr), tokenizer)
    names, nameless = suggest_names(found, args.words)
    if not args.dry_run:
        write_names(names, args.out)
        if args.report:
            names_page(found, names, nameless, images).save(args.report)
    print(format_names(found, names, nameless))
    if args.dry_run:
        print("dry run: nothing was written")


if __name__ == "__main__":
    run(main)
