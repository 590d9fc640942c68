"""How many planted wrong labels are found, by which rule, and what cleaning by it is worth.

    python benchmarks/label_noise.py data/grocery/train.csv data/grocery/val.csv --root data/grocery/images \\
        --ocr data/grocery/ocr --tree data/grocery/class_tree.csv

Plants 5 % wrong labels among the photographs of the first list: of any other class (random), or of one with the same
parent in the tree, else in the same top folder (near). Three seeds each. Then every photograph is judged by plain
models that did not see its label (kdxf/analysis/out_of_fold.py), and each rule is scored by the planted labels. Labels
that were wrong before count as false alarms. cleanlab is only needed here (pip install cleanlab).

The last table drops, or relabels, what the default rule takes for wrong, fits logistic regression on image and text
again, and tests on the second list, whose labels nobody touched.

The results are in docs/data-tools.md.
"""

import argparse
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import normalize

from kdxf.analysis.baselines import LabelledImages, image_features, read_list, read_texts, regress
from kdxf.analysis.out_of_fold import joint_features, neighbour_shares, out_of_fold
from kdxf.data.cleaning.rules import improbable, reliable
from kdxf.data.folds.assign import assign_folds
from kdxf.io.annotations import read_classes
from kdxf.io.class_tree import read_class_tree
from kdxf.io.pages import markdown_table
from kdxf.io.predictions import Predictions
from kdxf.text.ocr.table import OCRTable

SHARE = 0.05
SEEDS = 3
QUARREL = 0.3


def plant(labels: np.ndarray, images: list[str], parents: np.ndarray, kind: str, seed: int) -> np.ndarray:
    """Return labels, int (n,), of which 5 % are wrong."""
    random, classes = np.random.default_rng(seed), np.arange(len(parents))
    folders = np.full(len(parents), "", object)
    folders[labels] = [image.split("/")[1] for image in images]
    result = labels.copy()
    for row in random.choice(len(labels), round(SHARE * len(labels)), replace=False):
        true = labels[row]
        others = classes[classes != true]
        if kind == "near":
            siblings = others[parents[others] == parents[true]]
            others = siblings if len(siblings) else others[folders[others] == folders[true]]
        result[row] = random.choice(others)
    return result


def judges(found: LabelledImages, classes: list[str]) -> dict[str, np.ndarray]:
    """Return out-of-fold scores, float (n, K), of image, text and both, what neighbours say, and what kdxf takes."""
    frame = pd.DataFrame({"image": found.images, "label": found.labels.astype(str)})
    fold = assign_folds(frame, np.arange(len(frame)), 5).frame["fold"].to_numpy()
    both = joint_features(found)
    inputs = {"image": found.features, "text": normalize(both[:, found.features.shape[1] :]), "both": both}
    result = {}
    for name, features in inputs.items():
        scores = result[name] = np.zeros((len(frame), len(classes)), np.float32)
        for number in range(5):
            held = fold == number
            scores[held] = regress(features[~held], features[held], found.labels[~held], classes)
    result["neighbours"] = neighbour_shares(found.features, found.labels, len(classes))
    return {**result, "used": out_of_fold(found, classes).scores}  # no class has one photograph only


