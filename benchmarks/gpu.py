"""What the flagship does on a GPU: ResNet-101 + word vectors + mixture of experts, at 224 px. At most five minutes.

    python benchmarks/gpu.py [--out gpu.md] [--batch 64] [--workers 8]
    python benchmarks/gpu.py --smoke          (any machine, a tiny model: does everything run?)

The pictures are drawn, the weights random. Measured, one row each, and written as a table:

- compute alone: training steps on one batch that lies on the device, in float32 and bfloat16, with and without
  ``channels_last``, with random colours, and with the image backbone compiled; median of the steps, and the peak of the
  device's memory;
- the loader alone, with ``--workers`` processes: decoding, cropping, tokenizing, look-up; and with random colours,
  changed there or left to the device;
- both together, as ``tools/train.py`` runs them: close to the lower of the two is what to expect;
- ``tools/dist_train.sh CONFIG 1``, which starts NCCL (gloo without a GPU): seconds for an epoch, start included;
- mixed precision that is resumed: one epoch, then a second by ``--resume``. float16 with loss scaling on a GPU, which
  goes on with the scale of the checkpoint; bfloat16 without.

Not measured yet: no GPU was at hand. The tests run ``--smoke``.
"""

import argparse
import copy
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from kdxf.apis.train import TrainResult, train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import building, load_config, set_loader_defaults
from kdxf.engine.runner import open_runner
from kdxf.io.annotations import write_annotations, write_classes
from kdxf.io.pages import markdown_table
from kdxf.registry import HOOKS
from kdxf.smoke.made_up_data import WORDS, write_vectors
from kdxf_runtime.io.files import write_whole

REPO = Path(__file__).resolve().parents[1]
GPU = torch.cuda.is_available()
FLOAT32 = dict(type="OptimWrapper")
BFLOAT16 = dict(type="AutocastOptimWrapper", dtype="bfloat16")
# Name of a row -> optimizer wrapper, channels_last, whether the backbone is compiled, whether colours are changed.
STEPS = {
    "float32": (FLOAT32, False, False, False),
    "float32, channels_last": (FLOAT32, True, False, False),
    "bfloat16": (BFLOAT16, False, False, False),
    "bfloat16, channels_last": (BFLOAT16, True, False, False),
    "bfloat16, channels_last, colours changed": (BFLOAT16, True, False, True),
    "bfloat16, channels_last, compiled": (BFLOAT16, True, True, False),
}


