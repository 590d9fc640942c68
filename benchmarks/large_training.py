"""The memory of training on one million rows of 50,030 classes, for a hundred steps.

    python benchmarks/large_training.py [--rows 1000000] [--classes 50030] [--steps 100] [--workers 2] [--batch 64]
                                        [--pictures 4000]

Makes the files of ``dataset_memory.py`` in a temporary folder and trains a model of the text alone: word vectors, an
encoder of 512 channels, a linear classifier, focal loss without smoothing, rare classes repeated, SGD with momentum.
With ``--pictures`` a ResNet-18 of 32 pixels sees a picture of each row as well, one of so many JPEG files of 48 pixels,
and its features are joined with those of the text. Memory is that of all processes together, torch included, looked at
after each step; shared pages count once.

Measured on two shared Xeon cores (load 18), torch 2.14, OMP_NUM_THREADS=1: 2.52 GiB at most; 70 s of processor
time in the main process, opening included; loss 10.87. With ``--pictures 4000`` (load 10): 2.66 GiB at most; 104 s;
loss 10.97.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dataset_memory import DIM, loader_config, make_files, total_memory
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.hooks import Hook

from kdxf.apis.train import train
from kdxf.registry import HOOKS, TRANSFORMS

CHANNELS = 512
STORED, SEEN = 48, 32  # pixels


@TRANSFORMS.register_module()
class PictureOfRow(BaseTransform):
    """Give each row one of a few pictures, in place of the one that it names."""

    def __init__(self, folder: str, count: int) -> None:
        self.folder = folder
        self.count = count

    def transform(self, results: dict) -> dict:
        """Set the path."""
        return {**results, "img_path": f"{self.folder}/{results['sample_idx'] % self.count}.jpg"}


def make_pictures(folder: Path, count: int) -> None:
    """Write pictures of noise."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(count):
        cv2.imwrite(f"{folder}/{number}.jpg", random.integers(0, 256, (STORED, STORED, 3), dtype=np.uint8))


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
    head = dict(type="LinearClsHead", num_classes=args.classes, in_channels=CHANNELS, loss=loss)
    text_encoder = dict(type="Word2VecEncoder", in_channels=DIM, hidden_channels=256, out_channels=CHANNELS)
    model = dict(type="ImageTextClassifier", text_encoder=text_encoder, head=head)
    if args.pictures:
        image_backbone = dict(type="ResNet", depth=18, num_stages=4, out_indices=(3,), style="pytorch")
        model.update(image_backbone=image_backbone, image_neck=dict(type="GlobalAveragePooling"))
        model.update(fusion=dict(type="ConcatFusion"), head=head | {"in_channels": 2 * CHANNELS}, channels_last=True)
        loader["dataset"]["dataset"]["pipeline"][:0] = [
            dict(type="PictureOfRow", folder=str(root / "pictures"), count=args.pictures),
            dict(type="LoadImage"),
            dict(type="RandomResizedCrop", scale=SEEN),
            dict(type="RandomFlip", prob=0.5, direction="horizontal"),
        ]
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
    parser.add_argument("--pictures", type=int, default=0, metavar="N", help="N pictures for an image backbone")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"  # of large tables
        root = Path(folder)
        maker = multiprocessing.get_context("fork").Process(target=make_files, args=(root, args.rows, args.classes))
        maker.start()
        maker.join()
        if maker.exitcode:
            return
        if args.pictures:
            make_pictures(root / "pictures", args.pictures)
        start, processor = time.perf_counter(), time.process_time()
        result = train(config(root, args))
        print(f"{args.rows} rows, {args.classes} classes, {args.steps} steps of {args.batch}, {args.workers} workers")
        print(f"most memory after a step, all processes: {MemoryHook.most / 1024:.2f} GiB")
        print(f"first step done after {MemoryHook.first - start:.0f} s; in all {time.process_time() - processor:.0f} s "
              f"of processor time in the main process; loss {result.loss:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
