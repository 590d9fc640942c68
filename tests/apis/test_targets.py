"""Several labels, soft labels and weights, from the list to the predictions."""

import csv

import numpy as np
import pytest
import torch

from kdxf.apis.test import test as score
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.inference.run import infer
from kdxf.io.predictions import read_predictions
from kdxf_runtime.predictions import Columns

CONFIG = """
_base_ = "{root}/moe.py"
dataset = dict(
    type="OCRTextDataset", data_root="{root}", data_prefix="images", ann_file="{folder}/train.csv",
    classes="classes.txt", ocr_file="ocr", pipeline=[*_base_.load, *_base_.words, *_base_.pack],
)
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"), dataset=dataset,
)
model = dict(image_backbone=dict(norm_cfg=dict(type="GN", num_groups=2)))
train_cfg = dict(by_epoch=True, max_epochs=2)
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=1e-2))
tta_model = dict(type="BatchedClsScoreTTA")
randomness = dict(seed=0)
work_dir = "{folder}/work"
"""
MULTI_LABEL = """
_base_ = "config.py"
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type="ClassBalancedDataset", oversample_thr=0.5, dataset=dict(multi_label=True, **_base_.dataset)
    )
)
scored = dict(_base_.dataset, ann_file="{folder}/test.csv", multi_label=True, test_mode=True)
val_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"), dataset=scored,
)
test_dataloader = dict(dataset=scored)
val_cfg = dict()
val_evaluator = test_evaluator = [dict(type="AveragePrecision"), dict(type="MultiLabelMetric", thr=0.5)]
model = dict(head=dict(type="MultiLabelMoEClsHead", loss=dict(type="CrossEntropyLoss", use_sigmoid=True)))
"""


@pytest.fixture
def write(lab, tmp_path):
    """Writes lists and configs; gives the folder and a function for a list of the lab's five images."""
    for name, text in (("config.py", CONFIG), ("multi.py", MULTI_LABEL)):
        text = text.replace("{root}", str(lab.root)).replace("{folder}", str(tmp_path))
        (tmp_path / name).write_text(text, encoding="utf-8")

    def lines(file, header, entries):
        rows = [f"{name}{entry}\n" for name, entry in zip(lab.names, entries, strict=True)]
        (tmp_path / file).write_text(f"image{header}\n" + "".join(rows), encoding="utf-8")

    return lines


