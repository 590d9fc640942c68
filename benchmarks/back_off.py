"""What answers by a parent are worth, and how good a learned class tree is beside one that people made.

    python benchmarks/back_off.py data/grocery/train.csv data/grocery/val.csv --root data/grocery/images \\
        --ocr data/grocery/ocr --tree data/grocery/class_tree.csv

The model is logistic regression on frozen image features and TF-IDF. Trees are learned from out-of-fold predictions of
the first list (kdxf/data/learned_tree.py), with as many parents as the tree that people made. "Random" has its sizes,
with classes drawn at random. "Words" joins classes whose images show the same words (cosine of their TF-IDF), "both"
counts confusion and words alike; kdxf does neither.

Judged are (1) the photographs of the second list, which the model and the trees never saw, and (2) those of the first,
out of fold, by trees that were learned without that fold. Thresholds are cross-fitted: chosen on four parts of the
photographs and applied to the fifth, 20 dealings together. "Flat" accepts classes only; it has the class answers of
back-off, which answers some of the other photographs by the parent. "Flat, as many answers" accepts the surest classes,
as many as back-off has answers.

The results are in docs/training.md.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from sklearn.metrics import adjusted_rand_score

from kdxf.analysis.baselines import LabelledImages, image_features, read_list, read_texts, regress
from kdxf.analysis.out_of_fold import joint_features
from kdxf.data.class_words import words_of_images
from kdxf.data.folds.assign import assign_folds
from kdxf.data.learned_tree import confusion_likeness, learn_parents
from kdxf.evaluation.calibration.temperature import deal, fit_temperature
from kdxf.io.annotations import read_classes
from kdxf.io.class_tree import read_class_tree
from kdxf.io.pages import markdown_table
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import WordTokenizer
from kdxf_runtime.trust.back_off import back_off, fit_parents, parent_scores
from kdxf_runtime.trust.temperature import apply_temperature

DEALINGS = 20
FOLDS = 5
PRECISIONS = (0.9, 0.95, 0.98)


def word_likeness(images: list[str], labels: np.ndarray, classes: int, ocr: OCRTable) -> np.ndarray:
    """Return the cosine of the TF-IDF of classes, float (K, K), where a word counts once per image."""
    rows, codes, vocabulary = words_of_images(images, ocr, WordTokenizer())
    shown = np.bincount(codes, minlength=len(vocabulary))
    counts = coo_array((np.ones(len(rows)), (labels[rows], codes)), shape=(classes, len(vocabulary))).toarray()
    weights = np.log1p(counts) * np.where(shown > 1, np.log(len(images) / np.maximum(shown, 1)), 0)
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
    likeness = np.clip(weights @ weights.T, 0, 1)
    np.fill_diagonal(likeness, 0)
    return likeness


Tree = Callable[[np.ndarray], np.ndarray]
"""The parents, int (K,), by the rows of the first list that it may be learned from."""


@dataclass(frozen=True, eq=False)
class Part:
    """A fifth of the images, and the scores (n, K) of all of them at the temperature that the others gave."""

    held: np.ndarray
    calibrated: np.ndarray


def deal_parts(scores: np.ndarray, labels: np.ndarray) -> list[list[Part]]:
    """Deal images into parts, and calibrate."""
    dealings = []
    for seed in range(DEALINGS):
        part = deal(len(labels), FOLDS, seed)
        masks = [part == number for number in range(FOLDS)]
        dealings.append(
            [Part(held, apply_temperature(scores, fit_temperature(scores[~held], labels[~held]))) for held in masks]
        )
    return dealings


def answers(
    parts: list[Part], labels: np.ndarray, parents: np.ndarray, precision: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return which images are answered by the class and which by the parent, bool (n,) each, cross-fitted."""
    names = [str(parent) for parent in range(parents.max() + 1)]
    by_class, by_parent = np.zeros(len(labels), bool), np.zeros(len(labels), bool)
    for held, calibrated in ((part.held, part.calibrated) for part in parts):
        sure, right = calibrated.max(axis=1), calibrated.argmax(axis=1) == labels
        fitted = fit_parents(names, parents, calibrated[~held], labels[~held], np.zeros((~held).sum(), bool))
        found = back_off(sure[~held], right[~held], fitted, precision)
        by_class[held] = sure[held] >= found.threshold
        of_parent = parent_scores(calibrated, parents, len(names)).max(axis=1)
        by_parent[held] = ~by_class[held] & (of_parent[held] >= found.parent.threshold)
    return by_class, by_parent


