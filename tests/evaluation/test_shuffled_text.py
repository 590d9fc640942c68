import re

import pytest

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.shuffled_text import SEED, shuffle_text


def test_the_test_dataset_shuffles(lab):
    cfg = load_config(lab.moe)
    shuffle_text(cfg)
    assert cfg.test_dataloader.dataset.shuffle_texts == SEED
    inner = load_config(lab.moe).test_dataloader.dataset
    cfg.test_dataloader.dataset = dict(type="RepeatDataset", dataset=inner, times=2)
    shuffle_text(cfg)
    assert cfg.test_dataloader.dataset.dataset.shuffle_texts == SEED


def test_a_dataset_without_texts(lab):
    cfg = load_config(lab.moe)
    cfg.test_dataloader.dataset.type = "CustomDataset"
    message = (
        f"--shuffle text: the test dataset of {lab.moe} is CustomDataset, which has no texts; it needs OCRTextDataset"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        shuffle_text(cfg)
