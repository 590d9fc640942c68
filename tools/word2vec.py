#!/usr/bin/env python
"""Make and query word vector folders: train on OCR text, convert a published file, list neighbours, report coverage."""

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
    _add_tokenizer(train, default="jieba")
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

    report = commands.add_parser("report", help="words of a text by frequency, and which have a vector")
    report.add_argument("folder", type=Path)
    report.add_argument("source", nargs="+", type=Path, help="OCR table, or UTF-8 text with one document per line")
    report.add_argument("--out", type=Path, required=True, help="CSV to write, with a row per word")
    _add_tokenizer(report, default=None)
    return parser.parse_args()


def _add_tokenizer(command: argparse.ArgumentParser, default: str | None) -> None:
    meaning = "word: for spaced scripts" if default else "that of the training by default; word: for spaced scripts"
    command.add_argument("--tokenizer", choices=("jieba", "word"), default=default, help=meaning)
    command.add_argument("--user-dict", help="jieba: file with one word per line, optionally frequency and tag")
    command.add_argument("--chinese-only", action="store_true", help="jieba: drop brands, numbers and prices")
    command.add_argument("--lowercase", action="store_true", help="jieba: Latin letters in lower case")
    command.add_argument("--simplify", action="store_true", help="jieba: traditional characters simplified")
    command.add_argument("--normalize-units", action="store_true", help="one spelling for 500 ml, 500ML, 500毫升")
    command.add_argument("--normalize-numerals", action="store_true", help="Chinese numerals in digits: 五百毫升")


def _train(args: argparse.Namespace) -> None:
    from kdxf.text.vectors.train import TrainingOptions, train_vectors

    names = ("method", "dim", "min_count", "window", "epochs", "seed", "workers", "buckets", "dtype", "trees")
    options = TrainingOptions(**{name: getattr(args, name) for name in names}, ngrams=tuple(args.ngrams))
    print(train_vectors(args.source, args.out, _tokenizer(args), options, args.overwrite))


_FOR_JIEBA = ("user_dict", "chinese_only", "lowercase", "simplify")


def _tokenizer(args: argparse.Namespace) -> dict[str, Any]:
    numbers = {name: getattr(args, name) for name in ("normalize_units", "normalize_numerals")}
    if args.tokenizer == "jieba":
        return {"type": "JiebaTokenizer", **{name: getattr(args, name) for name in _FOR_JIEBA}, **numbers}
    if given := _given(args, *_FOR_JIEBA):
        raise UserError(f"--{given} is for --tokenizer jieba: leave one of the two out")
    return {"type": "WordTokenizer", **numbers}


def _given(args: argparse.Namespace, *names: str) -> str | None:
    """Return the first option that was given, as it is written."""
    return next((name.replace("_", "-") for name in names if getattr(args, name)), None)


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


def _report(args: argparse.Namespace) -> None:
    from kdxf.io.csv_tables import write_csv
    from kdxf.text.registry import TOKENIZERS
    from kdxf.text.vectors.report import report_vocabulary
    from kdxf_runtime.vectors.word_vectors import WordVectors

    vectors = WordVectors.open(args.folder)
    config = vectors.meta.tokenizer if args.tokenizer is None else _tokenizer(args)
    if config is None:
        raise UserError(f"{args.folder}: was converted, and names no tokenizer; give --tokenizer jieba or word")
    if args.tokenizer is None and (given := _given(args, *_FOR_JIEBA, "normalize_units", "normalize_numerals")):
        raise UserError(f"--{given} needs --tokenizer: without one the text is cut as for the training of the vectors")
    found = report_vocabulary(vectors, args.source, TOKENIZERS.build(config))
    write_csv(found.words, args.out)
    print(found)


def main() -> None:
    """Run the command that was asked for."""
    args = _parse()
    {"train": _train, "convert": _convert, "neighbours": _neighbours, "report": _report}[args.command](args)


if __name__ == "__main__":
    run(main)
