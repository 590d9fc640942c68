"""The cost of averaging and weighting many large files of predictions, and the value of weights fitted on fewer images.

    OMP_NUM_THREADS=1 python benchmarks/ensemble.py [--models 5 20] [--images 100000] [--classes 137] [--repeat 3]
    OMP_NUM_THREADS=1 python benchmarks/ensemble.py --ways [--models 5 20] [--images 100000] ...

Makes predictions of models that know different amounts, partly the same, in a temporary folder, and calls
tools/recipes/ensemble.py as a user does: the median processor time in seconds (independent of other load), the peak
memory, and the ratio of the time to that of the arithmetic mean, which is little more than reading.

With --ways, weights are fitted for accuracy in several ways: the median time of one fit in seconds, without reading and
folds, and the accuracy on as many other images, the mean of --repeat draws of the data. The ways are
kdxf.recipes.ensembles.search on all images and on fewer, and SciPy's DIRECT, a global search, with 50 tries per model.

Measured with OMP_NUM_THREADS=1 on two Intel Xeon cores that other work shared, 100,000 images of 137 classes: seconds
and peak memory for 5 models, and for 20 (--repeat 1); in brackets the ratio to the arithmetic mean:

    arithmetic mean              2.8           743 MB      6.8           751 MB
    rank mean                    5.4  (1.9)    749 MB     15.5  (2.3)    757 MB
    fit log-loss                 3.3  (1.2)    925 MB      7.6  (1.1)   1771 MB
    the same, geometric mean     8.9  (3.2)   1063 MB     22.4  (3.3)   2034 MB
    fit accuracy                 8.2  (2.9)    904 MB     27.5  (4.0)   2191 MB
    the same, --greedy 3         5.5  (2.0)   1066 MB     13.7  (2.0)   2189 MB
    fit GAP                     12.0  (4.2)   1072 MB     39.0  (5.7)   2193 MB
    fit mAP                     30.9 (10.9)   1181 MB     66.0  (9.7)   2285 MB

and with --ways --models 3 5 10 --images 50000 --classes 50 (seconds and accuracy for 3, 5 and 10 models):

    equal mean                   -    73.103      -    85.384      -    88.679
    5,000 images                0.1   76.507     0.1   91.792     0.2   95.888
    20,000 images               0.3   76.525     0.4   91.779     0.7   95.950
    40,000 images               0.6   76.546     0.9   91.801     1.6   95.965
    50,000 images               0.8   76.542     1.1   91.819     2.1   95.967
    DIRECT, 50,000 images       2.4   76.528     5.4   91.756    23.1   95.851

So weights are fitted on at most 20,000 images: within 0.04 points of accuracy of all 50,000, and, from five models on,
better than the result of the global search on all of them.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import direct
from scipy.special import softmax

from kdxf.io.predictions import Predictions, write_predictions
from kdxf.recipes.ensembles.average import MEANS
from kdxf.recipes.ensembles.search import fit_weights
from kdxf.recipes.ensembles.task import METRICS, Task

TOOL = Path(__file__).resolve().parents[1] / "tools" / "recipes" / "ensemble.py"
CALLS = {
    "arithmetic mean": ["--mean", "arithmetic"],
    "rank mean": ["--mean", "rank"],
    "fit log-loss": ["--fit", "log-loss"],
    "the same, geometric mean": ["--fit", "log-loss", "--mean", "geometric"],
    "fit accuracy": ["--fit", "accuracy"],
    "the same, --greedy 3": ["--fit", "accuracy", "--greedy", "3"],
    "fit GAP": ["--fit", "GAP"],
    "fit mAP": ["--fit", "mAP"],
}


def make_scores(labels: np.ndarray, models: int, classes: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Make the scores of each model, float32 (n, K); a part of an image's logits is common to all models."""
    shape = len(labels), classes
    common = random.standard_normal(shape, np.float32)
    for _ in range(models):
        noise, skill, sureness = random.uniform((0.5, 2, 0.7), (1.2, 5, 1.5)).astype(np.float32)
        logits = common + noise * random.standard_normal(shape, np.float32)
        logits[np.arange(len(labels)), labels] += skill
        yield softmax(sureness * logits, axis=1)


