"""A head on stored features: computed, trained, tested, and predicted with on images that the store lacks."""

import shutil

import numpy as np
import pytest
import torch

from kdxf.apis import features
from kdxf.apis.features import compute_features, loading_workers
from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.datasets import pad_collate
from kdxf.engine.config import building, load_config
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.registry import DATASETS, MODELS, TRANSFORMS


def test_computes_once_trains_and_predicts_new_images(frozen_lab, tmp_path):
    cfg = load_config(frozen_lab.config)
    first = compute_features(cfg)
    assert sum(first.values()) == 24 + 12 and compute_features(cfg) == dict.fromkeys(first, 0)
    result = train(load_config(frozen_lab.config))
    assert result.checkpoint is not None
    assert set(run_test(load_config(frozen_lab.config), result.checkpoint)) == {"accuracy/top1"}
    # The same picture under another name, from the store and computed at this moment.
    picture = frozen_lab.images / "val" / "red" / "0.png"
    kept = KDXFInferencer(load_config(frozen_lab.config), result.checkpoint)([picture])
    shutil.rmtree(frozen_lab.store)
    fresh = KDXFInferencer(load_config(frozen_lab.config), result.checkpoint)([picture])
    assert kept[0].category_id == fresh[0].category_id and kept[0].error is None
    np.testing.assert_allclose(kept[0].score, fresh[0].score, atol=0.01)


def test_a_head_on_a_frozen_text_encoder(frozen_text_config):
    """The head gets what the encoder itself would give, and a text that the store lacks is encoded on the spot."""
    cfg = load_config(frozen_text_config)
    first = compute_features(cfg)
    assert list(first.values()) == [7] and compute_features(cfg) == dict.fromkeys(first, 0)
    checkpoint = train(load_config(frozen_text_config)).checkpoint
    assert run_test(load_config(frozen_text_config), checkpoint)["accuracy/top1"] >= 90  # of two, one has no text
    step = cfg.test_dataloader.dataset.pipeline[0]
    with building(cfg):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
        frozen = MODELS.build({**cfg.model, "head": None})
        live = MODELS.build({**cfg.model, "text_encoder": step.encoder, "head": None})
        tokenize = TRANSFORMS.build(step.text[0])
    live.init_weights()
    tokens = [tokenize({"ocr": dataset.get_data_info(index)["ocr"]}) for index in range(10)]
    inputs = {key: torch.from_numpy(np.stack([row[key] for row in tokens])) for key in ("text_ids", "text_mask")}
    batch = pad_collate([dataset[index] for index in range(10)])
    with torch.no_grad():
        found, expected = frozen.eval().extract_feat(batch["inputs"])[-1], live.eval().extract_feat(inputs)[-1]
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)


def test_a_config_without_stored_features(tiny_config):
    with pytest.raises(UserError, match=r"tiny.py has no LoadFeature or LoadTextFeature in its pipelines, so there is"):
        compute_features(load_config(tiny_config))


@pytest.mark.parametrize(("cores", "workers"), [(1, 0), (2, 1), (7, 1), (16, 4)])
def test_how_many_processes_load(monkeypatch, cores, workers):
    monkeypatch.setattr(features, "available_cores", lambda: cores)
    assert loading_workers() == workers
