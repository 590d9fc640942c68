"""Training and prediction speed compared with a plain PyTorch loop and stock MMPretrain, in one run.

    python benchmarks/training_speed.py --references PATH --root PATH [--sizes 224 64]

``--references`` is a folder with ``plain_loop.py`` and ``mmpretrain_loop.py`` (each prints one JSON line of images/s);
``--root`` is GroceryStoreDataset. The same ResNet-18 from scratch, batch 32, SGD, random crop and flip everywhere. All
rates are medians over blocks of ten iterations. Quote ratios: they were measured on one machine in one run.

Measured with --steps 20 on two Intel Xeon cores with AMX, torch 2.15. 224 px: training 2.65 times the plain loop
and 2.61 times MMPretrain, prediction 2.86 times MMPretrain, the loop 2.8 % over its bare step. 64 px, with other
work on the machine: 1.37, 1.25 and 1.61 times. The cost of text was below the noise of a bare step (-5 %).

On two quiet cores without AMX, torch 2.14, in float32, 64 px: training 1.10 times the plain loop and 1.00 times
MMPretrain, prediction 1.18 times. 224 px with --steps 20: 0.94, 0.84 and 1.26 times; the speed of those cores changed
by a fifth between the parts of a run.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from kdxf.engine.config import load_config, set_loader_defaults
from kdxf.engine.precision import bfloat16_pays
from kdxf.engine.runner import open_runner
from kdxf.registry import HOOKS

BATCH = 32
WARMUP = 10


@HOOKS.register_module()
class StampHook(Hook):
    """Hook that records the time at the end of each iteration."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.times: list[float] = []

    def after_train_iter(self, *args: object, **kwargs: object) -> None:
        """Record the time."""
        self.times.append(time.perf_counter())


def rate(seconds: list[float]) -> float:
    """Return images/s: the median over blocks of ten iterations, after the warm-up."""
    seconds = seconds[WARMUP:]
    blocks = [statistics.mean(seconds[i : i + 10]) for i in range(0, len(seconds) - 9, 10)]
    return BATCH / statistics.median(blocks)


def config(name: str, size: int, steps: int, work_dir: str) -> Config:
    """Change configs/grocery to the references' model, crop and schedule, with kdxf's options on."""
    cfg = load_config(Path(__file__).parents[1] / "configs" / "grocery" / f"{name}.py")
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        steps_kept = [step for step in loader.dataset.pipeline if step.type != "ColorJitter"]
        loader.dataset.pipeline = [resized(step, size) for step in steps_kept]
        loader.num_workers = 2
    loss = dict(type="CrossEntropyLoss", loss_weight=1.0)
    channels = cfg.model.head.in_channels
    cfg.model.head = dict(type="LinearClsHead", num_classes=81, in_channels=channels, loss=loss)
    # The references' optimizer, in the fused form that torch has for the CPU as well.
    cfg.optim_wrapper.optimizer = dict(type="SGD", lr=0.05, momentum=0.9, weight_decay=1e-4, fused=True)
    cfg.optim_wrapper.clip_grad = None
    cfg.train_cfg = dict(by_epoch=False, max_iters=steps + WARMUP + 1, val_interval=10**6)
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint = None
    cfg.default_hooks.logger.interval = 100
    cfg.vis_backends = cfg.visualizer.vis_backends = [dict(type="LocalVisBackend")]
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type="StampHook")]
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.log_level = "ERROR"
    cfg.work_dir = work_dir
    set_loader_defaults(cfg)
    return cfg


