"""Training steps and predictions of ResNet-18 on the CPU: float32 and bfloat16, channels first and last, in turns.

    python benchmarks/precision.py [--sizes 64 96 224] [--rounds 14]

Batch 32, random pictures, fused SGD; medians by the clock, the first two rounds left out.

Measured on two quiet Xeon cores without AMX, torch 2.14 (224 px with ``--rounds 8``), images/s of training and
prediction. float32, channels last: 64 px 133 and 461, 96 px 78 and 273, 224 px 23.2 and 75.8; channels first: 145 and
477, 81 and 248, 18.5 and 52.5. bfloat16, channels last: 123 and 432, 67 and 225, 15.5 and 46.4.
"""

import argparse
import itertools
import os
import statistics
import time
from collections.abc import Callable

import torch
from mmpretrain.models import ResNet

BATCH, CLASSES = 32, 81


def work(size: int, bfloat16: bool, memory: torch.memory_format) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return a training step and a prediction."""
    backbone = ResNet(18, out_indices=(3,)).to(memory_format=memory)
    classifier = torch.nn.Linear(512, CLASSES)
    weights = [*backbone.parameters(), *classifier.parameters()]
    optimizer = torch.optim.SGD(weights, 0.05, momentum=0.9, weight_decay=1e-4, fused=True)
    images = torch.randn(BATCH, 3, size, size).contiguous(memory_format=memory)
    labels = torch.randint(0, CLASSES, (BATCH,))

    def scores() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            return classifier(backbone(images)[-1].mean((2, 3))).float()

    def train() -> None:
        backbone.train()
        loss = torch.nn.functional.cross_entropy(scores(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    @torch.inference_mode()
    def predict() -> None:
        backbone.eval()
        scores()

    return train, predict


def main() -> None:
    """Print a line for each size, type and memory order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96, 224])
    parser.add_argument("--rounds", type=int, default=14)
    args = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    for size in args.sizes:
        ways = {
            (kind, order): work(size, kind == "bfloat16", memory)
            for kind, (order, memory) in itertools.product(
                ("float32", "bfloat16"), (("first", torch.contiguous_format), ("last", torch.channels_last))
            )
        }
        seconds: dict[tuple[str, str], list[list[float]]] = {way: [[], []] for way in ways}
        for _ in range(args.rounds):
            for way, steps in ways.items():
                for place, step in enumerate(steps):
                    start = time.perf_counter()
                    step()
                    seconds[way][place].append(time.perf_counter() - start)
        for (kind, order), found in seconds.items():
            train, predict = (BATCH / statistics.median(part[2:]) for part in found)
            print(
                f"{size} px, {kind}, channels {order}: training {train:.1f}, prediction {predict:.1f} images/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
