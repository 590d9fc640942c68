import numpy as np
import pandas as pd
import pytest
import torch

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.inference.model import load_model
from kdxf.io.predictions import Predictions, write_predictions
from kdxf.io.provenance import Provenance

CLASSES = ("blue", "green 绿", "red")


@pytest.fixture
def student(frozen_lab):
    """``student(teachers, **options)``: the config that trains on pictures of 16 px, with teachers."""
    text = frozen_lab.config.read_text(encoding="utf-8")
    plain = 'pipeline_ = [dict(type="LoadImage", blank_size=16), dict(type="PackImageTextInputs")]\n'
    text += plain + (
        "train_dataloader['dataset'].update(pipeline=pipeline_)\n"
        "val_dataloader['dataset'].update(pipeline=pipeline_)\n"
        "test_dataloader = val_dataloader\n"
        "backbone.pop('init_cfg')\n"
        "model.update(image_backbone=backbone, image_neck=dict(type='GlobalAveragePooling'))\n"
        "model['data_preprocessor'] = dict(mean=[127.5] * 3, std=[127.5] * 3, num_classes=3)\n"
        "optim_wrapper['optimizer'].update(lr=0.01)\n"
    )
    path = frozen_lab.config.with_name("student.py")
    path.write_text(text, encoding="utf-8")

    def make(teachers=None, **options):
        if teachers is not None:
            options["model.distillation"] = {"type": "Distillation", "teachers": teachers}
        return load_config(path, options)

    make.path = path
    return make


@pytest.fixture
def teacher(student, tmp_path):
    """A trained model of the same kind, as a source."""
    result = train(student(work_dir=str(tmp_path / "teacher"), **{"randomness.seed": 5, "train_cfg.max_epochs": 1}))
    return {"config": str(student.path), "checkpoint": str(result.checkpoint)}


def predictions(frozen_lab, path, *, classes=CLASSES, rows=slice(None), seen=None):
    images = pd.read_csv(frozen_lab.lists / "train.csv")["image"].tolist()[rows]
    scores = np.tile(np.array([[0.5, 0.25, 0.25]]), (len(images), 1))
    seen = np.zeros(len(images), bool) if seen is None else seen
    write_predictions(Predictions(images, scores, tuple(classes), seen=seen, source=Provenance()), path)
    return {"predictions": str(path)}


def test_a_model_teaches_its_views_and_stays_as_it_is(student, teacher, tmp_path):
    mixing = {"model.train_cfg": {"augments": [{"type": "Mixup", "alpha": 0.4}]}}
    hook = [{"type": "EMAHook"}]
    cfg = student([teacher], work_dir=str(tmp_path / "taught"), custom_hooks=hook, **mixing)
    cfg.model.distillation.update(feature_loss_weight=0.5, in_channels=32, teacher_channels=[32])
    result = train(cfg)
    alone = train(student(work_dir=str(tmp_path / "alone"), custom_hooks=hook, **mixing))
    (log,) = (tmp_path / "taught").glob("*/*.log")
    assert f"learning from 1 teacher: {teacher['config']}" in log.read_text()
    assert "distillation_loss: " in log.read_text() and "distillation_feature_loss: " in log.read_text()
    taught, own = load_checkpoint(result.checkpoint), load_checkpoint(alone.checkpoint)
    assert taught["state_dict"].keys() == own["state_dict"].keys()
    assert len(taught["optimizer"]["param_groups"][0]["params"]) == len(own["optimizer"]["param_groups"][0]["params"])
    assert any(not torch.equal(taught["state_dict"][key], own["state_dict"][key]) for key in own["state_dict"])
    assert [teacher["checkpoint"]] == list(taught["meta"]["training_data"][-1]["checkpoint"])
    load_model(cfg, str(result.checkpoint))  # needs no teacher


def test_what_a_teacher_saw_counts_as_seen(student, teacher, frozen_lab, tmp_path):
    content = load_checkpoint(teacher["checkpoint"])
    content["meta"]["trained_on"] = torch.tensor([-9, 9])
    torch.save(content, tmp_path / "elsewhere.pth")
    source = teacher | {"checkpoint": str(tmp_path / "elsewhere.pth")}
    result = train(student([source], **{"train_cfg.max_epochs": 1}))
    assert {-9, 9} < set(load_checkpoint(result.checkpoint)["meta"]["trained_on"].tolist())


def test_predictions_teach_too(student, teacher, frozen_lab, tmp_path):
    source = predictions(frozen_lab, tmp_path / "oof.parquet")
    result = train(student([source, teacher], **{"train_cfg.max_epochs": 1}))
    assert result.loss == result.loss
    mixing = {"model.train_cfg": {"augments": [{"type": "Mixup", "alpha": 0.4}]}}
    with pytest.raises(UserError, match="a file of predictions knows nothing of the images that batch_augments"):
        train(student([source], work_dir=str(tmp_path / "mixed"), **mixing))


def test_teachers_that_do_not_fit_are_refused(student, teacher, frozen_lab, lab, tmp_path):
    number = iter(range(99))

    def refused(message, *sources, **options):
        with pytest.raises(UserError, match=message):
            train(student(list(sources), work_dir=str(tmp_path / f"{next(number)}"), **options))

    refused(r"checkpoint nowhere\.pth does not exist", teacher | {"checkpoint": "nowhere.pth"})
    content = load_checkpoint(teacher["checkpoint"])
    content["meta"]["dataset_meta"] = {"classes": CLASSES[::-1]}
    torch.save(content, tmp_path / "other.pth")
    refused(
        r"the teacher .*other\.pth was trained on other classes than train_dataloader has, or has them in another",
        teacher | {"checkpoint": str(tmp_path / "other.pth")},
    )
    few = predictions(frozen_lab, tmp_path / "few.parquet", rows=slice(20))
    refused(r"few\.parquet has no prediction of 4 of 24 training images \(first: .*/red/4\.png\); predict them", few)
    renamed = predictions(frozen_lab, tmp_path / "names.parquet", classes=("a", "b", "c"))
    refused(r"names\.parquet: its class 0 is 'a', the dataset's is 'blue'", renamed)
    seen = predictions(frozen_lab, tmp_path / "seen.parquet", seen=np.ones(24, bool))
    refused(r"seen\.parquet.*trained on", seen)
    several = {"model.head": {"_delete_": True, "type": "MultiLabelLinearClsHead", "num_classes": 3, "in_channels": 32}}
    refused("the head predicts several classes for an image; it needs one with a softmax", teacher, **several)
