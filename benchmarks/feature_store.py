"""Stored features: images a second for loading, for encoding and for both, and seconds to refit heads.

    python benchmarks/feature_store.py CONFIG [--images 200] [--workers 0 1 2] [--threads 2] [--heads 10]

CONFIG trains on stored image features, such as configs/grocery/image_lite2_frozen.py. The first images of its training
list are loaded with all their views, then encoded, then both at once into a store that is thrown away, with each number
of loading processes. If loading alone is several times as fast as encoding alone, one process feeds the encoder, and
more of them take its cores. Then heads are trained one after another by CONFIG as it is, each with another seed, on
features that tools/features.py has computed; the start of Python and the imports count once.

Not measured yet on a quiet machine.
"""

import argparse
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch.utils.data import DataLoader

from kdxf.apis.features import compute_features
from kdxf.apis.train import train
from kdxf.datasets.feature_store import FeatureStore
from kdxf.engine.config import building, load_config
from kdxf.registry import DATASETS


def image_settings(node: Any) -> dict[str, Any]:
    """Return the settings of the training loader's store, a step ``LoadFeature``."""
    if isinstance(node, dict) and node.get("type") == "LoadFeature":
        return {key: value for key, value in node.items() if key not in ("type", "train", "folder")}
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ()
    return next(filter(None, map(image_settings, values)), {})


def measure_store(cfg: Config, count: int, workers: list[int]) -> None:
    """Print images a second of loading, of encoding, and of both."""
    settings = image_settings(cfg.train_dataloader.dataset)
    with building(cfg):
        dataset: Any = DATASETS.build(cfg.train_dataloader.dataset)
        images = list(
            dict.fromkeys(dataset.get_data_info(index)["img_path"] for index in range(min(count, len(dataset))))
        )
        with tempfile.TemporaryDirectory() as folder:
            store = FeatureStore(folder, **settings)
            print(f"{len(images)} images of {store.views} views, {torch.get_num_threads()} threads")
            start = time.perf_counter()
            pixels = [views for views, _ in DataLoader(store._views(images, True), batch_size=None)]
            print(f"loading alone, one process: {len(images) / (time.perf_counter() - start):.1f} images/s")
            store._encode(pixels[0])  # builds the model
            start = time.perf_counter()
            for views in pixels:
                store._encode(views)
            print(f"encoding alone: {len(images) / (time.perf_counter() - start):.1f} images/s")
            for number in workers:
                one = FeatureStore(Path(folder, str(number)), **settings)
                one._model = store._model
                start = time.perf_counter()
                one.compute(images, workers=number, progress=False)
                print(f"store, {number} loading processes: {len(images) / (time.perf_counter() - start):.1f} images/s")


def measure_heads(config: str, count: int) -> None:
    """Print the seconds that heads take."""
    compute_features(load_config(config))
    with tempfile.TemporaryDirectory() as folder:
        start, used = time.perf_counter(), time.process_time()
        for seed in range(count):
            begin = time.perf_counter()
            options = {"randomness.seed": seed, "work_dir": str(Path(folder, str(seed))), "log_level": "WARNING"}
            train(load_config(config, options))
            print(f"head {seed}: {time.perf_counter() - begin:.1f} s", flush=True)
        passed, used = time.perf_counter() - start, time.process_time() - used
        print(f"{count} heads: {passed:.1f} s, {used:.1f} s of processor time")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="a config with LoadFeature")
    parser.add_argument("--images", type=int, default=200, help="images to load and encode; 0 leaves this out")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="loading processes to compare")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--heads", type=int, default=10, help="heads to train; 0 leaves this out")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}")
    if args.images:
        measure_store(load_config(args.config), args.images, args.workers)
    if args.heads:
        measure_heads(args.config, args.heads)


if __name__ == "__main__":
    main()
