"""Loads the teachers of a model that has ``distillation``."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from kdxf.apis.stages import last_stage
from kdxf.datasets.image_keys import leaf_datasets, paths_of
from kdxf.datasets.soft_labels import read_soft_labels
from kdxf.engine.checkpoint import classes_of
from kdxf.engine.class_checks import class_names
from kdxf.engine.config import load_config
from kdxf.engine.dist import unwrapped
from kdxf.errors import UserError
from kdxf.inference.model import load_model
from kdxf.models.classifiers import EnsembleClassifier, ImageTextClassifier
from kdxf.models.distillation import ModelTeacher, Teacher, TeacherPredictions
from kdxf.models.heads.predicted_classes import is_multi_label


def load_teachers(runner: Runner) -> None:
    """Load the teachers that the model's ``distillation`` names, if it has one, and check that they fit the data.

    The images that they were trained on count as images that the student is trained on.

    Args:
        runner: Its training data are built.

    Raises:
        UserError: A teacher cannot be loaded, has other classes than the data, or several classes for an image; or
            predictions lack an image, or are by a model that was trained on it.
    """
    student: Any = unwrapped(runner.model)
    distillation = getattr(student, "distillation", None)
    if distillation is None:
        return
    if is_multi_label(student.head):
        raise UserError("distillation: the head predicts several classes for an image; it needs one with a softmax")
    dataset = runner.train_loop.dataloader.dataset
    teachers: list[Teacher] = []
    keys = []
    for source in distillation.sources:
        if "predictions" in source:
            teachers.append(_predictions(source["predictions"], dataset))
            continue
        teacher, meta = _model(source, student, class_names(dataset))
        teachers.append(teacher)
        if meta.get("trained_on") is not None:
            keys.append(meta["trained_on"].numpy())
    distillation.set_teachers(teachers)
    distillation.trained_on = np.unique(np.concatenate(keys)) if keys else None
    if is_main_process():
        names = ", ".join(str(source.get("predictions", source.get("config"))) for source in distillation.sources)
        print_log(f"learning from {len(teachers)} teacher{'s' if len(teachers) > 1 else ''}: {names}", "current")


def _model(
    source: Mapping[str, Any], student: torch.nn.Module, classes: list[str] | None
) -> tuple[ModelTeacher, dict[str, Any]]:
    name = source["config"]
    model, meta = load_model(last_stage(load_config(name)), str(source["checkpoint"]))
    if not isinstance(model, ImageTextClassifier | EnsembleClassifier) or is_multi_label(getattr(model, "head", None)):
        raise UserError(
            f"distillation: the teacher {name} is no ImageTextClassifier or EnsembleClassifier with one class per image"
        )
    theirs = classes_of(meta)
    if theirs is not None and classes is not None and theirs != classes:
        raise UserError(
            f"distillation: the teacher {source['checkpoint']} was trained on other classes than train_dataloader has, "
            "or has them in another order"
        )
    return ModelTeacher(model, student.data_preprocessor, name), meta


def _predictions(path: str, dataset: Any) -> TeacherPredictions:
    names = {file: _name(leaf, file) for leaf in leaf_datasets(dataset) for file in paths_of(leaf)}
    soft = read_soft_labels(
        path,
        list(names.values()),
        class_names(dataset) or [],
        0,
        multi_label=False,
        labelled=True,
        source="train_dataloader",
    )
    if (soft.rows < 0).any():
        first = list(names)[int((soft.rows < 0).argmax())]
        raise UserError(
            f"distillation: {path} has no prediction of {(soft.rows < 0).sum()} of {len(names)} training images "
            f"(first: {first}); predict them as well, or leave them out of the list"
        )
    scores = torch.from_numpy(soft.scores.astype(np.float32))
    return TeacherPredictions(scores, dict(zip(names, soft.rows.tolist(), strict=True)))


def _name(dataset: Any, path: str) -> str:
    """Return an image as the annotation file has it."""
    return path.removeprefix(os.path.join(getattr(dataset, "img_prefix", ""), ""))