def measure(arguments: list[str]) -> tuple[float, float]:
    """Run the tool; return its processor seconds and its peak memory in MB."""
    process = subprocess.Popen([sys.executable, str(TOOL), *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def compare_calls(args: argparse.Namespace, models: int, folder: Path) -> None:
    """Print a line per call of the tool."""
    random = np.random.default_rng(0)
    labels = random.integers(args.classes, size=args.images)
    images = [f"{index}.jpg" for index in range(args.images)]
    classes = tuple(f"class {index}" for index in range(args.classes))
    files = [str(folder / f"{index:02d}.parquet") for index in range(models)]
    for file, scores in zip(files, make_scores(labels, models, args.classes, random), strict=True):
        seen = np.zeros(args.images, bool)
        write_predictions(Predictions(images, scores, classes, labels, seen=seen), file)
    base = 0.0
    print(f"{models} models of {args.images} x {args.classes}: seconds, peak MB, x the arithmetic mean")
    for name, options in CALLS.items():
        result = "--save-weights" if "--fit" in options else "--out"
        runs = [measure([*files, *options, result, str(folder / "out"), "--overwrite"]) for _ in range(args.repeat)]
        seconds, memory = map(statistics.median, zip(*runs, strict=True))
        base = base or seconds
        print(f"{name:<26}{seconds:8.1f}{memory:8.0f}{seconds / base:8.1f}", flush=True)


def fit_some(task: Task, size: int) -> np.ndarray:
    """Find weights on the first images."""
    return fit_weights(task.only(np.arange(size)))


def search_globally(task: Task) -> np.ndarray:
    """Find weights with DIRECT in the unit cube; their sum does not matter."""
    count = len(task.names)
    found = direct(
        lambda free: task.loss(task.mix(free / free.sum())), [(1e-3, 1)] * count, maxfun=50 * count, vol_tol=0
    )
    return found.x / found.x.sum()


def compare_ways(args: argparse.Namespace, models: int) -> None:
    """Print a line per way to find weights."""
    count = args.images
    ways: dict[str, Callable[[Task], np.ndarray]] = {"equal mean": lambda task: np.full(models, 1 / models)}
    for size in sorted({min(size, count) for size in (5000, 20_000, 40_000, count)}):
        ways[f"{size} images"] = partial(fit_some, size=size)
    ways[f"DIRECT, {count} images"] = search_globally
    results: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for draw in range(args.repeat):
        random = np.random.default_rng(draw)
        labels = random.integers(args.classes, size=2 * count)
        stack = np.stack(list(make_scores(labels, models, args.classes, random)))
        task = Task(list(map(str, range(models))), stack, labels, MEANS["arithmetic"], METRICS["accuracy"])
        known, others = task.only(np.arange(count)), task.only(np.arange(count, 2 * count))
        del stack, task
        for way, find in ways.items():
            start = time.process_time()
            weights = find(known)
            results[way].append((time.process_time() - start, -others.loss(others.mix(weights))))
    print(f"weights of {models} models, {args.classes} classes: seconds, accuracy on {count} other images")
    for way, pairs in results.items():
        seconds, accuracies = zip(*pairs, strict=True)
        print(f"{way:<26}{statistics.median(seconds):8.1f}{statistics.mean(accuracies):9.3f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=137)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--ways", action="store_true", help="compare ways to find weights instead")
    args = parser.parse_args()
    print(f"{platform.machine()}, numpy {np.__version__}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for models in args.models:
        if args.ways:
            compare_ways(args, models)
            continue
        with tempfile.TemporaryDirectory() as folder:
            compare_calls(args, models, Path(folder))


if __name__ == "__main__":
    main()
