"""What a training sample costs the loader, stage by stage, in processor time of one thread.

    python benchmarks/loader.py CONFIG [--samples 1000] [--workers 1 2 ...] [--cfg-options KEY=VALUE ...]

Each stage is one transform of ``train_dataloader``'s pipeline. Besides there are ``seed``, the random numbers of the
sample, and ``row``, its annotation and OCR text; ``sample`` is the sum so far. ``collate`` makes a batch, ``normalize``
is the model's data preprocessor, and ``layout`` the model's step to ``channels_last``: those of a batch, divided by its
size. Figures are medians over samples in shuffled order, after one pass that fills caches, and count the processor time
of this process alone; other work on the machine still slows it down, by what it takes of caches and memory.

With ``--workers`` it also prints how many samples a second so many loader processes make, by the clock: the median of
three passes over the training set, after one that starts the processes.

docs/benchmarks.md has the figures of two commits. To measure another one, run this file in its checkout.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import DictAction
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from kdxf.datasets.collate import collate_function
from kdxf.engine.config import load_config, set_loader_defaults
from kdxf.engine.sample_seeds import SeededSamples
from kdxf.registry import DATASETS


def timed(stages: dict[str, list[float]], name: str, work: Callable[..., Any], *args: Any, share: int = 1) -> Any:
    """Call ``work``, and add its processor time in microseconds, divided by ``share``, to a stage."""
    start = time.process_time()
    result = work(*args)
    stages[name].append((time.process_time() - start) * 1e6 / share)
    return result


def together(image: torch.Tensor) -> torch.Tensor:
    """Return images in the memory order of a ``channels_last`` model."""
    return image.contiguous(memory_format=torch.channels_last)


class Nothing:
    """A dataset without samples, to time the seeding alone."""

    def __getitem__(self, index: int) -> None:
        return None


def measure(config: str, samples: int, options: dict[str, Any] | None) -> tuple[dict[str, float], int]:
    """Return the median of each stage in microseconds, and the number of pixels on the edge of an input."""
    cfg = load_config(config, options)
    init_default_scope("kdxf")
    loader = cfg.train_dataloader
    dataset = DATASETS.build(loader.dataset)
    preprocessor = MODELS.build({"type": "ImageTextDataPreprocessor", **cfg.model.get("data_preprocessor", {})})
    preprocessor = MODELS.build(cfg.data_preprocessor) if "data_preprocessor" in cfg else preprocessor
    collate, seeding = collate_function(loader), SeededSamples(Nothing())
    order = np.random.default_rng(0).permutation(np.arange(samples) % len(dataset)).tolist()
    edge = 0
    for _ in range(2):  # the first fills caches
        stages: dict[str, list[float]] = defaultdict(list)
        batch: list[Any] = []
        for index in order:
            total = 0.0
            timed(stages, "seed", seeding.__getitem__, (index, (0, 0, index, 0, 0)))
            results = timed(stages, "row", dataset.get_data_info, index)
            total = stages["seed"][-1] + stages["row"][-1]
            for transform in dataset.pipeline.transforms:
                name = type(transform).__name__
                results = timed(stages, name, transform, results)
                total += stages[name][-1]
            stages["sample"].append(total)
            batch.append(results)
            if len(batch) == loader.batch_size:
                packed = timed(stages, "collate", collate, batch, share=len(batch))
                ready = timed(stages, "normalize", preprocessor, packed, True, share=len(batch))
                image = ready["inputs"].get("img") if isinstance(ready["inputs"], dict) else ready["inputs"]
                if image is not None:
                    edge = image.shape[-1]
                    timed(stages, "layout", together, image, share=len(batch))
                batch = []
    return {name: statistics.median(values) for name, values in stages.items()}, edge


def samples_per_second(config: str, workers: int, options: dict[str, Any] | None) -> float:
    """Return the rate of the training loader with a number of processes."""
    cfg = load_config(config, options)
    cfg.train_dataloader.update(num_workers=workers, persistent_workers=True)
    set_loader_defaults(cfg)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    rates = []
    for _ in range(4):
        start = time.perf_counter()
        batches = sum(1 for _ in loader)
        rates.append(batches * cfg.train_dataloader.batch_size / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def main() -> None:
    """Print a table of the stages, and the rates of several processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="+", default=[], help="numbers of loader processes to measure")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    stages, edge = measure(args.config, args.samples, args.cfg_options)
    print(f"{args.config}, {edge} px, microseconds of one thread, medians of {args.samples} samples")
    for name, value in stages.items():
        print(f"  {name:<20} {value:8.1f}")
    for workers in args.workers:
        rate = samples_per_second(args.config, workers, args.cfg_options)
        print(f"  {workers} loader processes: {rate:8.1f} samples/s", flush=True)


if __name__ == "__main__":
    main()
