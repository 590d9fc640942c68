"""Batches as long as their longest document."""

import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmpretrain.structures import DataSample

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.datasets import pad_collate
from kdxf.datasets.collate import collate_function
from kdxf.registry import FUNCTIONS


def sample(mask, **inputs):
    mask = torch.tensor(mask, dtype=torch.float32)
    ids = torch.arange(1, len(mask) + 1)
    return {"inputs": {"text_ids": ids, "text_mask": mask, **inputs}, "data_samples": DataSample()}


@pytest.mark.parametrize(
    ("masks", "length"),
    [
        (([1, 1, 0, 0], [1, 0, 0, 0]), 2),
        (([1, 0, 1, 0], [0, 0, 0, 0]), 3),  # what lies behind a hole counts
        (([1, 1, 1, 1], [1, 0, 0, 0]), 4),
        (([0, 0, 0, 0], [0, 0, 0, 0]), 1),
    ],
)
def test_cut_to_the_longest(masks, length):
    batch = pad_collate([sample(mask) for mask in masks])
    assert batch["inputs"]["text_ids"].tolist() == [[1, 2, 3, 4][:length]] * 2
    assert batch["inputs"]["text_mask"].tolist() == [mask[:length] for mask in masks]
    assert len(batch["data_samples"]) == 2


def test_word_vectors_and_images():
    weight = torch.tensor([0.5, 0.2, 0.0])
    inputs = {"text": torch.ones(3, 2), "text_weight": weight, "text_box": torch.ones(3, 4), "img": torch.ones(3, 5, 5)}
    batch = pad_collate([{"inputs": inputs, "data_samples": DataSample()}] * 2)
    shapes = {key: tuple(value.shape) for key, value in batch["inputs"].items()}
    assert shapes == {"text": (2, 2, 2), "text_weight": (2, 2), "text_box": (2, 2, 4), "img": (2, 3, 5, 5)}


def test_images_keep_their_memory_order():
    """As PackImageTextInputs hands them over; the same numbers as default_collate's, for single and several views."""
    stored = [torch.arange(36, dtype=torch.uint8).view(3, 4, 3) + 36 * i for i in range(4)]
    items = [{"inputs": {"img": image.permute(2, 0, 1)}, "data_samples": DataSample()} for image in stored]
    expected = default_collate(items)["inputs"]["img"]
    found = pad_collate(items)["inputs"]["img"]
    assert torch.equal(found, expected) and found.permute(0, 2, 3, 1).is_contiguous()
    assert items[0]["inputs"]["img"].shape == (3, 3, 4)
    views = [{"inputs": [pair[0]["inputs"], pair[1]["inputs"]]} for pair in (items[:2], items[2:])]
    for view, first in zip(pad_collate(views)["inputs"], (0, 1), strict=True):
        assert torch.equal(view["img"], expected[first::2]) and view["img"].permute(0, 2, 3, 1).is_contiguous()


def test_ngrams_are_cut_by_themselves():
    inputs = {
        "text": torch.ones(3, 2),
        "text_weight": torch.tensor([1.0, 0.0, 0.0]),
        "ngram_ids": torch.arange(5),
        "ngram_weight": torch.tensor([0.5, 0.2, 0.5, 0.0, 0.0]),
    }
    batch = pad_collate([{"inputs": inputs, "data_samples": DataSample()}] * 2)
    shapes = {key: tuple(value.shape) for key, value in batch["inputs"].items()}
    assert shapes == {"text": (2, 1, 2), "text_weight": (2, 1), "ngram_ids": (2, 3), "ngram_weight": (2, 3)}


def test_views_stay_equally_long():
    item = {
        "inputs": [sample([1, 0, 0])["inputs"], sample([1, 1, 0])["inputs"]],
        "data_samples": [DataSample(), DataSample()],
    }
    batch = pad_collate([item])
    assert [view["text_ids"].tolist() for view in batch["inputs"]] == [[[1, 2]], [[1, 2]]]


def test_without_text_it_is_the_default():
    items = [{"inputs": torch.full((3, 2, 2), float(i))} for i in range(2)]
    assert torch.equal(pad_collate(items)["inputs"], default_collate(items)["inputs"])


def test_configs_and_mmengines_runner_find_it_by_name():
    from mmengine.registry import FUNCTIONS as RUNNERS_OWN

    assert FUNCTIONS.get("pad_collate") is RUNNERS_OWN.get("pad_collate") is pad_collate


SAMPLES = [{"inputs": {"text_ids": torch.ones(4), "text_mask": torch.eye(4)[row]}} for row in range(2)]


def test_by_name_by_class_and_by_default():
    assert collate_function({})(SAMPLES)["inputs"]["text_ids"].shape == (2, 4)
    # No document is longer than two tokens.
    assert collate_function({"collate_fn": {"type": "pad_collate"}})(SAMPLES)["inputs"]["text_ids"].shape == (2, 2)
    assert isinstance(collate_function({"collate_fn": {"type": pseudo_collate}})(SAMPLES)["inputs"]["text_ids"], list)