def judge(
    scores: np.ndarray,
    labels: np.ndarray,
    dealings: list[list[Part]],
    trees: list[tuple[np.ndarray, np.ndarray]],
    precision: float,
) -> list[float]:
    """Return shares and accuracies in percent, over all dealings together.

    Args:
        scores: float (n, K).
        labels: int (n,).
        dealings: From :func:`deal_parts`.
        trees: The rows that are judged by each tree, bool (n,), and its parents.
        precision: As of :func:`back_off`.
    """
    right, sure = scores.argmax(axis=1) == labels, scores.max(axis=1)
    counts = np.zeros(7)
    for parts in dealings:
        by_class, by_parent, parent_right = (np.zeros(len(labels), bool) for _ in range(3))
        for rows, parents in trees:
            found = answers(parts, labels, parents, precision)
            by_class[rows], by_parent[rows] = found[0][rows], found[1][rows]
            best = parent_scores(scores, parents, parents.max() + 1).argmax(axis=1)
            parent_right[rows] = (best == parents[labels])[rows]
        as_many = np.argsort(-sure, kind="stable")[: (by_class | by_parent).sum()]
        hits = right & by_class, parent_right & by_parent
        counts += [len(labels), by_class.sum(), hits[0].sum(), by_parent.sum(), hits[1].sum(), len(as_many),
                   right[as_many].sum()]  # fmt: skip
    images, classed, class_hits, parented, parent_hits, answered, flat_hits = counts
    shares = [
        classed / images,
        class_hits / max(classed, 1),
        parented / images,
        parent_hits / max(parented, 1),
        (class_hits + parent_hits) / max(answered, 1),
        flat_hits / max(answered, 1),
    ]
    return [100 * share for share in shares]


def main() -> None:
    """Learn trees, judge them and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--ocr", type=Path, required=True)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--features", type=Path, default=Path("work_dirs/features/baselines"))
    args = parser.parse_args()
    classes, table = read_classes(args.train.with_name("classes.txt")), OCRTable.open(args.ocr)
    reference = read_class_tree(args.tree, classes).parents
    images, labels = read_list(args.train, classes)
    test_images, test_labels = read_list(args.test, classes)
    everything, count = [*images, *test_images], len(images)
    features = image_features([args.root / image for image in everything], args.features, 0)
    seen = joint_features(LabelledImages(everything, np.array([]), read_texts(everything, table), features))
    frame = pd.DataFrame({"image": images, "label": labels.astype(str)})
    fold = assign_folds(frame, np.arange(count), FOLDS).frame["fold"].to_numpy()
    scores = np.zeros((count, len(classes)), np.float32)
    for number in range(FOLDS):
        held = fold == number
        scores[held] = regress(seen[:count][~held], seen[:count][held], labels[~held], classes)
    test_scores = regress(seen[:count], seen[count:], labels, classes)

    def confusion(rows: np.ndarray) -> np.ndarray:
        return confusion_likeness(scores[rows], labels[rows])

    def words(rows: np.ndarray) -> np.ndarray:
        return word_likeness([images[row] for row in np.flatnonzero(rows)], labels[rows], len(classes), table)

    def both(rows: np.ndarray) -> np.ndarray:
        return sum(part / part.max() for part in (confusion(rows), words(rows)))

    parents = int(reference.max()) + 1
    shuffled = np.random.default_rng(0).permutation(reference)
    trees: dict[str, Tree] = {
        "made by people": lambda _: reference,
        "random, the same sizes": lambda _: shuffled,
        "learned": lambda rows: learn_parents(confusion(rows), parents),
        "words": lambda rows: learn_parents(words(rows), parents),
        "both": lambda rows: learn_parents(both(rows), parents),
        "learned, 30 parents": lambda rows: learn_parents(confusion(rows), 30),
        "learned, 20 parents": lambda rows: learn_parents(confusion(rows), 20),
    }
    every, all_test = np.ones(count, bool), np.ones(len(test_labels), bool)
    wrong = test_scores.argmax(axis=1) != test_labels
    print(f"top-1: out of fold {(scores.argmax(axis=1) == labels).mean():.1%}, second list {1 - wrong.mean():.1%}")
    agreement, found = [], {}
    for name, tree in trees.items():
        learned = found[name] = tree(every)
        inside = (learned[test_scores.argmax(axis=1)] == learned[test_labels])[wrong].mean()
        largest = np.bincount(learned).max()
        agreement.append(
            [name, f"{adjusted_rand_score(reference, learned):.2f}", f"{100 * inside:.1f}", str(int(largest))]
        )
    print(markdown_table(["tree", "adjusted Rand index", "errors inside a parent, %", "largest parent"], agreement))
    title = ["tree", "precision", "class", "right", "parent", "right", "all answers: right", "flat, as many answers"]
    for where in ("second list", "first list, out of fold"):
        rows = []
        judged, truth = (test_scores, test_labels) if where == "second list" else (scores, labels)
        dealings = deal_parts(judged, truth)
        for name, tree in trees.items():
            if where == "second list":
                grown = [(all_test, found[name])]
            else:
                grown = [(fold == number, tree(fold != number)) for number in range(FOLDS)]
            for precision in PRECISIONS:
                figures = judge(judged, truth, dealings, grown, precision)
                rows.append([name, f"{precision:.0%}", *(f"{figure:.1f}" for figure in figures)])
        print(f"\n{where}\n\n{markdown_table(title, rows)}", flush=True)


if __name__ == "__main__":
    main()
