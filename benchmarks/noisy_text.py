"""The robustness of word vectors and noise augmentation to misread text: text-only training, scored under noise.

    python benchmarks/noisy_text.py configs/grocery/text_word2vec.py STORE [STORE ...] --fold data/grocery/folds/s0 ...

For each store of word vectors (tools/word2vec.py) the config is trained as it is, and with ConfuseCharacters in the
training pipeline, on each fold (a folder with train.csv and val.csv) with each seed. It is scored on the fold's val.csv
as it is read, and with each character of every line misread at the given rates; kdxf.text.spelling.ocr_noise makes the
noise, the same for all models. Top-1 in percent, mean and standard deviation over the runs. The results are in
docs/text.md."""

import argparse
import copy
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from kdxf.apis.test import test
from kdxf.apis.train import train
from kdxf.engine.config import load_config

TRAINING_RATE = 0.1
SCORE = "accuracy/top1"


def with_store(cfg: Config, store: str) -> None:
    """Make every pipeline of a config look up words in another store."""
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        for transform in loader.dataset.pipeline:
            if transform["type"] == "LookUpWordVectors":
                transform["vectors"] = store


def with_noise(pipeline: list[dict[str, Any]], rate: float, prob: float) -> list[dict[str, Any]]:
    """Insert noise before the first transform of a text pipeline."""
    return [dict(type="ConfuseCharacters", prob=prob, rate=rate), *pipeline]


def run(cfg: Config, fold: Path, seed: int, augment: bool, rates: list[float]) -> list[float]:
    """Train once and score the last epoch at each rate."""
    cfg = copy.deepcopy(cfg)
    cfg.train_dataloader.dataset.ann_file = str((fold / "train.csv").absolute())
    cfg.val_dataloader.dataset.ann_file = str((fold / "val.csv").absolute())
    cfg.test_dataloader, cfg.test_evaluator = copy.deepcopy(cfg.val_dataloader), cfg.val_evaluator
    cfg.default_hooks.checkpoint.update(interval=-1, save_last=True, save_best=None, save_optimizer=False)
    cfg.log_level = "WARNING"
    if augment:
        cfg.train_dataloader.dataset.pipeline = with_noise(cfg.train_dataloader.dataset.pipeline, TRAINING_RATE, 0.5)
    scores = []
    with tempfile.TemporaryDirectory() as work_dir:
        cfg.work_dir = work_dir
        checkpoint = train(cfg, validate=False, seed=seed).checkpoint
        plain = cfg.test_dataloader.dataset.pipeline
        for rate in rates:
            cfg.test_dataloader.dataset.pipeline = with_noise(plain, rate, 1.0) if rate else plain
            cfg.test_dataloader.num_workers, cfg.test_dataloader.persistent_workers = 0, False
            np.random.seed(0)  # the noise is that of every other model
            scores.append(test(cfg, checkpoint)[SCORE])
    return scores


def main() -> None:
    """Print a Markdown table with a row per store and way of training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="a text-only config")
    parser.add_argument("stores", nargs="+", help="folders of word vectors, of the width that the config says")
    parser.add_argument("--fold", nargs="+", type=Path, required=True, help="folders with train.csv and val.csv")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rates", nargs="+", type=float, default=[0.0, 0.1, 0.2, 0.3])
    args = parser.parse_args()
    print("| word vectors | training |" + "".join(f" {rate:g} |" for rate in args.rates))
    print("|---|---|" + "---|" * len(args.rates))
    for store in args.stores:
        cfg = load_config(args.config)
        with_store(cfg, store)
        for augment in (False, True):
            runs = [run(cfg, fold, seed, augment, args.rates) for fold in args.fold for seed in args.seeds]
            cells = [
                f"{statistics.mean(scores):.1f} ± {statistics.stdev(scores) if len(scores) > 1 else 0:.1f}"
                for scores in zip(*runs, strict=True)
            ]
            way = "with noise" if augment else "as read"
            print(f"| {Path(store).name} | {way} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
