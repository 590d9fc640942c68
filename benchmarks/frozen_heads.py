"""Configs on frozen features against the first of them, fold by fold and seed by seed, in seconds a training.

    python benchmarks/frozen_heads.py configs/grocery/text_tfidf.py configs/grocery/text_tfidf_misread.py \\
        --folds folds/fold_0 folds/fold_1 folds/fold_2 [--seeds 0 1] [--misread 0.1]

tools/analysis/compare_seeds.py prepares each sample anew in each epoch. Here a config's training pipeline runs a few
times for each image (--views), and every epoch draws one of the results; what configs share is prepared once. Loss,
optimizer, learning rate and number of epochs are the config's, with a warm-up of one epoch and a cosine. Folders of
folds hold train.csv and val.csv. With --misread the texts of val.csv are scored once more, with so many of their
characters misread.

Prints top-1 in percent, mean and standard deviation over folds and seeds, and the paired difference to the first
config.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.logging import MMLogger

import kdxf.registry  # noqa: F401  (before the host, which it quietens)
from kdxf.engine.config import building, load_config, model_config
from kdxf.registry import DATASETS, MODELS

Views = list[list[dict[str, Any]]]


def views_of(cfg: Config, image_list: str, loader: str, count: int, misread: float = 0.0) -> Views:
    """Run a pipeline ``count`` times for each image of a list."""
    dataset = dict(cfg[loader].dataset, ann_file=image_list, test_mode=False)
    if misread:
        pipeline = list(dataset["pipeline"])
        place = next(index for index, step in enumerate(pipeline) if step["type"] == "TokenizeOCR")
        pipeline.insert(place, dict(type="ConfuseCharacters", prob=1.0, rate=misread))
        dataset["pipeline"] = pipeline
    with building(cfg):
        built = DATASETS.build(dataset)
    np.random.seed(0)
    return [[built[index] for _ in range(count)] for index in range(len(built))]


def train(cfg: Config, samples: Views, seed: int) -> Any:
    """Train the model of a config on prepared samples."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    with building(cfg):
        model = MODELS.build(model_config(cfg))
    model.init_weights()
    settings = dict(cfg.optim_wrapper.optimizer)
    optimizer = getattr(torch.optim, settings.pop("type"))(model.parameters(), **settings)
    size, epochs = cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs
    steps = len(samples) // size
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(step / steps, (1 + math.cos(math.pi * (step - steps) / (steps * (epochs - 1)))) / 2) + 1e-3,
    )
    model.train()
    for _ in range(epochs):
        order = random.permutation(len(samples))
        for step in range(steps):
            batch = [samples[row][random.integers(len(samples[row]))] for row in order[step * size :][:size]]
            data = model.data_preprocessor(default_collate(batch), True)
            loss, _ = model.parse_losses(model(**data, mode="loss"))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


@torch.no_grad()
def accuracy(model: Any, samples: Views) -> float:
    """Return top-1 in percent."""
    data = model.data_preprocessor(default_collate([views[0] for views in samples]), False)
    answers = model(**data, mode="predict")
    return 100 * float(np.mean([int(one.pred_label) == int(one.gt_label) for one in answers]))


def main() -> None:
    """Train all configs on all folds with all seeds, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", metavar="CONFIG")
    parser.add_argument("--folds", nargs="+", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--views", type=int, default=4, help="results of the training pipeline for each image")
    parser.add_argument("--misread", type=float, default=0.0, metavar="RATE")
    args = parser.parse_args()
    MMLogger.get_instance("mmengine", log_level="WARNING")
    rows, made = [], {}

    def prepared(*wanted: Any) -> Views:
        key = str((wanted[0][wanted[2]].dataset, wanted[1:]))
        if key not in made:
            made[key] = views_of(*wanted)
        return made[key]

    for fold in args.folds:
        made.clear()
        lists = [str((fold / name).absolute()) for name in ("train.csv", "val.csv")]
        for config in args.configs:
            cfg = load_config(config)
            tests = {"as read": prepared(cfg, lists[1], "val_dataloader", 1)}
            if args.misread:
                tests["misread"] = prepared(cfg, lists[1], "val_dataloader", 1, args.misread)
            samples = prepared(cfg, lists[0], "train_dataloader", args.views)
            for seed in args.seeds:
                model = train(cfg, samples, seed)
                for name, test in tests.items():
                    rows.append((Path(config).stem, name, fold.name, seed, accuracy(model, test)))
                    print(*rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["config", "text", "fold", "seed", "top-1"])
    first = table[table["config"] == Path(args.configs[0]).stem]
    table = table.merge(first, on=["text", "fold", "seed"], suffixes=("", " of first"))
    table["difference"] = table["top-1"] - table["top-1 of first"]
    print(table.groupby(["config", "text"], sort=False)[["top-1", "difference"]].agg(["mean", "std"]).round(1))


if __name__ == "__main__":
    main()
