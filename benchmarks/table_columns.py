"""What columns of a table add to image and text: three draws of the columns of projects/demo/make_columns.py.

    PYTHONPATH=projects/demo python benchmarks/table_columns.py --out /tmp/table

For each seed columns are drawn for the lists of grocery and fitted on the training list (tools/table.py's defaults).
With that seed the models of two configs are trained, moe_lite2_frozen.py and moe_lite2_frozen-table.py, the latter with
the columns too: by their optimizer, epochs and dropped modalities, but on one view of each picture and on all words of
its text, so that the inputs are computed once and a training takes seconds. Against them stands logistic regression on
the same features, TF-IDF and columns (as EncodeTable gives them), each part of unit length, with the best of three
penalties by the validation images, which favours it. All predict the same validation images. Top-1 in percent, with the
paired difference and its standard error. The results are in docs/own-data.md.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from make_columns import add_columns
from mmpretrain.structures import DataSample
from sklearn.linear_model import LogisticRegression

from kdxf.data.table.fit import fit_columns
from kdxf.engine.config import building, load_config, model_config
from kdxf.io.annotations import read_annotations, write_annotations
from kdxf.registry import DATASETS, MODELS
from kdxf_runtime.table_columns import TableColumns

COLUMNS = ("price", "shop", "organic", "sold_on")
PENALTIES = (1.0, 10.0, 100.0)
CONFIG = "configs/grocery/moe_lite2_frozen{}.py"
DROPPED = 0.1  # probability of each modality, as DropModality of the configs has it
Inputs = dict[str, torch.Tensor]


def encode(name: str) -> tuple[Inputs, np.ndarray]:
    """Return the inputs of a list of grocery, image and text, and its labels."""
    cfg = load_config(CONFIG.format(""))
    config: Any = copy.deepcopy(cfg.val_dataloader.dataset)
    config.ann_file = name
    for step in config.pipeline:
        if step["type"] == "LoadFeature":  # one view of each picture, which tools/analysis/baselines.py keeps
            step.update(folder="work_dirs/features/baselines", train_image=[], views=0)
    with building(cfg):
        dataset = DATASETS.build(config)
    rows = [dataset[index]["inputs"] for index in range(len(dataset))]
    inputs = {key: torch.stack([row[key] for row in rows]).float() for key in ("img", "tfidf", "tfidf_weight")}
    with building(cfg):
        blank = DATASETS.build({**config, "pipeline": config.pipeline[:1]})[0]["img_blank"]
    return {**inputs, "blank": torch.from_numpy(blank.transpose(2, 0, 1))}, dataset.get_gt_labels()


def encode_table(path: Path, columns: TableColumns) -> torch.Tensor:
    """Return the table of a list, (n, D)."""
    frame = read_annotations(path, as_written=COLUMNS)[list(COLUMNS)].astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    return torch.from_numpy(np.stack([columns.encode(row) for row in rows]))


def fit(name: str, inputs: Inputs, labels: np.ndarray, seed: int) -> Any:
    """Train the model of a config."""
    cfg = load_config(CONFIG.format(name))
    torch.manual_seed(seed)
    with building(cfg):
        model: Any = MODELS.build(model_config(cfg))
    model.init_weights()
    if "table" in inputs:
        columns, found = inputs["table"].size(1), model.table_encoder.in_channels
        if columns != found:
            raise SystemExit(f"the table has {columns} numbers and the config {found}")
    settings = {key: value for key, value in cfg.optim_wrapper.optimizer.items() if key != "type"}
    optimizer = torch.optim.AdamW(model.parameters(), **settings)
    batch, epochs = cfg.train_dataloader.batch_size, cfg.train_cfg.max_epochs
    steps = epochs * (len(labels) // batch)
    warm_up = steps // epochs

    def rate(step: int) -> float:
        if step < warm_up:
            return 0.02 + 0.98 * step / warm_up
        return 0.5 * (1 + float(np.cos(np.pi * (step - warm_up) / (steps - warm_up))))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    samples = [DataSample().set_gt_label(int(label)) for label in labels]
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(batch):
            if len(rows) < batch:
                continue
            losses = model.loss(dropped(inputs, rows), [samples[row] for row in rows.tolist()])
            optimizer.zero_grad()
            sum(value for key, value in losses.items() if "loss" in key).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            schedule.step()
    return model.eval()


def dropped(inputs: Inputs, rows: torch.Tensor) -> Inputs:
    """Return a batch, of each sample at most one modality dropped, as by DropModality."""
    batch = {key: value[rows] for key, value in inputs.items() if key != "blank"}
    draw = torch.rand(len(rows))
    image = draw < DROPPED
    image &= (batch["tfidf_weight"][:, 0] > 0) | ("table" in batch and (batch["table"] != 0).any(dim=1))
    batch["img"][image] = inputs["blank"]
    batch["tfidf_weight"][(draw >= DROPPED) & (draw < 2 * DROPPED)] = 0
    if "table" in batch:
        batch["table"][(draw >= 2 * DROPPED) & (draw < 3 * DROPPED)] = 0
    return batch


@torch.inference_mode()
def hits(model: Any, inputs: Inputs, labels: np.ndarray) -> np.ndarray:
    """Return which images a model gets right, bool (n,)."""
    scores = model({key: value for key, value in inputs.items() if key != "blank"})
    return np.asarray(scores.argmax(dim=1).numpy() == labels)


def regression(train: Inputs, train_labels: np.ndarray, val: Inputs, labels: np.ndarray, keys: list[str]) -> np.ndarray:
    """Return which images logistic regression gets right, bool (n,)."""

    def joined(inputs: Inputs) -> np.ndarray:
        return np.concatenate([torch.nn.functional.normalize(inputs[key].flatten(1)).numpy() for key in keys], axis=1)

    fitted = [LogisticRegression(C=one, max_iter=300).fit(joined(train), train_labels) for one in PENALTIES]
    found = [np.asarray(one.predict(joined(val)) == labels) for one in fitted]
    return max(found, key=np.sum)


def main() -> None:
    """Train, test and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the lists with columns")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    (train, train_labels), (val, labels) = (encode(f"{name}.csv") for name in ("train", "val"))
    lists = {name: read_annotations(Path("data/grocery", f"{name}.csv")) for name in ("train", "val")}
    rows: dict[str, list[np.ndarray]] = {}

    def keep(name: str, right: np.ndarray) -> None:
        rows.setdefault(name, []).append(right)
        print(f"{len(rows[name])}. {name}: {100 * right.mean():.1f}", flush=True)

    for seed in args.seeds:
        paths = {name: args.out / str(seed) / f"{name}.csv" for name in lists}
        for name, frame in lists.items():
            paths[name].parent.mkdir(parents=True, exist_ok=True)
            write_annotations(add_columns(frame, seed), paths[name])
        columns = fit_columns(paths["train"], COLUMNS)
        with_table = {**train, "table": encode_table(paths["train"], columns)}
        val_table = {**val, "table": encode_table(paths["val"], columns)}
        keep("image, text", hits(fit("", train, train_labels, seed), val, labels))
        model = fit("-table", with_table, train_labels, seed)
        keep("image, text, table", hits(model, val_table, labels))
        emptied = {**val_table, "table": torch.zeros_like(val_table["table"])}
        keep("image, text, table, tested without the table", hits(model, emptied, labels))
        for keys in (["table"], ["img", "tfidf"], ["img", "tfidf", "table"]):
            right = regression(with_table, train_labels, val_table, labels, keys)
            keep(f"logistic regression on {', '.join(keys)}", right)
    reference = np.concatenate(rows["image, text, table"]).astype(float)
    for name, parts in rows.items():
        each = " ".join(f"{100 * part.mean():.1f}" for part in parts)
        difference = 100 * (reference - np.concatenate(parts))
        error = difference.std() / np.sqrt(len(difference))
        mean = 100 * np.mean([part.mean() for part in parts])
        print(f"{name:<48}{mean:6.1f}  ({each})  the table has {difference.mean():+.1f} (+-{error:.1f}) more")


if __name__ == "__main__":
    main()
