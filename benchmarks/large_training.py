"""The memory of training on one million rows of 50,030 classes, for a hundred steps.

    python benchmarks/large_training.py [--rows 1000000] [--classes 50030] [--steps 100] [--workers 2] [--batch 64]

Makes the files of ``dataset_memory.py`` in a temporary folder and trains a model of the text alone: word vectors, an
encoder of 512 channels, a linear classifier, focal loss without smoothing, rare classes repeated, SGD with momentum.
Memory is that of all processes together, torch included, looked at after each step; shared pages count once. An image
backbone adds its own, which depends neither on the rows nor on the classes.

Measured on two shared Xeon cores (load 18), torch 2.14, OMP_NUM_THREADS=1: 2.52 GiB at most; 70 s of processor
time in the main process, opening included; loss 10.87.
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

from dataset_memory import DIM, loader_config, make_files, total_memory
from mmengine.config import Config
from mmengine.hooks import Hook

from kdxf.apis.train import train
from kdxf.registry import HOOKS

CHANNELS = 512


@HOOKS.register_module()
class MemoryHook(Hook):
    """Hook that remembers the most memory after a step, in MiB, and when the first step ended."""

    most = 0.0
    first = 0.0

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Look at the memory."""
        MemoryHook.first = MemoryHook.first or time.perf_counter()
        MemoryHook.most = max(MemoryHook.most, total_memory())


def config(root: Path, args: argparse.Namespace) -> Config:
    """Return the config of the training."""
    loader = loader_config(root, args.workers) | {"batch_size": args.batch, "persistent_workers": args.workers > 0}
    loss = dict(type="LabelSmoothFocalLoss", label_smooth_val=0.0)
    model = dict(
        type="ImageTextClassifier",
        text_encoder=dict(type="Word2VecEncoder", in_channels=DIM, hidden_channels=256, out_channels=CHANNELS),
        head=dict(type="LinearClsHead", num_classes=args.classes, in_channels=CHANNELS, loss=loss),
    )
    return Config(
        dict(
            default_scope="kdxf",
            model=model,
            data_preprocessor=dict(type="ImageTextDataPreprocessor", num_classes=args.classes),
            train_dataloader=loader,
            train_cfg=dict(by_epoch=False, max_iters=args.steps),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1, momentum=0.9)),
            default_hooks=dict(checkpoint=None),
            custom_hooks=[dict(type="MemoryHook")],
            work_dir=str(root / "work"),
            log_level="ERROR",
            randomness=dict(seed=0),
        )
    )


def main() -> None:
    """Make the files in a separate process, so that its memory does not count, then train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=50_030)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        maker = multiprocessing.get_context("fork").Process(target=make_files, args=(root, args.rows, args.classes))
        maker.start()
        maker.join()
        if maker.exitcode:
            return
        start, processor = time.perf_counter(), time.process_time()
        result = train(config(root, args))
        print(f"{args.rows} rows, {args.classes} classes, {args.steps} steps of {args.batch}, {args.workers} workers")
        print(f"most memory after a step, all processes: {MemoryHook.most / 1024:.2f} GiB")
        print(f"first step done after {MemoryHook.first - start:.0f} s; in all {time.process_time() - processor:.0f} s "
              f"of processor time in the main process; loss {result.loss:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
