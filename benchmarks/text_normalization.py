"""Does it pay to write units, Chinese numerals and traditional characters in one way? TF-IDF with logistic regression.

    python benchmarks/text_normalization.py data/grocery/train.csv data/grocery/ocr --tokenizer word

The text of the pictures that have some is cut into words as read and with each normalization of the tokenizers; TF-IDF
counts words and n-grams of 2 to 4 characters, as tools/tfidf.py does, 1 to 3 for jieba. Five stratified folds, drawn
with each seed; all ways see the same folds. Top-1 in percent over the seeds, and the paired difference from the text as
read with its standard error over pictures. A row that changes no word is not scored: it cannot differ.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from kdxf.io.annotations import read_annotations
from kdxf.text.ocr.table import OCRTable
from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.tokenizers.jieba_tokenizer import JiebaTokenizer
from kdxf_runtime.tokenizers.word_tokenizer import WordTokenizer
from kdxf_runtime.vectors.tfidf import count_terms

FOLDS = 5
AS_READ = "as read"


def tokenizers(kind: str) -> dict[str, BaseTokenizer]:
    """Return the ways to cut the text by their names, first the text as read."""
    if kind == "word":
        return {AS_READ: WordTokenizer(), "normalize_units": WordTokenizer(normalize_units=True),
                "normalize_numerals": WordTokenizer(normalize_numerals=True)}  # fmt: skip
    return {
        AS_READ: JiebaTokenizer(),
        "normalize_units": JiebaTokenizer(normalize_units=True),
        "normalize_numerals": JiebaTokenizer(normalize_numerals=True),
        "simplify": JiebaTokenizer(simplify=True),
        "all three": JiebaTokenizer(simplify=True, normalize_units=True, normalize_numerals=True),
    }


def terms(ngrams: tuple[int, int], words: Sequence[str]) -> list[str]:
    """Return the terms of a document, each as often as it occurs."""
    return list(count_terms(words, *ngrams).elements())


def hits(documents: list[list[str]], labels: np.ndarray, seed: int, ngrams: tuple[int, int]) -> np.ndarray:
    """Return which documents are classified correctly when their fold is left out; bool (n,)."""
    found = np.zeros(len(labels), bool)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(documents, labels):
        model = make_pipeline(
            TfidfVectorizer(analyzer=partial(terms, ngrams), sublinear_tf=True, min_df=2),
            LogisticRegression(C=10.0, max_iter=300),
        )
        model.fit([documents[index] for index in train], labels[train])
        found[test] = model.predict([documents[index] for index in test]) == labels[test]
    return found


def main() -> None:
    """Measure, and print a row per way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", type=Path, help="labelled list")
    parser.add_argument("ocr", type=Path, help="its OCR table")
    parser.add_argument("--tokenizer", choices=("jieba", "word"), default="jieba")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    frame = read_annotations(args.list)
    table = OCRTable.open(args.ocr)
    place = {record.image: record.texts for record in table}
    texts = [place.get(image, []) for image in frame["image"]]
    ways = {name: [[word for line in lines for word in way.tokenize(line)] for lines in texts]
            for name, way in tokenizers(args.tokenizer).items()}  # fmt: skip
    counts = frame["label"].map(frame["label"][[bool(words) for words in ways[AS_READ]]].value_counts()).fillna(0)
    used = [index for index, words in enumerate(ways[AS_READ]) if words and counts.iloc[index] >= FOLDS]
    labels = frame["label"].to_numpy()[used]
    ngrams = (2, 4) if args.tokenizer == "word" else (1, 3)
    print(f"{len(used)} of {len(frame)} pictures have words and a class with at least {FOLDS} of them")
    base = np.zeros(0)
    for name, documents in ways.items():
        chosen = [documents[index] for index in used]
        changed = sum(words != ways[AS_READ][index] for words, index in zip(chosen, used, strict=True))
        if name != AS_READ and not changed:
            print(f"{name:20} changes no picture's words")
            continue
        right = np.mean([hits(chosen, labels, seed, ngrams) for seed in range(args.seeds)], axis=0)
        if name == AS_READ:
            base = right
            print(f"{name:20} {100 * right.mean():.1f}")
            continue
        gain = 100 * (right - base)
        error = gain.std(ddof=1) / len(gain) ** 0.5
        print(f"{name:20} {100 * right.mean():.1f}  {gain.mean():+.2f} ± {error:.2f}  (changes {changed} pictures)")


if __name__ == "__main__":
    main()
