"""The processor time from a command to the first batch of its training.

    python benchmarks/start.py configs/demo/moe_r18.py [--runs 5] [--plain]

Starts the training of a config again and again, as ``tools/train.py`` does, each time in a new process that ends with
the first batch, and prints medians. ``--plain`` imports as a notebook does, with collections of garbage
(:mod:`kdxf.cli.importing`). Needs what the config needs: `make demo` makes the text and the vectors of the demo.

Measured on two shared Xeon cores, torch 2.14, OMP_NUM_THREADS=1: see docs/benchmarks.md.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from kdxf.cli.importing import importing


def start(config: str, plain: bool) -> None:
    """Train until the first batch is there; print the processor time after the imports and then, as JSON."""
    with contextlib.nullcontext() if plain else importing():
        from mmengine.hooks import Hook

        from kdxf.apis.train import train
        from kdxf.engine.config import load_config

    imported = time.process_time()

    class EndHook(Hook):
        def before_train_iter(self, *arguments: object, **named: object) -> None:
            print(json.dumps([imported, time.process_time()]), flush=True)
            os._exit(0)

    with tempfile.TemporaryDirectory() as folder:
        train(load_config(config, {"work_dir": folder, "log_level": "ERROR"}), hooks=[EndHook()])


def main() -> None:
    """Start the training several times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--plain", action="store_true", help="with collections of garbage during the imports")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        start(args.config, args.plain)
    command = [sys.executable, __file__, args.config, "--once", *(["--plain"] if args.plain else [])]
    runs = []
    for _ in range(args.runs):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    imported, first = map(statistics.median, zip(*runs, strict=True))
    print(f"imports {imported:.2f} s, first batch {first:.2f} s of processor time; medians of {args.runs}")


if __name__ == "__main__":
    main()
