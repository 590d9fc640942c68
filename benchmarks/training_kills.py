"""A check that a training with loader workers that is killed and resumed ends with the same weights, bit by bit.

    python benchmarks/training_kills.py [CONFIG] [--kills 20] [--workers 2] [--cfg-options KEY=VALUE ...]

Trains the config once (default: configs/demo/image_r18.py, six epochs of a twentieth of the data, a checkpoint after
every second step), then again for each kill: it ends the training with all its processes (SIGKILL) at a random moment,
resumes it with another number of workers (0, 1 or 2, in turn), and compares the weights.

On two Xeon cores, with other load: 20 of 20 equal.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

REPOSITORY = Path(__file__).resolve().parents[1]
EVERY = 2  # steps between checkpoints
SMALL = (
    "train_dataloader.dataset.fraction=0.05",
    "train_dataloader.batch_size=8",
    "train_cfg.max_epochs=6",
    "default_hooks.checkpoint.by_epoch=False",
    f"default_hooks.checkpoint.interval={EVERY}",
    "default_hooks.checkpoint.max_keep_ckpts=-1",
    "randomness.seed=1",
)


def start(config: str, work: Path, workers: int, options: list[str]) -> subprocess.Popen[str]:
    """Start or resume a training, as the leader of its process group."""
    words = [sys.executable, "tools/train.py", config, "--work-dir", str(work), "--resume", "--no-validate"]
    words += ["--cfg-options", f"train_dataloader.num_workers={workers}", *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        words, cwd=REPOSITORY, env=environment, start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(job: subprocess.Popen[str]) -> None:
    """Wait for the end of a training, which must succeed."""
    printed = job.communicate()[0]
    if job.returncode:
        raise SystemExit(f"the training failed:\n{printed[-2000:]}")


def weights(work: Path) -> dict[str, torch.Tensor]:
    """Return the weights of the last checkpoint."""
    path = Path((work / "last_checkpoint").read_text())
    return torch.load(path, map_location="cpu", weights_only=False)["state_dict"]  # of our own


def main() -> None:
    """Train, kill, resume and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="configs/demo/image_r18.py")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cfg-options", nargs="+", default=list(SMALL))
    args = parser.parse_args()
    moments, equal = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        whole = Path(folder, "whole")
        finish(start(args.config, whole, args.workers, args.cfg_options))
        seconds, expected = time.monotonic() - begun, weights(whole)
        saved_at = sorted((path.stat().st_mtime, int(path.stem.split("_")[1])) for path in whole.glob("iter_*.pth"))
        (first, one), (end, last) = saved_at[0], saved_at[-1]
        per_step = (end - first) / (last - one)
        print(f"left alone: {seconds:.0f} s, {last} steps of {per_step:.2f} s", flush=True)
        for kill in range(args.kills):
            work = Path(folder, str(kill))
            job = start(args.config, work, args.workers, args.cfg_options)
            # Steps are short beside the start of the process: wait for a random checkpoint, then a moment more.
            target = work / f"iter_{EVERY * moments.randrange(1, last // EVERY)}.pth"
            while job.poll() is None and not target.exists():
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 2 * EVERY * per_step))
            os.killpg(job.pid, signal.SIGKILL)
            job.communicate()
            saved = (work / "last_checkpoint").is_file()
            at = Path((work / "last_checkpoint").read_text()).name if saved else "no checkpoint"
            resumed_with = kill % 3
            finish(start(args.config, work, resumed_with, args.cfg_options))
            found = weights(work)
            same = all(torch.equal(expected[name], found[name]) for name in expected)
            equal += same
            result = "equal" if same else "DIFFERS"
            print(f"kill {kill + 1} at {at}, on with {resumed_with} workers: {result}", flush=True)
    print(f"{equal} of {args.kills} equal")
    raise SystemExit(equal != args.kills)


if __name__ == "__main__":
    main()
