"""A bundle beside the model that it was made of: pictures per second, time to the first answer, memory.

    python benchmarks/runner.py BUNDLE CONFIG CHECKPOINT FOLDER [--images 100] [--rounds 3]

Both sides are whole commands on the same pictures, with as many processes as there are cores: ``kdxf-run`` and
``tools/inference.py``, which reads the text as well. The commands alternate. The rate is that of the pictures beyond
the first: the time for all of them less the time for one, so that the start does not count; the start is the time for
one picture. Medians over the rounds.

Measured with ``--images 60 --rounds 2`` on two Intel Xeon cores, nothing beside it, with the bundle of
configs/demo/moe_lite2_frozen.py and data/demo/images/train: first answer 2.4 s against 4.7 s, then 12.7 against 13.1
images/s, 0.97 times. Reading the text takes nearly all of the time on both sides, with the same engine.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kdxf.analysis.cost_measure import machine
from kdxf_runtime.io.folders import list_images

REPO = Path(__file__).resolve().parents[1]


def run(command: list[str]) -> float:
    """Run a command and return its seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=REPO)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bundle", "config", "checkpoint", "folder"):
        parser.add_argument(name)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    names = list_images(Path(args.folder))
    names = random.Random(0).sample(names, min(args.images, len(names)))
    with tempfile.TemporaryDirectory() as folder:
        many, one = Path(folder, "many"), Path(folder, "one")
        for index, name in enumerate(names):
            for target in (many, *([one] if not index else [])):
                target.mkdir(exist_ok=True)
                shutil.copy(Path(args.folder, name), target / f"{index}{Path(name).suffix}")
        csv = str(Path(folder, "out.csv"))
        ways: dict[str, Callable[[Path], list[str]]] = {
            "kdxf-run": lambda source: [
                sys.executable, "-m", "kdxf_runtime.cli", args.bundle, str(source), "--save_csv", csv],
            "tools/inference.py": lambda source: [
                sys.executable, "tools/inference.py", args.config, args.checkpoint, str(source), "--save_csv", csv],
        }  # fmt: skip
        starts: dict[str, list[float]] = {name: [] for name in ways}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, command in ways.items():
                starts[name].append(run(command(one)))
                rates[name].append((len(names) - 1) / (run(command(many)) - starts[name][-1]))
    print(f"{machine()}; {len(names)} pictures of {args.folder}, {args.rounds} rounds")
    for name in ways:
        start, rate = statistics.median(starts[name]), statistics.median(rates[name])
        print(f"{name:20} first answer {start:5.1f} s, then {rate:6.2f} images/s")
    ours, theirs = (statistics.median(rates[name]) for name in ways)
    print(f"ratio {ours / theirs:.2f}")
    print(json.dumps({"starts": starts, "rates": rates}))


if __name__ == "__main__":
    main()
