"""The rates that docs/scale.md reckons with: answers of a bundle on one core, and the tables of a large job.

    python benchmarks/scale.py BUNDLE PICTURES [--images N] [--rows N]

PICTURES is a folder of photographs, of which some are answered by one process and one thread: with their text read, and
by the picture alone. The tables are made up: predictions of 12 classes as parts, with and without all scores, looked up
again, and written as a CSV.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.categories import Categories
from kdxf_runtime.inputs import InputImage
from kdxf_runtime.io.folders import list_images
from kdxf_runtime.io.part_files import part_files
from kdxf_runtime.prediction_parts import MadeBy, PredictionParts
from kdxf_runtime.predictions import Columns, Prediction, PredictionWriter
from kdxf_runtime.runner import Picture, Runner

CLASSES = 12


def answers(bundle: Bundle, paths: list[str], read_text: str) -> None:
    """Print how fast one process answers."""
    runner = Runner(bundle, read_text=read_text)
    pictures = [Picture.read(path, path) for path in paths]
    runner.answer(pictures[:1])
    start, used = time.perf_counter(), time.process_time()
    with_text = sum(bool(answer.record and answer.record.texts) for one in pictures for answer in runner.answer([one]))
    seconds, used = time.perf_counter() - start, time.process_time() - used
    print(
        f"--read-text {read_text}: {len(paths) / seconds:.2f} images/s, {len(paths) / used:.2f} per second of one "
        f"core's time ({with_text} of {len(paths)} with text)"
    )


def tables(rows: int, with_scores: bool) -> None:
    """Print what parts take, and how fast they are written and read."""
    random_scores = np.random.default_rng(0).dirichlet(np.full(CLASSES, 0.2), rows).astype(np.float32)
    categories = Categories.named([f"class {index}" for index in range(CLASSES)])
    keys = [f"/data/shards/{index // 10_000:05}.tar/{index:09}.jpg" for index in range(rows)]
    random.Random(0).shuffle(keys)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with PredictionParts(Path(folder, "p"), MadeBy("0" * 64, False, "always", with_scores)) as parts:
            for key, scores in zip(keys, random_scores, strict=True):
                best = int(scores.argmax())
                name = categories.name(best)
                parts.add((key, Prediction(key, best, name, float(scores[best]), scores, None)))
            parts.flush()
            written = time.perf_counter()
            parts.missing(keys)
            looked = time.perf_counter()
            with Path(folder, "out.csv").open("w", encoding="utf-8") as file:
                writer = PredictionWriter(file, categories, Columns(with_name=True, with_score=True))
                for prediction in parts.predictions(keys, categories):
                    writer.add(prediction)
            done = time.perf_counter()
            size = sum(part.stat().st_size for part in part_files(Path(folder, "p")))
            csv_size = os.path.getsize(Path(folder, "out.csv"))
    what = "all scores" if with_scores else "the best score"
    print(
        f"parts with {what}: {size / rows:.1f} bytes/row, written at {rows / (written - start):.0f} rows/s; what is "
        f"missing of {rows} found in {looked - written:.1f} s; CSV of {csv_size / rows:.1f} bytes/row at "
        f"{rows / (done - looked):.0f} rows/s"
    )


def listing(rows: int) -> None:
    """Print the memory that the list of inputs takes."""
    before = _resident()
    images = [InputImage(*[f"shards/{index // 10_000:05}.tar/{index:09}.jpg"] * 3) for index in range(rows)]
    keys = [f"/data/{image.path}" for image in images]
    print(f"list of inputs and their keys: {(_resident() - before) / len(keys):.0f} bytes of memory per image")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--rows", type=int, default=300_000)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    names = list_images(args.pictures)
    random.Random(0).shuffle(names)
    paths = [str(args.pictures / name) for name in names[: args.images]]
    listing(args.rows)
    bundle = Bundle.open(args.bundle)
    for read_text in ("never", "always"):
        answers(bundle, paths, read_text)
    for with_scores in (False, True):
        tables(args.rows, with_scores)


if __name__ == "__main__":
    main()
