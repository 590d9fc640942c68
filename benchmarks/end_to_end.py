"""From pictures to labels, OCR included: rate, memory, and where the time goes.

    python benchmarks/end_to_end.py CONFIG CHECKPOINT BUNDLE LIST --root FOLDER [--images 60] [--cores 1 2]

LIST is an annotation file whose images lie in FOLDER; the bundle is the exported checkpoint. Whole commands answer the
same pictures, ``tools/inference.py`` and ``kdxf-run``, with their default number of processes on each number of cores,
and with each way to read the text: of all pictures, and where checkpoint and bundle are calibrated with ``--read-text
auto``.

The rate is that of the pictures beyond the first: the time for all of them less the time for one, so that the start
does not count. "Per core" is the same in processor time, so that other work on the machine hardly matters. "Ready" is
how many threads had something to do, on average: where it reaches the number of cores, none of them waits for a stage.
Memory is the peak of all processes together. Labels are compared with the list, and with those of the first line.

At the end the bundle answers the pictures in one process, stage by stage, in processor time.

docs/benchmarks.md ("From picture to label") has the results.
"""

import argparse
import csv
import itertools
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import cv2
from command_cost import Cost, cost_of

import kdxf_runtime.runner
from kdxf.analysis.cost_measure import machine
from kdxf.io.annotations import read_annotations
from kdxf_runtime.bundle import Bundle
from kdxf_runtime.runner import Picture, Runner


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("config", "checkpoint", "bundle", "list"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--root", type=Path, required=True, help="folder that the images of the list are relative to")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--read-text", nargs="+", default=["always"], choices=("always", "auto"))
    return parser.parse_args()


def commands(args: argparse.Namespace, read_text: str, source: Path, table: Path) -> dict[str, list[str]]:
    """Return the command of each side that labels the pictures in a folder."""
    options = [str(source), "--save_csv", str(table), "--with-name", "--read-text", read_text]
    model = [str(args.config.absolute()), str(args.checkpoint.absolute())]
    return {
        "tools/inference.py": [sys.executable, "tools/inference.py", *model, *options],
        "kdxf-run": [sys.executable, "-m", "kdxf_runtime.cli", str(args.bundle.absolute()), *options],
    }


def read_labels(table: Path) -> dict[str, str]:
    """Return the classes in a CSV of predictions, by the names of the files without their ending."""
    with open(table, newline="", encoding="utf-8") as file:
        return {Path(row["image_id"]).stem: row["category_name"] for row in csv.DictReader(file)}


def agreement(labels: Mapping[str, str], others: Mapping[str, str]) -> int:
    """Count equal labels."""
    return sum(labels[key] == others[key] for key in others)


def describe(one: Cost, everything: Cost, count: int) -> str:
    """Return the figures of a line."""
    seconds, processor = everything.seconds - one.seconds, everything.processor - one.processor
    return (
        f"{(count - 1) / seconds:9.2f}{(count - 1) / processor:10.2f}{(everything.ready - one.ready) / seconds:7.2f}"
        f"{one.seconds:10.1f}{everything.memory:10.0f}"
    )


class Stages:
    """Sums the processor time of stages; what a stage spends within another one counts there alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open = ["everything else"]
        self._since = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """Return the function, whose calls are a stage."""

        def call(*args: Any, **options: Any) -> Any:
            self._switch()
            self._open.append(stage)
            try:
                return function(*args, **options)
            finally:
                self._switch()
                self._open.pop()

        return call


def divide(bundle: Bundle, paths: Sequence[Path]) -> None:
    """Print the processor time of each stage of an answer, in one process of one thread."""
    cv2.setNumThreads(1)
    runner, stages = Runner(bundle), Stages()
    engine: Any = runner.engine
    reader = engine._reader
    for part, stage in (("text_det", "detection"), ("text_cls", "direction of lines"), ("text_rec", "recognition")):
        if (found := getattr(reader, part)) is not None:
            found.session = stages.timed(found.session, f"{stage}: network")
            setattr(reader, part, stages.timed(found, f"{stage}: before and after it"))
    engine.find = stages.timed(engine.find, "scaling, cropping of lines")
    kdxf_runtime.runner.decode_image = stages.timed(kdxf_runtime.runner.decode_image, "decoding for OCR")
    runner.prepare = stages.timed(runner.prepare, "decoding for the model, and its steps")  # type: ignore[method-assign]
    runner._session.run = stages.timed(runner._session.run, "model")
    for index, path in enumerate([paths[0], *paths]):
        if index == 1:  # the first warms up
            stages.seconds.clear()
        runner.answer([Picture.read(str(path), path.name)])
    total = sum(stages.seconds.values())
    print(f"one process: {1000 * total / len(paths):.1f} ms of processor time per picture, of which")
    for stage, seconds in sorted(stages.seconds.items(), key=itemgetter(1), reverse=True):
        print(f"{1000 * seconds / len(paths):8.1f} ms  {stage}")


def main() -> None:
    """Measure, and print a line for each command."""
    args = parse_args()
    rows = read_annotations(args.list)[["image", "label"]].sample(frac=1, random_state=0)[: args.images]
    print(f"{machine()}; {len(rows)} pictures of {args.list}")
    print(f"{'':20}{'text':8}{'cores':>6}{'per s':>9}{'per core':>10}{'ready':>7}{'first, s':>10}{'MiB':>10}  labels")
    with tempfile.TemporaryDirectory() as temporary:
        many, one, table = (Path(temporary, name) for name in ("many", "one", "out.csv"))
        truth: dict[str, str] = {}
        first: dict[str, str] | None = None
        for index, (image, label) in enumerate(rows.itertuples(index=False)):
            for folder in (many, one)[: 1 if index else 2]:
                folder.mkdir(exist_ok=True)
                shutil.copy(args.root / image, folder / f"{index}{Path(image).suffix}")
            truth[str(index)] = str(label)
        for read_text, cores in itertools.product(args.read_text, args.cores):
            starting, labelling = (commands(args, read_text, folder, table) for folder in (one, many))
            for name in labelling:
                cost_of_one, cost = cost_of(starting[name], cores), cost_of(labelling[name], cores)
                labels = read_labels(table)
                first = labels if first is None else first
                print(
                    f"{name:20}{read_text:8}{cores:6}{describe(cost_of_one, cost, len(rows))}  "
                    f"{agreement(labels, truth)} right, {agreement(labels, first)} as in the first line",
                    flush=True,
                )
        divide(Bundle.open(args.bundle), sorted(many.iterdir()))


if __name__ == "__main__":
    main()
