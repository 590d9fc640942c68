"""Where the time of a training step and of a prediction goes: a table, and a picture.

    OMP_NUM_THREADS=1 python benchmarks/step_profile.py CONFIG [--steps 10] [--draw step.png] [--cfg-options KEY=VALUE]

One batch of the config's training set is kept in memory, so the loader is left out. torch's profiler counts the time of
each operation without those that it calls; operations are put together by what they do.

Measured: docs/benchmarks.md.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.config import DictAction
from mmengine.runner import Runner
from torch.profiler import ProfilerActivity, profile

from kdxf.engine.config import load_config, set_loader_defaults
from kdxf.engine.runner import open_runner
from kdxf_runtime.io.machine import available_cores

# What a part of the name of an operation says, the first that is found.
KINDS = {
    "convolution_backward": "convolutions, backward",
    "conv": "convolutions, forward",
    "batch_norm": "batch norms",
    "sgd": "optimizer",
    "adam": "optimizer",
    "clip": "optimizer",
    "foreach": "optimizer",
    "norm": "normalization of layers and gradients",
    "mm": "linear layers",
    "linear": "linear layers",
    "relu": "activations",
    "clamp": "activations",
    "threshold": "activations",
    "copy": "copies and casts",
}


def kind_of(operation: str) -> str:
    """Return what an operation of torch does."""
    return next((kind for part, kind in KINDS.items() if part in operation.lower()), "the rest")


def shares(step: Callable[[], Any], steps: int) -> dict[str, float]:
    """Return the milliseconds that each kind of operation takes in a step, the greatest first."""
    for _ in range(3):
        step()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(steps):
            step()
    found: dict[str, float] = defaultdict(float)
    for event in profiled.key_averages():
        found[kind_of(event.key)] += event.self_cpu_time_total / 1000 / steps
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def draw(measured: dict[str, dict[str, float]], title: str, path: Path) -> None:
    """Draw a bar of shares for each of what was measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    kinds = list(dict.fromkeys(kind for found in measured.values() for kind in found))
    colors = dict(zip(kinds, pyplot.get_cmap("tab10").colors, strict=False))
    figure, axes = pyplot.subplots(figsize=(10, 1.2 + 0.9 * len(measured)), layout="constrained")
    for row, found in enumerate(measured.values()):
        total, left = sum(found.values()), 0.0
        for kind, milliseconds in found.items():
            share = 100 * milliseconds / total
            axes.barh(row, share, left=left, color=colors[kind], label=kind, edgecolor="white")
            if share > 4:
                axes.text(left + share / 2, row, f"{share:.0f} %", ha="center", va="center", color="white")
            left += share
    axes.set_yticks(range(len(measured)), [f"{name}\n{sum(found.values()):.0f} ms" for name, found in measured.items()])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the time in %")
    axes.set_title(title)
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--draw", type=Path, help="a picture to write")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    args = parser.parse_args()
    cfg = load_config(args.config, args.cfg_options)
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.visualizer.vis_backends = [dict(type="LocalVisBackend")]
    cfg.log_level, cfg.work_dir = "ERROR", "work_dirs/step_profile"
    set_loader_defaults(cfg)
    with open_runner(cfg) as runner:
        model: Any = runner.model.train()
        wrapper = runner.build_optim_wrapper(cfg.optim_wrapper)
        batch = next(iter(Runner.build_dataloader(cfg.train_dataloader)))
        measured = {"training step": shares(lambda: model.train_step(batch, wrapper), args.steps)}
        model.eval()
        with torch.no_grad():
            measured["prediction"] = shares(lambda: model.test_step(batch), args.steps)
    size = tuple(batch["inputs"]["img"].shape)
    title = f"{args.config}, images {size}, {torch.get_num_threads()} threads of {available_cores()} cores"
    print(title)
    for name, found in measured.items():
        total = sum(found.values())
        print(f"{name}: {total:.1f} ms")
        for kind, milliseconds in found.items():
            print(f"  {kind:40s} {milliseconds:8.1f} ms {100 * milliseconds / total:5.1f} %")
    if args.draw is not None:
        draw(measured, title, args.draw)


if __name__ == "__main__":
    main()
