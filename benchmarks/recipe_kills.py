"""Whether a recipe that is killed again and again ends with the files of one that was left alone.

    OMP_NUM_THREADS=1 python benchmarks/recipe_kills.py configs/recipes/plant_pathology/pipeline.py --smoke [--kills 10]

Runs the recipe once (--smoke and --set are those of tools/recipes/run.py), then again from the start, killing it and
all it has started (SIGKILL) at random moments, and lets it come to its end. Then compares every weight, picture, table,
list and metric of the two. One that ends before the last kill is compared, and begun again. What holds times
is not compared: logs, the bookkeeping of stages, seconds, and digests of checkpoints (settings.json of folds).

On two Intel Xeon cores, beside other work: hualu_cup, ten kills in three rounds, 298 files, none differs;
plant_pathology, ten kills in three rounds, 80 files, none differs.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch

REPOSITORY = Path(__file__).resolve().parents[1]
KINDS = (".pth", ".parquet", ".csv", ".json", ".md", ".txt", ".jpg", ".png", ".npy", ".bin")


def start(recipe: list[str], work: Path) -> subprocess.Popen[str]:
    """Starts a recipe with its options, as the leader of all that it starts."""
    words = [sys.executable, "tools/recipes/run.py", *recipe, "--set", f"work={work}"]
    return subprocess.Popen(
        words, cwd=REPOSITORY, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(job: subprocess.Popen[str]) -> None:
    """Waits for the end of a recipe, which must be a good one."""
    check(job, job.communicate()[0])


def check(job: subprocess.Popen[str], printed: str) -> None:
    """Ends the benchmark if a recipe has failed."""
    if job.returncode:
        raise SystemExit(f"the recipe failed:\n{printed[-2000:]}")


def content(path: Path) -> str:
    """Gives what a file says, without the times in it."""
    if path.suffix == ".pth":
        weights = torch.load(path, map_location="cpu", weights_only=False)["state_dict"]  # of our own
        digest = hashlib.sha256()
        for name in sorted(weights):
            digest.update(name.encode() + weights[name].contiguous().numpy().tobytes())
        return digest.hexdigest()
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_json(double_precision=15)
    if path.suffix == ".json":
        return json.dumps(without_times(json.loads(path.read_text(encoding="utf-8"))))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_times(value: object) -> object:
    """Drops measured times from what a JSON file says, and digests, as those of checkpoints, which hold times."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key not in ("seconds", "time", "data_time")}
    return {key: without_times(item) for key, item in kept.items() if not key.endswith("digest")}


def results(work: Path) -> dict[str, Path]:
    """Names the files of a run that another one has to have too."""
    found = {path.relative_to(work): path for path in work.rglob("*") if path.is_file() and path.suffix in KINDS}
    return {
        str(name): path
        for name, path in found.items()
        if path.name != "settings.json" and not any(part == ".stages" or is_time(part) for part in name.parts)
    }


def is_time(name: str) -> bool:
    """Tells whether a folder is one of mmengine's, named by a date and a time."""
    return len(name) == 15 and name.replace("_", "").isdigit()


def compare(whole: Path, killed: Path) -> None:
    """Prints how many files are the same; ends the benchmark when one is not."""
    left, right = results(whole), results(killed)
    other = sorted(left.keys() ^ right.keys())
    other += [name for name in sorted(left.keys() & right.keys()) if content(left[name]) != content(right[name])]
    print(f"{len(left.keys() | right.keys())} files compared, {len(other)} differ", flush=True)
    if other:
        raise SystemExit("\n".join(["these differ, or only one run has them:", *other]))


def main() -> None:
    """Runs the recipe and prints each kill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args, recipe = parser.parse_known_args()
    moments = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work")
        # Lists and results name what they were made of, so both runs have one folder.
        done = Path(folder, "done")
        begun = time.monotonic()
        finish(start(recipe, work))
        seconds = time.monotonic() - begun
        print(f"left alone: {seconds:.0f} s", flush=True)
        work.rename(done)
        kills = 0
        while kills < args.kills:
            job = start(recipe, work)
            wait = moments.uniform(0.1, 0.5) * seconds
            try:
                printed = job.communicate(timeout=wait)[0]
            except subprocess.TimeoutExpired:
                os.killpg(job.pid, signal.SIGKILL)
                printed = job.communicate()[0]
                kills += 1
                print(f"kill {kills} after {wait:.1f} s: {printed.splitlines()[-1] if printed else ''}", flush=True)
                continue
            check(job, printed)
            print("came to its end: ", end="")
            compare(done, work)
            shutil.rmtree(work)
        finish(start(recipe, work))
        print("came to its end: ", end="")
        compare(done, work)


if __name__ == "__main__":
    main()
