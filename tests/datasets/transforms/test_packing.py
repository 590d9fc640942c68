"""Packing of whichever modalities the pipeline made."""

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.structures import DataSample

from kdxf.datasets import PackImageTextInputs
from kdxf.errors import UserError


def test_both_modalities(sample):
    packed = PackImageTextInputs().transform(sample)
    assert packed.keys() == {"inputs", "data_samples"}
    assert {key: (value.dtype, tuple(value.shape)) for key, value in packed["inputs"].items()} == {
        "img": (torch.uint8, (3, 6, 8)),
        "text": (torch.float32, (4, 2)),
        "text_weight": (torch.float32, (4,)),
        "text_box": (torch.float32, (4, 4)),
    }
    assert (packed["inputs"]["img"].numpy().transpose(1, 2, 0) == sample["img"]).all()
    data_sample = packed["data_samples"]
    assert isinstance(data_sample, DataSample)
    assert data_sample.gt_label.tolist() == [1]
    assert data_sample.metainfo == {
        "sample_idx": 3,
        "img_path": sample["img_path"],
        "img_shape": (6, 8),
        "ori_shape": (6, 8),
        "error": None,
    }


@pytest.mark.parametrize(
    "kept",
    [
        {"img"},
        {"text", "text_weight"},
        {"text", "text_weight", "text_box"},
        {"text_ids", "text_mask"},
        {"ngram_ids", "ngram_weight"},
    ],
)
def test_one_modality(sample, kept):
    sample |= {"text_ids": np.array([101, 102, 0]), "text_mask": np.array([1, 1, 0], np.float32)}
    sample |= {"ngram_ids": np.array([7, 0]), "ngram_weight": np.array([0.5, 0], np.float32)}
    packed = PackImageTextInputs().transform({key: sample[key] for key in kept})
    assert packed["inputs"].keys() == kept
    for key in kept - {"img"}:
        assert packed["inputs"][key].tolist() == sample[key].tolist()
    assert "gt_label" not in packed["data_samples"]


def test_targets(sample):
    soft = np.array([0.25, 0.75, 0], np.float32)
    packed = PackImageTextInputs().transform({**sample, "gt_score": soft, "sample_weight": 0.5})["data_samples"]
    assert packed.gt_label.tolist() == [1]
    assert packed.gt_score.dtype == torch.float32 and packed.gt_score.tolist() == [0.25, 0.75, 0]
    assert packed.sample_weight.dtype == torch.float32 and packed.sample_weight.tolist() == [0.5]
    assert not {"gt_score", "sample_weight"} & set(PackImageTextInputs().transform(dict(sample))["data_samples"].keys())


@pytest.mark.parametrize("labels", [[2, 0], []])
def test_several_labels_or_none(sample, labels):
    packed = PackImageTextInputs().transform({**sample, "gt_label": labels})["data_samples"]
    assert packed.gt_label.dtype == torch.int64 and packed.gt_label.tolist() == labels


def test_the_reason_of_an_unreadable_image_is_kept(sample):
    packed = PackImageTextInputs().transform({**sample, "error": "the file is empty"})
    assert packed["data_samples"].error == "the file is empty"


def test_other_meta_keys(sample):
    packed = PackImageTextInputs(meta_keys=["tokens", "absent"]).transform(sample)
    assert packed["data_samples"].metainfo == {"tokens": ["a", "b", "milk"], "error": None}


def test_batches_stack(sample):
    batch = default_collate([PackImageTextInputs().transform(dict(sample)) for _ in range(3)])
    assert {key: tuple(value.shape) for key, value in batch["inputs"].items()} == {
        "img": (3, 3, 6, 8),
        "text": (3, 4, 2),
        "text_weight": (3, 4),
        "text_box": (3, 4, 4),
    }
    assert [data_sample.gt_label.item() for data_sample in batch["data_samples"]] == [1, 1, 1]


def test_mirrored_images_are_made_contiguous(sample):
    sample["img"] = sample["img"][:, ::-1]
    assert (PackImageTextInputs().transform(sample)["inputs"]["img"][0].numpy() == sample["img"][:, :, 0]).all()
    assert np.shares_memory(sample["text"], PackImageTextInputs().transform(sample)["inputs"]["text"].numpy())


def test_nothing_to_pack_is_named():
    message = (
        r"^PackImageTextInputs: the pipeline made neither an image nor text nor a table; add LoadImage, or "
        r"TokenizeOCR and LookUpWordVectors, or EncodeTable, before it$"
    )
    with pytest.raises(UserError, match=message):
        PackImageTextInputs().transform({"img_path": "x.jpg"})
