"""What columns of a table add to image and text: three draws of the columns of projects/demo/make_columns.py.

    PYTHONPATH=projects/demo python benchmarks/table_columns.py --out /tmp/table

For each seed columns are drawn for the lists of grocery and fitted on the training list (tools/table.py's defaults).
With that seed two configs are trained on the stored features of one view of each picture: moe_lite2_frozen.py, and
moe_lite2_frozen_table.py, which also takes the columns. Against them stands logistic regression on the same features,
TF-IDF and columns (as EncodeTable gives them), with the best of three penalties by the validation images, which favours
it. All predict the same validation images. Top-1 in percent, with the paired difference and its standard error. The
results are in docs/own-data.md.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from sklearn.linear_model import LogisticRegression

from kdxf.apis.test import test
from kdxf.apis.train import train
from kdxf.data.table.fit import fit_columns
from kdxf.engine.config import building, load_config
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf.io.predictions import read_predictions
from kdxf.registry import DATASETS
from make_columns import add_columns

COLUMNS = ("price", "shop", "organic", "sold_on")
PENALTIES = (1.0, 10.0, 100.0)
CONFIG = "configs/grocery/moe_lite2_frozen{}.py"


def load(name: str, folder: Path, work_dir: Path) -> Config:
    """Return a config on the lists of a folder, with its table."""
    cfg = load_config(CONFIG.format(name))
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        list_name = Path(loader.dataset.ann_file).name
        loader.dataset.ann_file = str((folder / list_name).absolute())
        for step in loader.dataset.pipeline:
            if step["type"] == "EncodeTable":
                step["file"] = str(folder / "table.json")
            elif step["type"] == "LoadFeature":  # one view of each picture, which tools/analysis/baselines.py keeps
                step.update(folder="work_dirs/features/baselines", train_image=[], views=0)
    cfg.work_dir = str(work_dir)
    cfg.log_level = "WARNING"
    cfg.default_hooks.checkpoint.update(interval=-1, save_last=True, save_best=None, save_optimizer=False)
    return cfg


def hits(cfg: Config, checkpoint: Path, out: Path, without: str | None = None) -> np.ndarray:
    """Return which validation images a checkpoint gets right, bool (n,)."""
    test(cfg, checkpoint, out=out, without=without)
    found = read_predictions(out)
    return np.asarray(found.scores.argmax(axis=1) == found.labels)


def features(cfg: Config, loader: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return image feature, TF-IDF and table of a list by the test pipeline, and its labels."""
    config: Any = copy.deepcopy(cfg.test_dataloader.dataset)
    config.ann_file = cfg[loader].dataset.ann_file
    with building(cfg):
        dataset = DATASETS.build(config)
    rows = [dataset[index] for index in range(len(dataset))]
    parts = {
        key: np.stack([row["inputs"][key].flatten().float().numpy() for row in rows])
        for key in ("img", "tfidf", "table")
    }
    return parts, dataset.get_gt_labels()


def regression(cfg: Config, keys: tuple[str, ...]) -> np.ndarray:
    """Return which validation images logistic regression gets right."""
    (train_parts, train_labels), (val_parts, val_labels) = (
        features(cfg, "train_dataloader"),
        features(cfg, "val_dataloader"),
    )

    def joined(parts: dict[str, np.ndarray]) -> np.ndarray:
        unit = {
            key: part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9) for key, part in parts.items()
        }
        return np.concatenate([unit[key] for key in keys], axis=1)

    best = np.zeros(len(val_labels), bool)
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=400).fit(joined(train_parts), train_labels)
        right = model.predict(joined(val_parts)) == val_labels
        best = right if right.sum() > best.sum() else best
    return best


def main() -> None:
    """Train, test and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    rows: dict[str, list[np.ndarray]] = {}
    for seed in args.seeds:
        folder = args.out / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("train.csv", "val.csv"):
            write_annotations(add_columns(read_annotations(Path("data/grocery", name)), seed), folder / name)
        fit_columns(folder / "train.csv", COLUMNS).save(folder / "table.json")
        for label, name in (("image, text", ""), ("image, text, table", "_table")):
            cfg = load(name, folder, folder / f"run{name}")
            train(cfg, validate=False, seed=seed)
            checkpoint = folder / f"run{name}" / f"epoch_{cfg.train_cfg.max_epochs}.pth"
            rows.setdefault(label, []).append(hits(cfg, checkpoint, folder / f"val{name}.parquet"))
            if name:
                alone = hits(cfg, checkpoint, folder / "without.parquet", without="table")
                rows.setdefault("image, text, table, tested without the table", []).append(alone)
                for keys in (("table",), ("img", "tfidf"), ("img", "tfidf", "table")):
                    rows.setdefault(f"logistic regression on {', '.join(keys)}", []).append(regression(cfg, keys))
    reference = np.concatenate(rows["image, text, table"])
    for label, parts in rows.items():
        each = " ".join(f"{100 * part.mean():.1f}" for part in parts)
        difference = reference.astype(float) - np.concatenate(parts)
        error = 100 * difference.std() / np.sqrt(len(difference))
        mean = 100 * np.mean([part.mean() for part in parts])
        print(f"{label:<48}{mean:6.1f}  ({each})  with the table {100 * difference.mean():+.1f} (+-{error:.1f})")


if __name__ == "__main__":
    main()