def read_csv(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mean_average_precision(scores, truth):
    """In plain Python: per class the mean precision at each hit, best score first."""
    values = []
    for column, hits in zip(np.transpose(scores), np.transpose(truth), strict=True):
        found = [hits[i] for i in np.argsort(-column)]
        precisions = [sum(found[: i + 1]) / (i + 1) for i, hit in enumerate(found) if hit]
        values.append(sum(precisions) / max(len(precisions), 1))
    return 100 * float(np.mean(values))


def test_several_labels_from_training_to_tables(lab, write, tmp_path):
    truth = [[1, 0, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]
    write("train.csv", ",label,weight", [",奶粉|2,1", ",,0.5", ",奶粉,2", ",1,1", ",手机,0"])
    write("test.csv", ",奶粉,手机,lipstick", [f",{a},{b},{c}" for a, b, c in truth])
    result = train(load_config(tmp_path / "multi.py"))
    assert np.isfinite(result.loss) and {"multi-label/mAP", "multi-label/f1-score"} <= result.metrics.keys()

    metrics = score(load_config(tmp_path / "multi.py"), result.checkpoint, out=tmp_path / "first.parquet")
    first = read_predictions(tmp_path / "first.parquet")
    assert first.multi_label and first.labels.astype(int).tolist() == truth
    assert metrics["multi-label/mAP"] == pytest.approx(mean_average_precision(first.scores, truth), abs=1e-3)

    # A threshold at which some images have several classes and others fewer.
    threshold = float(np.median(first.scores))
    options = {"model.head.thr": threshold}
    score(load_config(tmp_path / "multi.py", options), result.checkpoint, out=tmp_path / "second.csv")
    rows = read_csv(tmp_path / "second.csv")
    expected = [np.flatnonzero(row >= threshold).tolist() for row in first.scores]
    assert len({len(indices) for indices in expected}) > 1
    names = ("奶粉", "手机", "lipstick")
    assert [row["image"] for row in rows] == lab.names
    assert [row["label"] for row in rows] == ["0|2", "", "0", "1", "1"]
    assert [row["pred_label"] for row in rows] == ["|".join(map(str, indices)) for indices in expected]
    assert [row["pred_class"] for row in rows] == ["|".join(names[i] for i in indices) for indices in expected]

    cfg = load_config(tmp_path / "multi.py", options)
    infer(cfg, result.checkpoint, tmp_path / "third.csv", columns=Columns(with_name=True, with_score=True))
    third = read_csv(tmp_path / "third.csv")
    assert [row["category_id"] for row in third] == [row["pred_label"] for row in rows]
    assert [row["category_name"] for row in third] == [row["pred_class"] for row in rows]
    for row, indices, scores in zip(third, expected, first.scores, strict=True):
        found = [float(value) for value in row["score"].split("|") if value]
        assert found == pytest.approx(scores[indices].tolist(), abs=1e-4)

    score(cfg, result.checkpoint, out=tmp_path / "views.parquet", tta=True)
    views = read_predictions(tmp_path / "views.parquet")
    assert (views.predicted == (views.scores >= threshold)).all()


def test_soft_labels_of_a_first_model_train_the_next(lab, write, tmp_path):
    write("train.csv", ",label", [",奶粉", ",手机", ",lipstick", ",奶粉", ",手机"])
    score(load_config(lab.moe), lab.moe_checkpoint, out=tmp_path / "teacher.parquet")
    soft = {"train_dataloader.dataset.soft_label_file": str(tmp_path / "teacher.parquet")}
    result = train(load_config(tmp_path / "config.py", soft))
    assert np.isfinite(result.loss)
    write("train.csv", "", [""] * 5)  # pseudo-labels
    with pytest.raises(UserError, match="set ground_truth_ratio=0"):
        train(load_config(tmp_path / "config.py", soft))
    soft["train_dataloader.dataset.ground_truth_ratio"] = 0
    assert np.isfinite(train(load_config(tmp_path / "config.py", soft)).loss)


def test_labelled_and_pseudo_labelled_images_in_one_batch(lab, write, tmp_path):
    write("train.csv", ",label,weight", [",奶粉,1", ",手机,1", ",lipstick,1", ",奶粉,1", ",手机,1"])
    write("test.csv", "", [""] * 5)
    score(load_config(lab.moe), lab.moe_checkpoint, out=tmp_path / "teacher.parquet")
    cfg = load_config(tmp_path / "config.py", {"train_cfg.max_epochs": 1, "train_dataloader.batch_size": 10})
    labelled = cfg.train_dataloader.dataset
    pseudo = {"ann_file": str(tmp_path / "test.csv"), "soft_label_file": str(tmp_path / "teacher.parquet")}
    both = [labelled, {**labelled, **pseudo, "ground_truth_ratio": 0}]
    cfg.train_dataloader.dataset = {"type": "ConcatDataset", "datasets": both}
    assert np.isfinite(train(cfg).loss)


def test_several_labels_are_mixed(write, tmp_path):
    write("train.csv", ",label,weight", [",奶粉|2,1", ",,0.5", ",奶粉,2", ",1,1", ",,0"])
    write("test.csv", ",label", [",奶粉|2", ",", ",奶粉", ",1", ","])
    cfg = load_config(tmp_path / "multi.py", {"model.data_preprocessor.num_classes": 3})
    cfg.model.train_cfg = {"augments": [{"type": "Mixup", "alpha": 0.4}, {"type": "CutMix", "alpha": 1.0}]}
    assert np.isfinite(train(cfg).loss)


def test_samples_of_weight_zero_teach_nothing(lab, write, tmp_path):
    write("train.csv", ",label,weight", [",奶粉,0"] * 5)
    plain = {"optim_wrapper.optimizer.weight_decay": 0.0, "train_cfg.max_epochs": 1}
    result = train(load_config(tmp_path / "config.py", {**plain, "load_from": str(lab.moe_checkpoint)}))
    after = torch.load(result.checkpoint, weights_only=False)["state_dict"]
    before = torch.load(lab.moe_checkpoint)["state_dict"]
    assert result.loss == 0
    assert torch.equal(after["head.experts.fc.weight"], before["head.experts.fc.weight"])


def test_training_on_an_unlabelled_list(write, tmp_path):
    write("train.csv", "", [""] * 5)
    with pytest.raises(
        UserError, match=r"^training met an image without a label, .*图 \d.png: name a list with labels"
    ):
        train(load_config(tmp_path / "config.py"))
