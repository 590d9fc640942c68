import torch
from mmengine.dataset import pseudo_collate

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.apis.collating import collate_function

SAMPLES = [{"inputs": {"text_ids": torch.ones(4), "text_mask": torch.eye(4)[row]}} for row in range(2)]


def test_by_name_by_class_and_by_default():
    assert collate_function({})(SAMPLES)["inputs"]["text_ids"].shape == (2, 4)
    # No document is longer than two tokens.
    assert collate_function({"collate_fn": {"type": "pad_collate"}})(SAMPLES)["inputs"]["text_ids"].shape == (2, 2)
    assert isinstance(collate_function({"collate_fn": {"type": pseudo_collate}})(SAMPLES)["inputs"]["text_ids"], list)
