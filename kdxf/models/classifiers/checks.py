"""Checks of a classifier's parts, inputs and targets. Shapes: N batch, Ci image channels, K classes."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.models.heads.hierarchical_cls_head import HierarchicalClsHead
from kdxf.models.heads.predicted_classes import is_multi_label


def check_parts(encoders: Mapping[str, Any], fusion: Any) -> None:
    """Check that a classifier has an encoder, and several where it has a fusion.

    Args:
        encoders: The encoders by their names, each a config, a module or None.
        fusion: A config, a module or None.

    Raises:
        UserError: It does not.
    """
    given = [name for name, part in encoders.items() if part is not None]
    if not given:
        raise UserError(f"ImageTextClassifier: give one of {', '.join(encoders)}, or several")
    if fusion is not None and len(given) < 2:
        raise UserError(
            f"ImageTextClassifier: fusion needs two of {', '.join(encoders)}, and there is {given[0]} alone"
        )


def check_sequences(
    fusion: nn.Module, image_neck: nn.Module | None, text_encoder: nn.Module | None, table_encoder: nn.Module | None
) -> None:
    """Check the parts in front of a fusion with ``takes_sequences``.

    Raises:
        UserError: There is a table, the neck pools, or the text encoder returns no tokens.
    """
    name = type(fusion).__name__
    if table_encoder is not None:
        raise UserError(
            f"ImageTextClassifier: {name} joins an image and a text, and no table: leave table_encoder out, or take "
            "ConcatFusion or GatedFusion"
        )
    if image_neck is not None:
        raise UserError(f"ImageTextClassifier: {name} takes the unpooled image map, set image_neck=None")
    if not hasattr(text_encoder, "encode_tokens"):
        raise UserError(
            f"ImageTextClassifier: {name} takes tokens, which text_encoder ({type(text_encoder).__name__}) does not "
            "give: take one with encode_tokens, such as Word2VecEncoder"
        )


def check_mixing(data_preprocessor: Any, head: Any) -> None:
    """Check that a head can learn the targets that a data preprocessor mixes, if it does.

    Raises:
        UserError: The head counts hits, or has another number of classes.
    """
    if getattr(data_preprocessor, "batch_augments", None) is None:
        return
    if getattr(head, "cal_acc", False):
        raise UserError(
            "ImageTextClassifier: head.cal_acc counts samples of one class, but batch_augments (train_cfg) mix "
            "classes: set cal_acc=False"
        )
    ours, heads = data_preprocessor.num_classes, getattr(head, "num_classes", None)
    if ours is not None and heads is not None and ours != heads:
        raise UserError(
            f"ImageTextClassifier: batch_augments (train_cfg) mix targets of data_preprocessor.num_classes={ours}, "
            f"but the head has {heads} classes; set both alike"
        )


def check_head(head: nn.Module | None, task: str) -> None:
    """Check that there is a head for a task, such as ``'training'``.

    Raises:
        UserError: There is none.
    """
    if head is None:
        raise UserError(
            f"ImageTextClassifier: {task} needs a head, and model.head is None, which gives features only: set "
            "model.head=dict(type='MoEClsHead', ...)"
        )


def image_input(inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the images (N, 3, H, W) of a batch.

    Raises:
        UserError: There are none.
    """
    if "img" not in inputs:
        raise UserError(
            "the batch has no 'img', which image_backbone needs: add LoadImage and PackImageTextInputs to the pipeline"
        )
    return inputs["img"]


def text_inputs(inputs: Mapping[str, Tensor], text_encoder: Any) -> list[Tensor]:
    """Return the inputs of a batch that a text encoder names in ``input_keys``, in that order, each (N, ...).

    Raises:
        UserError: One is missing.
    """
    steps = (
        "TokenizeOCR with LookUpWordVectors or HashNgrams, or TokenizeForTransformer (for text_boxes with boxes=True),"
    )
    return _inputs_of(inputs, text_encoder, "text_encoder", steps)


def table_inputs(inputs: Mapping[str, Tensor], table_encoder: Any) -> list[Tensor]:
    """Return the inputs of a batch that a table encoder names in ``input_keys``, in that order, each (N, ...).

    Raises:
        UserError: One is missing.
    """
    return _inputs_of(inputs, table_encoder, "table_encoder", "EncodeTable")