def make_data(root: Path, images: int, size: int) -> None:
    """Write ``images`` drawn JPEGs, a list with texts, classes and word vectors."""
    random = np.random.default_rng(0)
    (root / "images").mkdir(parents=True)
    for index in range(images):
        light = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        light.resize((size * 3 // 2, size), Image.Resampling.BICUBIC).save(root / "images" / f"{index}.jpg", quality=85)
    rows = {
        "image": [f"{index}.jpg" for index in range(images)],
        "label": random.integers(0, 137, images),
        "text": [" ".join(random.choice(WORDS, 20)) for _ in range(images)],
    }
    write_annotations(pd.DataFrame(rows), root / "train.csv")
    write_classes(map(str, range(137)), root / "classes.txt")
    write_vectors(root / "vectors", 200)


def make_config(root: Path, args: argparse.Namespace) -> Config:
    """Return the flagship's config on the drawn data, without validation, a checkpoint after each epoch."""
    cfg = load_config(REPO / "configs" / "moe_r101.py")
    cfg.model.image_backbone.init_cfg = None
    cfg.data_preprocessor.num_classes = cfg.model.head.num_classes
    loader = cfg.train_dataloader
    loader.batch_size, loader.num_workers = args.batch, args.workers
    loader.persistent_workers = args.workers > 0
    dataset = loader.dataset.dataset
    dataset.update(data_root=str(root), data_prefix="images", ocr_file=None)
    for step in dataset.pipeline:
        if step.type == "LookUpWordVectors":
            step.vectors = str(root / "vectors")
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.default_hooks.checkpoint = dict(type="CheckpointHook", interval=1)
    cfg.train_cfg.max_epochs, cfg.train_cfg.val_interval = 1, 10**6
    cfg.param_scheduler = None
    cfg.vis_backends = cfg.visualizer.vis_backends = [dict(type="LocalVisBackend")]
    cfg.log_level = "ERROR"
    cfg.work_dir = str(root / "work")
    if args.smoke:
        cfg.model.image_backbone.update(depth=18, base_channels=4, stem_channels=4)
        cfg.model.head.in_channels += 32 - 2048
        for step in dataset.pipeline:
            if step.type == "RandomResizedCropKeepText":
                step.scale = 32
    return cfg


def timed(step: Callable[[], Any], args: argparse.Namespace) -> float:
    """Return the median seconds of a step, after a warm-up, within the seconds that a row may take."""
    for _ in range(args.warm_up):
        step()
    seconds: list[float] = []
    while len(seconds) < args.least_steps or sum(seconds) < args.seconds:
        start = time.perf_counter()
        step()
        if GPU:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure_step(cfg: Config, name: str, args: argparse.Namespace) -> list[str]:
    """Return a row: images/s and GiB of training steps on one batch."""
    wrapper, channels_last, compiled, colors = STEPS[name]
    cfg = with_colors(cfg, on_device=True) if colors else copy.deepcopy(cfg)
    cfg.optim_wrapper.update(wrapper)
    cfg.model.channels_last = channels_last
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    if GPU:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    with open_runner(cfg) as runner:
        model: Any = runner.model.train()
        optim = runner.build_optim_wrapper(cfg.optim_wrapper)
        batch = next(iter(Runner.build_dataloader(cfg.train_dataloader)))
        batch = model.data_preprocessor.cast_data(batch)
        if compiled:
            model.image_backbone.compile(backend="eager" if args.smoke else "inductor")
        rate = args.batch / timed(lambda: model.train_step(batch, optim), args)
    memory = f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB" if GPU else "no GPU"
    return [f"step, {name}", f"{rate:.1f} images/s", memory]


def with_colors(cfg: Config, on_device: bool) -> Config:
    """Return the config with random colours before the text is prepared."""
    cfg = copy.deepcopy(cfg)
    jitter = dict(type="ColorJitter", brightness=0.3, contrast=0.3, saturation=0.3, backend="cv2", on_device=on_device)
    pipeline = cfg.train_dataloader.dataset.dataset.pipeline
    crop = next(place for place, step in enumerate(pipeline) if step.type.startswith("RandomResizedCrop"))
    pipeline.insert(crop + 1, ConfigDict(jitter))
    return cfg


def measure_loader(cfg: Config, args: argparse.Namespace, name: str = "") -> list[str]:
    """Return a row: images/s of the loader alone, the first batches left out."""
    with building(cfg):
        loader = Runner.build_dataloader(cfg.train_dataloader)
    times = [time.perf_counter() for _ in loader]
    skipped = min(args.workers, len(times) - 2)
    rate = args.batch * (len(times) - 1 - skipped) / (times[-1] - times[skipped])
    return [f"loader, {args.workers} workers{name}", f"{rate:.1f} images/s", ""]


@HOOKS.register_module()
class StampHook(Hook):
    """Hook that records the time at the end of each step."""

    times: ClassVar[list[float]] = []

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Record the time."""
        StampHook.times.append(time.perf_counter())


def measure_training(cfg: Config, root: Path) -> list[str]:
    """Return a row: images/s of the second epoch, as the training loop runs it in bfloat16."""
    cfg = copy.deepcopy(cfg)
    cfg.optim_wrapper.update(BFLOAT16)
    cfg.work_dir = str(root / "loop")
    cfg.train_cfg.max_epochs = 2
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type="StampHook")]
    train(cfg)
    steps = len(StampHook.times) // 2
    seconds = StampHook.times[-1] - StampHook.times[-1 - steps]
    return ["training loop, bfloat16", f"{cfg.train_dataloader.batch_size * steps / seconds:.1f} images/s", ""]


def measure_distributed(cfg: Config, root: Path) -> list[str]:
    """Return a row: seconds of ``tools/dist_train.sh CONFIG 1``."""
    file = root / "config.py"
    cfg.dump(file)
    command = [str(REPO / "tools" / "dist_train.sh"), str(file), "1", "--work-dir", str(root / "distributed")]
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(REPO)}
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return ["dist_train.sh, one process, an epoch", f"{time.perf_counter() - start:.1f} s", ""]


def measure_resume(cfg: Config, root: Path) -> list[str]:
    """Return a row: the losses of an epoch and of a second one that goes on from its checkpoint."""
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(root / "resumed")
    first = train(cfg, amp=True)
    cfg.train_cfg.max_epochs = 2
    second = train(cfg, amp=True, resume=True)
    if second.epoch != 2:
        raise RuntimeError(f"the resumed run ended after epoch {second.epoch}, not 2")
    kind = f"float16, loss scale {scale_of(first):g} then {scale_of(second):g}" if GPU else "bfloat16"
    return [f"resumed training, {kind}", f"loss {first.loss:.3f} then {second.loss:.3f}", ""]


def scale_of(result: TrainResult) -> float:
    """Return the loss scale in the checkpoint of a run."""
    return float(load_checkpoint(str(result.checkpoint))["optimizer"]["loss_scaler"]["scale"])


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gpu.md"))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--smoke", action="store_true", help="a tiny model and few steps, on any machine")
    args = parser.parse_args()
    if not GPU and not args.smoke:
        parser.error("there is no GPU here; --smoke tries everything out on the CPU")
    args.warm_up, args.least_steps, args.seconds, images, size = 5, 10, 8.0, 30 * args.batch, 480
    if args.smoke:
        args.batch, args.workers = 4, 0
        args.warm_up, args.least_steps, args.seconds, images, size = 0, 1, 0.0, 12, 48
    where = torch.cuda.get_device_name() if GPU else platform.processor() or platform.machine()
    head = f"{where}, {os.cpu_count()} cores, torch {torch.__version__}, batch {args.batch}"
    print(head, flush=True)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_data(root, images, size)
        cfg = make_config(root, args)
        set_loader_defaults(cfg)
        ways: list[Callable[[], list[str]]] = [
            *(lambda name=name: measure_step(cfg, name, args) for name in STEPS),
            lambda: measure_loader(cfg, args),
            lambda: measure_loader(with_colors(cfg, on_device=False), args, ", colours changed"),
            lambda: measure_loader(with_colors(cfg, on_device=True), args, ", colours left to the device"),
            lambda: measure_training(cfg, root),
            lambda: measure_distributed(cfg, root),
            lambda: measure_resume(cfg, root),
        ]
        for way in ways:
            rows.append(way())
            print(" | ".join(rows[-1]), flush=True)
    table = markdown_table(["what", "result", "peak memory"], rows)
    write_whole(f"{head}\n\n{table}".encode(), args.out)


if __name__ == "__main__":
    main()
