"""OCR of photographs: RapidOCR with its defaults in one process, next to kdxf's workers, in one run.

    python benchmarks/ocr_throughput.py FOLDER [--images 200] [--rounds 4] [--workers 2]

Each round reads one share of the images in every way, in turns, so that all see the same machine; a ratio is the median
over the rounds. The amount of text is shown with the speed: a way that reads less may well be faster.

- "RapidOCR": ``RapidOCR()(image)`` in this process, decoding included. Its detector sees the shorter side enlarged to
  736 px, its threads are as many as there are cores, and it drops lines below a score of 0.5.
- "kdxf": what ``tools/ocr.py`` does by default, a process of one thread per core; the whole image is enlarged to 736 px
  before reading, and lines of any score are kept.
- "kdxf, size of the file": the same with ``min_side=1``: no photograph is enlarged.

Starting the engines, and writing the table (a file per 1,000 images), is not counted.

Measured on data/grocery/images/train (photographs of 348 px), 200 images, 4 rounds, two quiet Intel Xeon cores:

    RapidOCR                   2.98 images/s   1.00 times RapidOCR   464 lines, 2696 characters
    kdxf                       9.07 images/s   3.03 times RapidOCR   600 lines, 3192 characters
    kdxf, size of the file    37.60 images/s  12.67 times RapidOCR   317 lines, 1716 characters
"""

import argparse
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rapidocr import RapidOCR

from kdxf.text.ocr.build import build_engine
from kdxf_runtime.io.images import list_images, read_image
from kdxf_runtime.ocr.workers import OCRExecutor, OCRWorkers


def machine() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


@dataclass
class Way:
    """One way to read images, and its measurements."""

    read: Callable[[Sequence[str]], Iterator[Sequence[str]]]
    rates: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def measure(self, images: Sequence[str]) -> None:
        """Read ``images``; add images/s and the lines."""
        start = time.perf_counter()
        texts = [text for lines in self.read(images) for text in lines]
        self.rates.append(len(images) / (time.perf_counter() - start))
        self.texts += texts


def rapidocr_way(root: Path) -> Way:
    """Return the engine with its defaults, except for the log level."""
    engine = RapidOCR(params={"Global.log_level": "error"})
    return Way(lambda images: (engine(read_image(root / image)).txts or () for image in images))


def kdxf_way(workers: OCRExecutor) -> Way:
    """Return a way with worker processes."""
    return Way(lambda images: (record.texts for record in workers.read(images)))


def compare(ways: Mapping[str, Way], images: Sequence[str], rounds: int) -> None:
    """Measure and print one line per way."""
    size = len(images) // rounds
    for way in ways.values():
        list(way.read(images[-2:]))
    for start in range(0, size * rounds, size):
        for way in ways.values():
            way.measure(images[start : start + size])
    base = next(iter(ways.values()))
    for name, way in ways.items():
        ratio = statistics.median(np.divide(way.rates, base.rates))
        print(
            f"  {name:<24} {statistics.median(way.rates):6.2f} images/s  {ratio:5.2f} times RapidOCR   "
            f"{len(way.texts)} lines, {sum(map(len, way.texts))} characters"
        )


def main() -> None:
    """List the images, start the engines and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=200, help="how many, drawn at random")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    images = list_images(args.folder)
    images = random.Random(0).sample(images, min(args.images, len(images)))
    print(f"{machine()}, {args.workers} workers, rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}")
    print(f"{len(images)} of the images in {args.folder}, {args.rounds} rounds")
    with ExitStack() as stack:
        ways = {"RapidOCR": rapidocr_way(args.folder)}
        for name, options in {"kdxf": {}, "kdxf, size of the file": {"min_side": 1}}.items():
            engine = {"type": "RapidOCREngine", **options}
            ways[name] = kdxf_way(
                stack.enter_context(OCRWorkers(partial(build_engine, engine), args.folder, args.workers))
            )
        compare(ways, images, args.rounds)


if __name__ == "__main__":
    main()
