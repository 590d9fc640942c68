"""Memory and time of a training step of classifiers with 50,030 classes, with and without dense targets.

    python benchmarks/large_classifier.py [--classes 50030] [--channels 512] [--batches 64 512]

Each row is a separate process that runs only the classifier, on a given feature (N, channels): forward, loss, backward
and an SGD step with momentum, in float32 and, with "bf16", under autocast. Time is the median processor time of a step,
which hardly depends on other load; with OMP_NUM_THREADS=1 it equals wall-clock time. Memory is the peak of the process
minus its memory before the head was built, so it includes weights, gradients, momentum and everything that the step
keeps. Ratios are to the linear classifier with MMPretrain's cross-entropy.

"sampled" is an experiment, not a part of kdxf: cross-entropy over the classes in the batch and as many drawn at random
as make a tenth of all (the single-machine form of https://arxiv.org/abs/2203.11370).

Measured with OMP_NUM_THREADS=1 on a Xeon core with AMX that other work shared, torch 2.15: time at batch 64 and 512,
then memory, as ratios to linear with cross-entropy (162 and 798 ms, 393 and 528 MB):

    linear, focal                       1.08 and 1.00    1.04 and 1.00
    the same with dense targets         1.53 and 2.59    1.53 and 2.90
    linear, smooth focal                1.54 and 2.19    1.47 and 2.16
    the same with dense targets         1.56 and 2.92    1.50 and 2.90
    ArcFace                             3.68 and 1.93    2.11 and 1.41
    MoE, 2 experts                      2.21 and 2.37    2.01 and 2.14
    MoE, 4 experts                      4.24 and 4.74    3.42 and 3.99
    sampled                             0.65 and 0.26    0.89 and 0.76

Conclusion: use a linear classifier, or ArcFace, which normalizes every weight in each step, whatever the batch; focal
without smoothing if the loss matters; an expert costs as much as a linear classifier of its width, so two rather than
four. Compared with ResNet-18 at 224 px, which trains on 52 images/s (README), sampling would save 4 % of a step of 64
images and 6 % of one of 512, and it changes the loss: it is not worth it, so kdxf does not have it.
"""

import argparse
import multiprocessing
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable

import torch
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional

import kdxf.models  # noqa: F401  (registers)
from kdxf.registry import MODELS

FOCAL = dict(type="LabelSmoothFocalLoss", label_smooth_val=0.0)
SMOOTH_FOCAL = dict(type="LabelSmoothFocalLoss")
LINEAR = dict(type="LinearClsHead")
MOE = dict(type="MoEClsHead", hidden_channels=512)
# Name of a row -> the head, whether its targets are dense, whether it runs under autocast.
ROWS: dict[str, tuple[dict, bool, bool]] = {
    "linear, cross-entropy": (LINEAR, False, False),
    "linear, cross-entropy, bf16": (LINEAR, False, True),
    "linear, focal": (dict(**LINEAR, loss=FOCAL), False, False),
    "linear, focal, dense targets": (dict(**LINEAR, loss=FOCAL), True, False),
    "linear, smooth focal": (dict(**LINEAR, loss=SMOOTH_FOCAL), False, False),
    "linear, smooth focal, dense targets": (dict(**LINEAR, loss=SMOOTH_FOCAL), True, False),
    "ArcFace": (dict(type="ArcFaceClsHead", embedding_channels=512), False, False),
    "MoE, 2 experts": (dict(**MOE, num_experts=2), False, False),
    "MoE, 4 experts": (dict(**MOE, num_experts=4), False, False),
    "MoE, 4 experts, bf16": (dict(**MOE, num_experts=4), False, True),
    "sampled": (LINEAR, False, False),
}


def sampled_step(head: nn.Module, feature: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy over the classes of the batch and random others, a tenth of all."""
    num_classes = head.fc.weight.size(0)
    classes = torch.cat([labels, torch.randperm(num_classes)[: num_classes // 10]]).unique()
    logits = functional.linear(feature, head.fc.weight[classes], head.fc.bias[classes])
    return functional.cross_entropy(logits, torch.searchsorted(classes, labels))


def step_of(name: str, args: argparse.Namespace, batch: int) -> Callable[[], None]:
    """Build a row's head and return a function that trains it for one step."""
    config, dense, bf16 = ROWS[name]
    head = MODELS.build(dict(**config, num_classes=args.classes, in_channels=args.channels)).train()
    optimizer = torch.optim.SGD(head.parameters(), lr=0.01, momentum=0.9)
    feature = torch.randn(batch, args.channels, requires_grad=True)
    labels = torch.randint(args.classes, (batch,))
    samples = [DataSample().set_gt_label(int(label)) for label in labels]

    def step() -> None:
        if dense:
            for sample, score in zip(samples, functional.one_hot(labels, args.classes).float(), strict=True):
                sample.set_gt_score(score)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = sampled_step(head, feature, labels) if name == "sampled" else head.loss((feature,), samples)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def peak() -> float:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, args: argparse.Namespace, batch: int) -> dict[str, float]:
    """Measure one row in this process."""
    torch.manual_seed(0)
    init_default_scope("kdxf")
    before = peak()
    step = step_of(name, args, batch)
    seconds = []
    for _ in range(args.steps + 1):
        start = time.process_time()
        step()
        seconds.append(time.process_time() - start)
    return {"seconds": statistics.median(seconds[1:]), "memory": peak() - before}


def main() -> None:
    """Run every row in a separate process and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=50_030)
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 512])
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    args = parser.parse_args()
    print(
        f"{args.classes} classes, {args.channels} channels, {platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    fork = multiprocessing.get_context("fork")
    for batch in args.batches:
        base: dict[str, float] = {}
        for name in args.rows:
            with fork.Pool(1) as pool:
                row = pool.apply(measure, (name, args, batch))
            base = base or row
            ratios = {key: row[key] / base[key] for key in row}
            print(
                f"batch {batch:4d}  {name:36s} {row['seconds'] * 1000:7.0f} ms ({ratios['seconds']:4.2f})"
                f" {row['memory']:7.0f} MB ({ratios['memory']:4.2f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
