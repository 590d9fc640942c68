"""The cost of a list of one million rows in the list tools, in seconds and memory.

    python benchmarks/workshop_lists.py [--rows 1000000] [--classes 50030]

Makes a long-tailed list in a temporary folder (no images) and runs each tool as a user does. The last column is the
ratio of the time to that of only reading and writing the list, which every tool does.

Measured on two Intel Xeon cores that other work shared, one million rows of 50,030 classes (seconds of processor time,
peak memory): reading and writing alone 1.7 s, 342 MB; split 5.7 s, 522 MB; kfold 9.0 s, 639 MB; balance 2.4 s, 456 MB;
subset by sizes 2.1 s, 357 MB; a tenth of the rows 2.9 s, 450 MB. All five together took 31 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

TOOLS = Path(__file__).resolve().parents[1] / "tools" / "data"
COPY = """
import sys
from kdxf.io.annotations import read_annotations, write_annotations
write_annotations(read_annotations(sys.argv[1]), sys.argv[2])
"""


def make_list(path: Path, rows: int, classes: int) -> None:
    """Write rows of a long tail: every class has an image, the largest about one in a hundred of all."""
    random = np.random.default_rng(0)
    shares = 1 / np.arange(1, classes + 1) ** 0.7
    labels = np.concatenate([np.arange(classes), random.choice(classes, rows - classes, p=shares / shares.sum())])
    random.shuffle(labels)
    images = [f"train/{label:05d}/{row:012d}.jpg" for row, label in enumerate(labels)]
    pd.DataFrame({"image": images, "label": labels}).to_csv(path, index=False)


def measure(arguments: list[str]) -> tuple[float, float, float]:
    """Run a command; return its seconds, its processor seconds and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def main() -> None:
    """Make the list, run the tools and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=50_030)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "all.csv"
        make_list(source, args.rows, args.classes)
        calls = {
            "read and write": ["-c", COPY, source, folder / "copy.csv"],
            "split": [TOOLS / "split.py", source, "--out", folder / "split"],
            "kfold": [TOOLS / "kfold.py", source, "--out", folder / "folds"],
            "balance": [
                TOOLS / "balance.py",
                source,
                "--out",
                folder / "b.csv",
                "--cap",
                400,
                200,
                100,
                "--at-least",
                10,
            ],
            "subset by sizes": [TOOLS / "subset.py", source, "--out", folder / "sizes", "--sizes", 20, 500],
            "subset, a tenth": [TOOLS / "subset.py", source, "--out", folder / "tenth", "--fraction", 0.1],
        }
        print(f"{'':<18}{'seconds':>9}{'processor':>11}{'peak MB':>9}{'x copying':>11}")
        base = 0.0
        total = 0.0
        for tool, call in calls.items():
            seconds, processor, memory = measure(list(map(str, call)))
            base = base or processor
            total += seconds if tool != "read and write" else 0
            print(f"{tool:<18}{seconds:>9.1f}{processor:>11.1f}{memory:>9.0f}{processor / base:>11.1f}", flush=True)
        print(f"{'all five':<18}{total:>9.1f}")


if __name__ == "__main__":
    main()