def _inputs_of(inputs: Mapping[str, Tensor], encoder: Any, part: str, steps: str) -> list[Tensor]:
    missing = [key for key in encoder.input_keys if key not in inputs]
    if missing:
        raise UserError(
            f"the batch has no {missing[0]!r}, which {part} ({type(encoder).__name__}) needs: add {steps} before "
            "PackImageTextInputs"
        )
    return [inputs[key] for key in encoder.input_keys]


def check_image_feature(feature: Tensor, unpooled: bool) -> None:
    """Check that an image feature is a map (N, Ci, H, W) if the fusion takes it unpooled, else a vector (N, Ci).

    Raises:
        UserError: It has another shape.
    """
    needed = "N, C, H, W" if unpooled else "N, C"
    if feature.dim() != len(needed.split()):
        remedy = (
            "take a backbone, or its out_type, that gives feature maps"
            if unpooled
            else "set image_neck=dict(type='GlobalAveragePooling')"
        )
        raise UserError(f"the image feature has the shape {tuple(feature.shape)}, fusion needs ({needed}): {remedy}")


def check_targets(samples: Sequence[DataSample], head: Any) -> None:
    """Check that samples have targets that a head can learn.

    Args:
        samples: N samples; ``gt_score`` (K,) wins over ``gt_label``.
        head: A classification head.

    Raises:
        UserError: A sample has neither, or several labels for a head that predicts one, or a soft target although the
            head counts hits.
    """
    name = type(head).__name__
    single = isinstance(head, ClsHead | HierarchicalClsHead) and not is_multi_label(head)
    for sample in samples:
        if "gt_label" not in sample and "gt_score" not in sample:
            raise UserError(
                f"training met an image without a label, {sample.get('img_path')}: name a list with labels in "
                "train_dataloader, or give its dataset a soft_label_file"
            )
        if single and "gt_label" in sample and len(sample.gt_label) != 1:
            raise UserError(
                f"{sample.get('img_path')} has {len(sample.gt_label)} labels, and {name} learns one per image: take "
                "MultiLabelMoEClsHead or MultiLabelLinearClsHead, or remove multi_label from the dataset"
            )
    if getattr(head, "cal_acc", False) and any("gt_score" in sample for sample in samples):
        raise UserError(f"{name}: cal_acc=True cannot count the hits of soft targets; set cal_acc=False in model.head")


def loss_weights(samples: Sequence[DataSample], device: torch.device) -> dict[str, Tensor]:
    """Return ``weight`` (N,) for the loss module, 1 for samples without ``sample_weight``; {} if none has one."""
    if not any("sample_weight" in sample for sample in samples):
        return {}
    weights = [sample.sample_weight if "sample_weight" in sample else torch.ones(1) for sample in samples]
    return {"weight": torch.cat([weight.to(device) for weight in weights])}


def warn_of_other_normalization(backbone: Any, data_preprocessor: nn.Module) -> None:
    """Log a warning if images are not normalized like those that the backbone's weights were trained with.

    Weights of AdvProp, EfficientNetV2 and Inception want x * 2 - 1, which is mean = std = 127.5; with ImageNet's usual
    numbers they start from a worse place, and nothing fails.

    Args:
        backbone: An image backbone, or None; only those with the attribute ``normalization`` of ``TIMMBackbone`` are
            checked.
        data_preprocessor: The data preprocessor, with ``mean`` and ``std`` if it normalizes.
    """
    wanted = getattr(backbone, "normalization", None)
    if wanted is None:
        return
    found = [getattr(data_preprocessor, name, torch.zeros(0)).flatten() for name in ("mean", "std")]
    fits = all(
        values.numel() in (1, 3) and torch.allclose(values.cpu().float(), torch.tensor(row), atol=1.0)
        for values, row in zip(found, wanted, strict=True)
    )
    if not fits:
        mean, std = ([round(value, 3) for value in row] for row in wanted)
        print_log(
            f"the weights of {backbone.model_name} were trained with mean={mean}, std={std}, to_rgb=True; "
            "data_preprocessor has other numbers",
            "current",
            logging.WARNING,
        )
