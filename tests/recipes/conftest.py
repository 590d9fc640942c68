"""Files of predictions for the tests of what takes several models."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kdxf.annotations import write_annotations, write_classes
from kdxf.predictions import Predictions, write_predictions


@pytest.fixture
def write(tmp_path):
    """Writes a file of predictions of images ``0.jpg``, ``1.jpg``, ... and gives its path."""

    def write(name, scores, labels=None, order=None, **facts):
        scores = np.array(scores, np.float32)
        images = [f"{index}.jpg" for index in range(len(scores))]
        facts.setdefault("classes", tuple("xyzvw"[: scores.shape[1]]))
        for key in ("predicted", "seen"):
            facts[key] = None if facts.get(key) is None else np.array(facts[key], bool)
        if labels is not None:
            labels = np.array(labels, bool if np.ndim(labels) == 2 else np.int64)
        if order is not None:
            images, scores = [images[index] for index in order], scores[order]
            labels = None if labels is None else labels[order]
        path = tmp_path / f"{name}.parquet"
        write_predictions(Predictions(images, scores, labels=labels, **facts), path)
        return path

    return write


FOLDS_CONFIG = """
_base_ = "tiny.py"
dataset = dict(
    type="OCRTextDataset", data_root="{root}", ann_file="{lists}/all.csv",
    pipeline=[dict(type="LoadImage"), dict(type="PackInputs")],
)
train_dataloader = dict(dataset=dict(_delete_=True, data_prefix="train", **dataset))
val_dataloader = dict(dataset=dict(_delete_=True, data_prefix="train", **dataset))
test_dataloader = dict(dataset=dict(_delete_=True, data_prefix="val", **dataset))
tta_model = dict(type="AverageClsScoreTTA")
tta_pipeline = [
    dict(type="LoadImage"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="RandomFlip", prob=1.0, direction="vertical"), dict(type="RandomFlip", prob=0.0)],
            [dict(type="PackInputs")],
        ],
    ),
]
"""


@pytest.fixture
def folds_lab(tiny_config, tiny_images, tmp_path):
    """``folds.py``, a config on the 24 tiny images; ``lists`` with three folds of them; ``test.csv`` of 12 others."""
    lists, classes = tmp_path / "lists", ("blue", "green 绿", "red")
    rows = [(f"{name}/{index}.png", name) for name in classes for index in range(8)]
    for fold in range(3):
        for file, inside in (("val.csv", True), ("train.csv", False)):
            part = [row for index, row in enumerate(rows) if (index % 3 == fold) == inside]
            write_annotations(pd.DataFrame(part, columns=["image", "label"]), lists / f"fold_{fold}" / file)
    write_annotations(pd.DataFrame(rows, columns=["image", "label"]), lists / "all.csv")
    write_classes(classes, lists / "classes.txt")
    unlabelled = [f"{name}/{index}.png" for name in classes for index in range(4)]
    write_annotations(pd.DataFrame({"image": unlabelled}), tmp_path / "test.csv")
    text = FOLDS_CONFIG.replace("{root}", str(tiny_images)).replace("{lists}", str(lists))
    tiny_config.with_name("folds.py").write_text(text, encoding="utf-8")
    return SimpleNamespace(config=tiny_config.with_name("folds.py"), lists=lists, test=tmp_path / "test.csv")
