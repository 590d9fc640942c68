"""How much text need not be read, at which loss of accuracy, and what that saves.

    python benchmarks/routing.py --predictions finetuned.parquet finetuned_image.parquet
    python benchmarks/routing.py --predictions ensemble.parquet ensemble_image.parquet
    python benchmarks/routing.py --time configs/grocery/moe_lite2.py data/grocery/images/val --images 40

The files are of the 296 photographs of the grocery list val.csv (tools/test.py --out, the second with --without text),
by moe_lite2.py and moe_lite2_ensemble.py. Each rule is cross-fitted: its threshold is chosen on four folds so that at
most the budget is lost there, and applied to the fifth; means over 100 dealings. "random" leaves the text of a random
share of the images unread, for which no threshold is needed; it spares what the budget allows in expectation. The
others read the text of the images that the picture alone scores lowest by: the calibrated score of the best class
(used), that score as it comes, the margin between the two best classes, and minus the spread over all of them
(entropy). "lowest of all" takes the lowest threshold at which the loss is within the budget, though a higher one may
exceed it.

Spared and lost (in points of top-1) at a budget of 0.5 points:

    rule              moe_lite2.py       moe_lite2_ensemble.py
    random            10.6 %    0.50     18.5 %    0.50
    calibrated score  90.1 %    0.60     84.8 %    0.81     used
    lowest of all     90.1 %    0.60     87.0 %    1.09
    score             90.3 %    0.65     87.3 %    0.78
    margin            90.3 %    0.65     85.0 %    0.85
    minus spread      88.2 %    0.73     86.8 %    0.81

With text the models have 83.8 and 85.1 %, without 79.1 and 82.4 %. One photograph is 0.34 points, and the 95 % interval
of each loss is some 3 points to either side, so that the last rules do not differ.

Times: the model has random weights, which take as long as others; one image after the other, medians, on one thread of
two Xeon cores that other work shared: image pass 61 ms, OCR (RapidOCR with kdxf's defaults) 417 ms. With 85 % of the
text spared an image takes 133 ms in place of 478.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from kdxf.engine.config import building, load_config, model_config
from kdxf.evaluation.calibration.report import repeated_halves
from kdxf.evaluation.calibration.temperature import deal, fit_temperature
from kdxf.evaluation.routing.paired import paired_interval
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.inference.pipeline import InferenceDataset, iterate_batches, pipeline_config
from kdxf.io.predictions import in_order, margins, read_predictions
from kdxf.registry import MODELS
from kdxf_runtime.inputs import collect_images
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.trust.conformal import fit_sets
from kdxf_runtime.trust.none_of_these import spread
from kdxf_runtime.trust.rule import fit_rule, losses, lowest_threshold
from kdxf_runtime.trust.temperature import apply_temperature

DEALINGS = 100
FOLDS = 5

Sure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""How sure the picture alone is of images (n, K), by a part of the images and its labels: float (n,)."""


