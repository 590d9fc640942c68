#!/usr/bin/env python
"""Make and query word vector folders: train on OCR text, convert a published file, list a word's neighbours."""

import argparse
from pathlib import Path
from typing import Any

from kdxf.cli.command import count, run
from kdxf.errors import UserError


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train vectors on the text of OCR tables")
    train.add_argument("source", nargs="+", type=Path, help="OCR table, or UTF-8 text with one document per line")
    train.add_argument("--tokenizer", choices=("jieba", "word"), default="jieba", help="word: for spaced scripts")
    train.add_argument("--user-dict", help="jieba: file with one word per line, optionally frequency and tag")
    train.add_argument("--chinese-only", action="store_true", help="jieba: drop brands, numbers and prices")
    train.add_argument("--lowercase", action="store_true", help="jieba: Latin letters in lower case")
    train.add_argument("--simplify", action="store_true", help="jieba: traditional characters simplified")
    train.add_argument("--normalize-units", action="store_true", help="one spelling for 500 ml, 500ML, 500毫升")
    train.add_argument("--normalize-numerals", action="store_true", help="Chinese numerals in digits: 五百毫升")
    train.add_argument("--method", choices=("word2vec", "fasttext"), default="word2vec")
    train.add_argument("--dim", type=int, default=200, help="width of a vector (default: 200)")
    train.add_argument("--min-count", type=int, default=2, help="rarer words get no vector (default: 2)")
    train.add_argument("--window", type=int, default=10, help="reach of a word's context (default: 10)")
    train.add_argument("--epochs", type=int, default=100, help="passes over the text (default: 100, for small text)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--workers", type=int, default=1, help="threads; only 1 is exactly reproducible (default: 1)")
    train.add_argument("--buckets", type=int, default=100_000, help="fasttext: n-gram vectors (default: 100000)")
    train.add_argument("--ngrams", type=int, nargs=2, default=(3, 6), metavar=("MIN", "MAX"),
                       help="fasttext: characters of an n-gram (default: 3 6; for Chinese 1 3)")  # fmt: skip

    convert = commands.add_parser("convert", help="convert a text or binary word2vec file, gzipped or not")
    convert.add_argument("file", type=Path)
    convert.add_argument("--max-words", type=count, help="take only the first words, the most frequent ones")
    for command in (train, convert):
        command.add_argument("--out", type=Path, required=True, help="folder to write")
        command.add_argument("--overwrite", action="store_true", help="replace the vectors in that folder")
        command.add_argument("--dtype", choices=("float32", "float16"), default="float32", help="numbers on disk")
        command.add_argument("--trees", type=int, default=10, help="trees of the annoy index, 0 for none (default: 10)")

    neighbours = commands.add_parser("neighbours", help="list the nearest words of a word, known or unknown")
    neighbours.add_argument("folder", type=Path)
    neighbours.add_argument("word")
    neighbours.add_argument("-k", type=count, default=10, help="how many (default: 10)")
    return parser.parse_args()


def _train(args: argparse.Namespace) -> None:
    from kdxf.text.vectors.train import TrainingOptions, train_vectors

    names = ("method", "dim", "min_count", "window", "epochs", "seed", "workers", "buckets", "dtype", "trees")
    options = TrainingOptions(**{name: getattr(args, name) for name in names}, ngrams=tuple(args.ngrams))
    print(train_vectors(args.source, args.out, _tokenizer(args), options, args.overwrite))


def _tokenizer(args: argparse.Namespace) -> dict[str, Any]:
    for_jieba = {name: getattr(args, name) for name in ("user_dict", "chinese_only", "lowercase", "simplify")}
    if args.tokenizer == "jieba":
        return {"type": "JiebaTokenizer", **for_jieba, "normalize_units": args.normalize_units}
    if given := [name for name, value in for_jieba.items() if value]:
        raise UserError(f"--{given[0].replace('_', '-')} is for --tokenizer jieba: leave one of the two out")
    return {"type": "WordTokenizer", "normalize_units": args.normalize_units}


def _convert(args: argparse.Namespace) -> None:
    from kdxf.text.vectors.convert import convert_vectors

    print(convert_vectors(args.file, args.out, args.max_words, args.dtype, args.trees, args.overwrite))


def _neighbours(args: argparse.Namespace) -> None:
    from kdxf.text.vectors.index import neighbours
    from kdxf_runtime.vectors.word_vectors import WordVectors

    vectors = WordVectors.open(args.folder)
    found = neighbours(vectors, args.word, args.k)
    if args.word not in vectors:
        known = vectors.respell(args.word)
        source = f"is made of its {vectors.meta.compose}" if known is None else f"is that of '{known}'"
        print(f"'{args.word}' is unknown; its vector {source}")
    for word, cosine in found:
        print(f"{cosine:6.3f}  {word}")


def main() -> None:
    """Run the command that was asked for."""
    args = _parse()
    {"train": _train, "convert": _convert, "neighbours": _neighbours}[args.command](args)


if __name__ == "__main__":
    run(main)