def rankings(said: Mapping[str, np.ndarray], labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return how suspicious each rule finds each label, float (n,)."""
    rows = np.arange(len(labels))
    own = {name: scores[rows, labels] for name, scores in said.items()}

    def margin(scores: np.ndarray) -> np.ndarray:
        others = scores.copy()
        others[rows, labels] = -1
        return others.max(axis=1) - scores[rows, labels]

    return {
        "score of the label, image": -own["image"],
        "score of the label, text": -own["text"],
        "score of the label, both": -own["both"],
        "neighbours": -own["neighbours"],
        "margin (confident learning), both": margin(said["both"]),
        "image and text disagree with the label (quarrel)": np.minimum(margin(said["image"]), margin(said["text"])),
        "quarrel + score, both": np.minimum(margin(said["image"]), margin(said["text"])) - own["both"],
        "score of the label, both and neighbours": -own["used"],
    }


def rules(said: Mapping[str, np.ndarray], labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each rule takes for wrong, bool (n,)."""
    best = {name: scores.argmax(axis=1) for name, scores in said.items()}
    sure = (said["image"].max(axis=1) >= QUARREL) & (said["text"].max(axis=1) >= QUARREL)
    model = {name: _predictions(scores) for name, scores in said.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        learned = find_label_issues(labels, said["both"], n_jobs=1)
        joined = find_label_issues(labels, said["used"], n_jobs=1)
    quarrel = sure & (best["image"] == best["text"]) & (best["image"] != labels)
    return {
        "another class is best, both": best["both"] != labels,
        "reliable, both": reliable(labels, model["both"]).wrong,
        "quarrel": quarrel,
        "confident learning, both": learned,
        "confident learning, both and neighbours": joined,
        "confident learning or quarrel": learned | quarrel,
        "improbable, both": improbable(labels, model["both"]).wrong,
        "improbable, both and neighbours": improbable(labels, model["used"]).wrong,
    }


def _predictions(scores: np.ndarray) -> Predictions:
    return Predictions([str(row) for row in range(len(scores))], scores, tuple(map(str, range(scores.shape[1]))))


def main() -> None:
    """Plant, judge, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--ocr", type=Path, required=True)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--features", type=Path, default=Path("work_dirs/features/baselines"))
    args = parser.parse_args()
    classes, table = read_classes(args.train.with_name("classes.txt")), OCRTable.open(args.ocr)
    parents = read_class_tree(args.tree, classes).parents
    images, true = read_list(args.train, classes)
    test_images, test_labels = read_list(args.test, classes)
    everything = [*images, *test_images]
    features = image_features([args.root / image for image in everything], args.features, 0)
    count, texts = len(images), read_texts(everything, table)
    seen = joint_features(LabelledImages(everything, np.array([]), texts, features))

    def accuracy(rows: np.ndarray, labels: np.ndarray) -> float:
        scores = regress(seen[:count][rows], seen[count:], labels[rows], classes)
        return 100 * float((scores.argmax(axis=1) == test_labels).mean())

    every = np.ones(count, bool)
    clean = accuracy(every, true)
    ranked: dict[str, dict[str, list[list[float]]]] = {}
    taken: dict[str, dict[str, list[list[float]]]] = {}
    worth = []
    for kind in ("random", "near"):
        for seed in range(SEEDS):
            labels = plant(true, images, parents, kind, seed)
            planted = labels != true
            said = judges(LabelledImages(images, labels, texts[:count], features[:count]), classes)
            for name, suspicion in rankings(said, labels).items():
                first = np.argsort(-suspicion, kind="stable")[: planted.sum()]
                figures = [100 * planted[first].mean(), 100 * average_precision_score(planted, suspicion)]
                ranked.setdefault(name, {}).setdefault(kind, []).append(figures)
            for name, wrong in rules(said, labels).items():
                hits = (wrong & planted).sum()
                figures = [wrong.sum(), 100 * hits / max(wrong.sum(), 1), 100 * hits / planted.sum()]
                taken.setdefault(name, {}).setdefault(kind, []).append(figures)
            wrong, best = rules(said, labels)["improbable, both and neighbours"], said["used"].argmax(axis=1)
            relabelled = np.where(wrong, best, labels)
            cleaned = accuracy(every, labels), accuracy(~wrong, labels), accuracy(every, relabelled)
            worth.append([kind, seed, *cleaned, clean])
            print(kind, seed, "done", flush=True)
    flagged = rules(judges(LabelledImages(images, true, texts[:count], features[:count]), classes), true)

    def means(found: dict[str, list[list[float]]]) -> list[str]:
        return [f"{value:.1f}" for kind in ("random", "near") for value in np.mean(found[kind], axis=0)]

    print(f"\n{count} photographs, {planted.sum()} planted, means over {SEEDS} seeds\n")
    title = ["most suspicious by", "random: found of as many", "average precision", "near: found of as many"]
    rows = [[name, *means(found)] for name, found in ranked.items()]
    print(markdown_table([*title, "average precision"], rows))
    title = ["rule", "random: taken for wrong", "precision, %", "recall, %", "near: taken for wrong", "precision, %"]
    rows = [[name, *means(found), str(flagged[name].sum())] for name, found in taken.items()]
    print(markdown_table([*title, "recall, %", "none planted: taken for wrong"], rows))
    title = ["planted", "seed", "as they are", "dropped", "relabelled", "without wrong labels"]
    rows = [[str(kind), str(seed), *(f"{top1:.1f}" for top1 in found)] for kind, seed, *found in worth]
    print(markdown_table(title, rows))


if __name__ == "__main__":
    main()