def calibrated(scores: np.ndarray, part: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the calibrated score of the best class, as kdxf does."""
    return apply_temperature(scores, fit_temperature(part, labels)).max(axis=1)


RULES: Mapping[str, Sure] = {
    "calibrated score": calibrated,
    "score": lambda scores, *_: scores.max(axis=1),
    "margin": lambda scores, *_: margins(scores),
    "minus spread": lambda scores, *_: -spread(scores),
}


def lowest_of_all(confidence: np.ndarray, lost: np.ndarray, budget: float) -> float:
    """Return the lowest threshold within the budget, by chance or not."""
    allowed = [at for at in np.unique(confidence) if lost[confidence >= at].sum() <= budget * len(lost) + 1e-9]
    return float(min(allowed, default=np.inf))


def cross_fitted(
    sure: Sure,
    image: np.ndarray,
    labels: np.ndarray,
    lost: np.ndarray,
    budget: float,
    seed: int,
    choose: Callable[[np.ndarray, np.ndarray, float], float] = lowest_threshold,
) -> np.ndarray:
    """Return where the picture alone answers, bool (n,)."""
    fold, by_image = deal(len(labels), FOLDS, seed), np.empty(len(labels), bool)
    for number in range(FOLDS):
        held = fold == number
        fitted = image[~held], labels[~held]
        threshold = choose(sure(image[~held], *fitted), lost[~held], budget)
        by_image[held] = sure(image[held], *fitted) >= threshold
    return by_image


def compare(full_file: Path, image_file: Path) -> None:
    """Print a table of the rules."""
    full = read_predictions(full_file)
    image, labels = in_order(read_predictions(image_file), full.images).scores, full.labels
    right = full.scores.argmax(axis=1) == labels, image.argmax(axis=1) == labels
    lost = losses(*right)
    print(f"{full_file.name}: top-1 {right[0].mean():.1%} with text, {right[1].mean():.1%} without, {len(lost)} images")
    print(f"{'rule':18}{'budget':>8}{'spared':>9}{'loss':>7}   95 % of the first dealing")
    for budget in (0.0, 0.005, 0.01):
        share = min(1.0, budget / max(lost.mean(), 1e-9))
        print(f"{'random':18}{100 * budget:8.1f}{share:9.1%}{100 * share * lost.mean():7.2f}")
        rules = {name: (sure, lowest_threshold) for name, sure in RULES.items()}
        for name, (sure, choose) in {**rules, "lowest of all": (calibrated, lowest_of_all)}.items():
            found = [cross_fitted(sure, image, labels, lost, budget, seed, choose) for seed in range(DEALINGS)]
            spared, loss = np.mean(found), 100 * np.mean([(lost * by_image).mean() for by_image in found])
            first = lost[found[0]]
            low, high = paired_interval(int((first == 1).sum()), int((first == -1).sum()), len(lost))
            print(f"{name:18}{100 * budget:8.1f}{spared:9.1%}{loss:7.2f}   {100 * low:.2f} to {100 * high:.2f}")
    coverage, size = repeated_halves(
        np.stack([full.scores, image], axis=1),
        labels,
        lambda part, truth: fit_rule(part[:, 0], part[:, 1], truth, 0.005, fit_temperature, fit_temperature),
        fit_sets,
        lambda part, rule: rule.route(part[:, 0], part[:, 1])[0],
    )
    print(f"sets for 90 % on routed images, budget 0.5: {coverage:.1%} hold the true class, {size:.2f} classes")


def measure(config: Path, folder: Path, count: int) -> None:
    """Print what reading the text of an image takes, and its image pass."""
    torch.set_num_threads(1)
    cfg = load_config(config)
    with tempfile.TemporaryDirectory() as temporary:
        with building(cfg):
            model = MODELS.build(model_config(cfg))
        checkpoint = Path(temporary, "random.pth")
        torch.save({"state_dict": model.state_dict(), "meta": {}}, checkpoint)
        inferencer = KDXFInferencer(cfg, checkpoint, device="cpu")
    everything = collect_images([folder])
    images = everything[:: max(1, len(everything) // (count + 1))][: count + 1]
    with building(cfg):
        dataset = InferenceDataset(images, None, pipeline_config(cfg, tta=False))
    passes, readings = [], []
    start = time.perf_counter()
    for batch, _ in iterate_batches(dataset, cfg, 1, 0):
        inferencer.scores(batch)
        passes.append(time.perf_counter() - start)
        start = time.perf_counter()
    for image in images:
        start = time.perf_counter()
        next(iter(inferencer.reader.read([image.path], 0)))
        readings.append(time.perf_counter() - start)
    by_image, reading = (1000 * statistics.median(times[1:]) for times in (passes, readings))  # the first ones warm up
    print(f"{len(images) - 1} images, {available_cores()} cores: image pass {by_image:.1f} ms, OCR {reading:.1f} ms")
    always = reading + by_image
    for spared in (0.8, 0.85, 0.9):
        auto = by_image + (1 - spared) * (reading + by_image)
        print(f"{spared:.0%} of the text spared: {auto:.1f} ms an image, not {always:.1f}; {always / auto:.1f} times")


def main() -> None:
    """Compare the rules, or measure the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", nargs=2, type=Path, metavar=("FULL", "IMAGE"))
    parser.add_argument("--time", nargs=2, type=Path, metavar=("CONFIG", "FOLDER"))
    parser.add_argument("--images", type=int, default=40)
    args = parser.parse_args()
    if args.predictions:
        compare(*args.predictions)
    if args.time:
        measure(*args.time, args.images)


if __name__ == "__main__":
    main()
