#!/usr/bin/env python
"""Fit TF-IDF of character n-grams and words on OCR text, reduced to a few hundred channels, for TfidfEncoder."""

import argparse
from pathlib import Path

from kdxf.cli.command import count, run


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="+", type=Path, help="OCR table, or UTF-8 text with one document per line")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--tokenizer", choices=("jieba", "word"), default="jieba", help="word: for spaced scripts")
    parser.add_argument("--normalize-units", action="store_true", help="one spelling for 500 ml, 500ML, 500毫升")
    parser.add_argument("--normalize-numerals", action="store_true", help="Chinese numerals in digits: 五百毫升")
    parser.add_argument("--channels", type=count, default=512, help="numbers of a document at most (default: 512)")
    parser.add_argument("--ngrams", type=int, nargs=2, default=(2, 4), metavar=("MIN", "MAX"),
                        help="characters of an n-gram (default: 2 4; for Chinese 1 3)")  # fmt: skip
    parser.add_argument("--min-count", type=count, default=2, help="documents that a term is in (default: 2)")
    parser.add_argument("--max-terms", type=count, default=100_000, help="terms at most (default: 100000)")
    parser.add_argument("--overwrite", action="store_true", help="replace what is in that folder")
    return parser.parse_args()


def main() -> None:
    """Fit, write the folder, and print what it holds."""
    args = _parse()
    from kdxf.text.vectors.fit_tfidf import fit_tfidf_on_sources

    kind = {"jieba": "JiebaTokenizer", "word": "WordTokenizer"}[args.tokenizer]
    meta = fit_tfidf_on_sources(
        args.source,
        args.out,
        {"type": kind, "normalize_units": args.normalize_units, "normalize_numerals": args.normalize_numerals},
        args.overwrite,
        channels=args.channels,
        ngrams=tuple(args.ngrams),
        min_count=args.min_count,
        max_terms=args.max_terms,
    )
    print(
        f"{args.out}: {meta.documents} documents with words, {meta.terms} terms, {meta.channels} channels that keep "
        f"{meta.explained:.1%} of their variance"
    )


if __name__ == "__main__":
    run(main)
