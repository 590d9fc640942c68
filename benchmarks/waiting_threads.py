"""What waiting threads cost: training steps of ResNet-18 with threads that soon sleep meanwhile, and with OpenMP's way.

    python benchmarks/waiting_threads.py [--size 64] [--steps 8] [--rounds 5] [--busy 2]

torch divides each operation among OpenMP's threads, which wait for one another at its end. By default they turn in
circles for some 16 ms. Where another process has a core, they turn until the system gives it back, in every operation.
On a busy machine kdxf's tools set ``GOMP_SPINCOUNT``: after about a millisecond they sleep.
``OMP_WAIT_POLICY=PASSIVE`` lets them sleep at once. In turns, each a process of its own, first with nothing beside it
that this program starts, then with ``--busy`` processes that count.

Measured with ``--rounds 6 --steps 8`` on two quiet Xeon cores without AMX, torch 2.14: OpenMP's default 237 ms a step,
16,000 turns 254, 4,000 turns 260, 1,000 turns 283, asleep at once 318; at 224 px 1,718 and 1,859. With two processes
that count beside it (two rounds of five steps): one thread 710, OpenMP's default 913, 16,000 turns 617, 4,000 turns
503, asleep at once 583.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import time

from kdxf.cli.command import SPIN_COUNT

# What is timed, in a process of its own, since OpenMP reads its settings once.
STEP = """
import statistics, sys, time, torch
from mmpretrain.models import ResNet

size, steps = int(sys.argv[1]), int(sys.argv[2])
backbone = ResNet(18, out_indices=(3,)).to(memory_format=torch.channels_last)
backbone.train()
classifier = torch.nn.Linear(512, 81)
optimizer = torch.optim.SGD([*backbone.parameters(), *classifier.parameters()], 0.05, momentum=0.9, fused=True)
images = torch.randn(32, 3, size, size).contiguous(memory_format=torch.channels_last)
labels = torch.randint(0, 81, (32,))
seconds = []
for _ in range(steps + 2):
    start = time.perf_counter()
    loss = torch.nn.functional.cross_entropy(classifier(backbone(images)[-1].mean((2, 3))), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds[2:]))
"""
CORES = len(os.sched_getaffinity(0))
WAYS = {
    "one thread": {"OMP_NUM_THREADS": "1"},
    f"{CORES} threads, OpenMP's default": {"OMP_NUM_THREADS": str(CORES)},
    f"{CORES} threads, {SPIN_COUNT} turns": {"OMP_NUM_THREADS": str(CORES), "GOMP_SPINCOUNT": SPIN_COUNT},
    f"{CORES} threads, asleep at once": {"OMP_NUM_THREADS": str(CORES), "OMP_WAIT_POLICY": "PASSIVE"},
}


def seconds_of_a_step(settings: dict[str, str], size: int, steps: int) -> float:
    """Return the median seconds of a training step under environment variables."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))} | settings
    command = [sys.executable, "-W", "ignore", "-c", STEP, str(size), str(steps)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(answer.stdout.split()[-1])


def count() -> None:
    """Keep a core busy."""
    while True:
        time.time()


def compare(title: str, size: int, steps: int, rounds: int) -> None:
    """Take the ways in turns and print the median of each."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, settings in WAYS.items():
            seconds[way].append(seconds_of_a_step(settings, size, steps))
    print(f"\n{title} (load {os.getloadavg()[0]:.1f})")
    first = statistics.median(next(iter(seconds.values())))
    for way, found in seconds.items():
        middle = statistics.median(found)
        print(f"  {way:28s} {1000 * middle:7.0f} ms a step  {first / middle:5.2f} times one thread", flush=True)


def main() -> None:
    """Measure without and with other processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="edge of the images, in pixels (default 64)")
    parser.add_argument("--steps", type=int, default=8, help="timed steps of a process (default 8)")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each way (default 5)")
    parser.add_argument("--busy", type=int, default=2, help="processes that count beside it (default 2)")
    args = parser.parse_args()
    compare("nothing started beside it", args.size, args.steps, args.rounds)
    busy = [multiprocessing.Process(target=count, daemon=True) for _ in range(args.busy)]
    for process in busy:
        process.start()
    compare(f"{args.busy} processes that count beside it", args.size, args.steps, args.rounds)
    for process in busy:
        process.terminate()


if __name__ == "__main__":
    main()