def resized(step: dict, size: int) -> dict:
    """Set the sizes of a transform for pictures of ``size`` pixels."""
    sizes = {
        "LoadImage": dict(min_edge=size * 8 // 7),
        "RandomResizedCrop": dict(scale=size, crop_ratio_range=(0.08, 1.0)),
        "ResizeEdge": dict(scale=size * 8 // 7),
        "CenterCrop": dict(crop_size=size),
    }
    return {**step, **sizes.get(step["type"], {})}


def timed(step: Callable[[], object], steps: int) -> float:
    """Return images/s of a function that handles one batch."""
    seconds = []
    for _ in range(steps + WARMUP):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return rate(seconds)


def cycled(loader: torch.utils.data.DataLoader) -> Iterator:
    """Yield batches without end."""
    while True:
        yield from loader


def kdxf_rates(size: int, steps: int, work_dir: str) -> dict[str, float]:
    """Return images/s of kdxf: bare step, training loop, prediction, and the bare step and loop with text."""
    rates: dict[str, float] = {}
    for name in ("image_r18", "moe_r18"):
        cfg = config(name, size, steps, work_dir)
        with open_runner(cfg) as runner:
            model, wrapper = runner.model.train(), runner.build_optim_wrapper(cfg.optim_wrapper)
            batch = next(iter(Runner.build_dataloader(cfg.train_dataloader)))
            rates[f"{name} step"] = timed(lambda m=model, b=batch, w=wrapper: m.train_step(b, w)["loss"].item(), steps)
            if name == "image_r18":
                batches = cycled(Runner.build_dataloader(cfg.test_dataloader))
                model.eval()
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_pays()):
                    rates["predict"] = timed(lambda m=model, b=batches: m.test_step(next(b)), min(steps, 40))
        with open_runner(config(name, size, steps, work_dir)) as runner:
            runner.train()
            times = next(hook for hook in runner.hooks if isinstance(hook, StampHook)).times
            rates[f"{name} train"] = rate([b - a for a, b in itertools.pairwise(times)])
    return rates


def reference(script: Path, root: str, size: int, steps: int) -> dict[str, float]:
    """Run a reference loop and return its images/s by name."""
    command = [sys.executable, str(script), "--root", root, "--size", str(size), "--steps", str(steps)]
    command += ["--workers", "2"]
    if "mmpretrain" in script.name:
        command += ["--backends", "cv2"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    return {name: value["ips"] for name, value in json.loads(answer).items() if isinstance(value, dict)}


def report(size: int, ours: dict[str, float], plain: dict[str, float], stock: dict[str, float]) -> None:
    """Print rates and ratios."""
    plain_train, stock_train, stock_predict = plain["train_w2"], stock["train_cv2_w2"], stock["predict_cv2_w2"]
    step, train = ours["image_r18 step"], ours["image_r18 train"]
    rows = {
        "plain loop": (plain["step_preloaded"], plain_train, plain["predict_w2"]),
        "MMPretrain": (stock["step_preloaded"], stock_train, stock_predict),
        "kdxf": (step, train, ours["predict"]),
    }
    print(f"\n{size} px, images/s")
    for name, rates in rows.items():
        print(f"  {name:14s} step {rates[0]:7.1f}  train {rates[1]:7.1f}  predict {rates[2]:7.1f}")
    print(f"  kdxf with text step {ours['moe_r18 step']:7.1f}  train {ours['moe_r18 train']:7.1f}")
    print(f"  training: {train / plain_train:.2f} x plain loop, {train / stock_train:.2f} x MMPretrain")
    print(f"  prediction: {ours['predict'] / stock_predict:.2f} x MMPretrain")
    print(f"  kdxf's loop costs {100 * (step / train - 1):.1f} % over its bare step")
    print(f"  text costs {100 * (step / ours['moe_r18 step'] - 1):.1f} % of a bare step")


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 64])
    parser.add_argument("--steps", type=int, default=60)
    args = parser.parse_args()
    init_default_scope("kdxf")
    torch.set_num_threads(os.cpu_count() or 1)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    for size in args.sizes:
        plain = reference(args.references / "plain_loop.py", args.root, size, args.steps)
        stock = reference(args.references / "mmpretrain_loop.py", args.root, size, args.steps)
        with tempfile.TemporaryDirectory() as work_dir:
            report(size, kdxf_rates(size, args.steps, work_dir), plain, stock)


if __name__ == "__main__":
    main()
