"""How well nearly equal texts are found: planted copies, and what is joined besides.

    python benchmarks/near_texts.py data/grocery/train.csv data/grocery/ocr [--texts 300]

Copies texts of a list, each changed in one way, and prints the share of copies that are found for their original: by
equality of all letters, and at several similarities (kdxf.data.folds.near_texts). Then, without copies, how many images
of the list each of them joins, into how many groups, and in how many of these the labels differ. Last, the seconds that
100,000 texts take.
"""

import argparse
import re
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from kdxf.data.folds.groups import join
from kdxf.data.folds.near_texts import near_texts
from kdxf.data.options import MIN_CHARACTERS
from kdxf.io.annotations import read_annotations
from kdxf.text.ocr.table import OCRTable
from kdxf.text.spelling.ocr_noise import corrupt

Lines = list[str]
SIMILARITIES = (0.9, 0.8, 0.7, 0.6)


def letters(lines: Lines) -> str:
    """Return what counts of a text."""
    return re.sub(r"[\W\d_]+", "", "".join(lines).lower())


def misread(lines: Lines, random: np.random.Generator, rate: float) -> Lines:
    """Misread characters."""
    return [corrupt(line, rate, random) for line in lines]


def lose(lines: Lines, random: np.random.Generator) -> Lines:
    """Leave one line out."""
    lost = random.integers(len(lines))
    return [*lines[:lost], *lines[lost + 1 :]]


def shuffle(lines: Lines, random: np.random.Generator) -> Lines:
    """Read the lines in another order."""
    return [lines[place] for place in random.permutation(len(lines))]


CHANGES: dict[str, Callable[[Lines, np.random.Generator], Lines]] = {
    **{f"{rate:.0%} misread": partial(misread, rate=rate) for rate in (0.01, 0.02, 0.05, 0.1)},
    "a line lost": lose,
    "other order": shuffle,
}


def planted(texts: dict[str, Lines], count: int) -> None:
    """Print the share of the copies that are found."""
    random = np.random.default_rng(0)
    chosen = random.permutation(list(texts))[:count].tolist()
    for name, change in CHANGES.items():
        pairs = [(text, letters(change(texts[text], random))) for text in chosen if len(texts[text]) > 2]
        every = list(dict.fromkeys([*texts, *(copy for _, copy in pairs)]))
        row_of = {text: row for row, text in enumerate(every)}
        shares = [float(np.mean([text == copy for text, copy in pairs]))]
        for similarity in SIMILARITIES:
            found = set(zip(*(rows.tolist() for rows in near_texts(every, similarity)), strict=True))
            shares.append(np.mean([text == copy or (row_of[text], row_of[copy]) in found for text, copy in pairs]))
        print(f"{name:12} {len(pairs):4} copies  " + "  ".join(f"{share:.2f}" for share in shares), flush=True)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list")
    parser.add_argument("ocr")
    parser.add_argument("--texts", type=int, default=300, help="how many texts are copied")
    args = parser.parse_args()
    frame, table = read_annotations(args.list), OCRTable.open(args.ocr)
    rows = table.rows_of(frame["image"].tolist())
    lines = [table.record(int(row)).texts if row >= 0 else [] for row in rows]
    frame["text"] = [letters(one) for one in lines]
    texts = {text: one for text, one in zip(frame["text"], lines, strict=True) if len(text) >= MIN_CHARACTERS}
    print(f"{'':26}equal " + "  ".join(f"{similarity:.1f} " for similarity in SIMILARITIES))
    planted(texts, args.texts)
    frame = frame[frame["text"].isin(texts.keys())]
    print(f"\n{len(frame)} images with {MIN_CHARACTERS} letters or more")
    for similarity in (1.0, *SIMILARITIES):
        group = dict(zip(texts, join(len(texts), *near_texts(list(texts), similarity)), strict=True))
        groups = frame.groupby(frame["text"].map(group))
        several = groups["label"].agg(["size", "nunique"])[groups.size() > 1]
        print(f"{similarity}: {several['size'].sum()} images in {len(several)} groups, the largest of "
              f"{several['size'].max()}; {(several['nunique'] > 1).sum()} groups of several labels")  # fmt: skip
    random = np.random.default_rng(0)
    many = ["".join(random.choice([*"abcdefghijklmnopqrst"], 60)) for _ in range(50_000)]
    many = list(pd.unique(np.array([*many, *(f"{text[:30]}z{text[31:]}" for text in many)], dtype=object)))
    start = time.perf_counter()
    first, _ = near_texts(many, 0.7)
    print(f"\n{len(many):,} texts of 60 letters: {len(first):,} of 50,000 pairs in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
