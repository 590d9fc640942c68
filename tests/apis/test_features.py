"""A head on stored features: computed, trained, tested, and predicted with on images that the store lacks."""

import shutil

import numpy as np
import pytest

from kdxf.apis.features import compute_features
from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer


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


def test_a_config_without_stored_features(tiny_config):
    with pytest.raises(UserError, match=r"tiny.py has no LoadFeature in its pipelines, so there is nothing to compute"):
        compute_features(load_config(tiny_config))
