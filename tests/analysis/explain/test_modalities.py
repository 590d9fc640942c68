import numpy as np
import pytest

from kdxf.analysis.explain.modalities import modality_predictions
from kdxf.analysis.explain.scorer import Scorer
from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.io.predictions import read_predictions

SHUFFLED = {"shuffled": {"shuffle": "text"}, "image": {"without": "text"}, "text": {"without": "image"}, "both": {}}


def test_each_is_what_a_test_gives(lab, tmp_path):
    cfg = load_config(lab.moe)
    cfg.work_dir = str(tmp_path)
    found = modality_predictions(Scorer(cfg, lab.moe_checkpoint, device="cpu"), batch_size=2)
    assert sorted(found) == sorted(SHUFFLED)
    for key, options in SHUFFLED.items():
        run_test(cfg, lab.moe_checkpoint, out=tmp_path / "p.parquet", **options)
        expected = read_predictions(tmp_path / "p.parquet")
        assert found[key].images == expected.images and found[key].classes == expected.classes
        np.testing.assert_allclose(found[key].scores, expected.scores, atol=1e-5)
        assert found[key].labels.tolist() == expected.labels.tolist()
        assert found[key].source.checkpoint_digest == expected.source.checkpoint_digest
        assert found[key].source.details.get("shuffle") == options.get("shuffle")
    scores = np.stack([found[key].scores for key in SHUFFLED])
    assert len(np.unique(scores.round(4), axis=0)) == 4  # no two are the same


def test_the_background_is_the_picture_without_its_middle(lab, tmp_path):
    cfg = load_config(lab.moe)
    cfg.test_dataloader.dataset.pipeline[1].scale = (96, 96)  # at 32 the one place of the map sees the top left alone
    found = modality_predictions(Scorer(cfg, lab.moe_checkpoint, device="cpu"), background=True)
    pipeline = cfg.test_dataloader.dataset.pipeline
    cover = dict(type="CoverRegion", region=(0.2, 0.2, 0.8, 0.8))
    cfg.test_dataloader.dataset.pipeline = [pipeline[0], cover, *pipeline[1:]]
    cfg.work_dir = str(tmp_path)
    run_test(cfg, lab.moe_checkpoint, without="text", out=tmp_path / "p.parquet")
    expected = read_predictions(tmp_path / "p.parquet").scores
    np.testing.assert_allclose(found["background"].scores, expected, atol=1e-5)
    assert not np.allclose(found["background"].scores, found["image"].scores, atol=1e-3)


def test_a_model_of_one_modality(lab):
    found = modality_predictions(Scorer(load_config(lab.image), lab.image_checkpoint, device="cpu"), background=True)
    assert sorted(found) == ["background", "image"]


@pytest.mark.parametrize("workers", [0, 2])
def test_unreadable_images_have_their_error(lab, tmp_path, workers):
    cfg = load_config(lab.image)
    cfg.test_dataloader.dataset.data_prefix = str(tmp_path)
    found = modality_predictions(Scorer(cfg, lab.image_checkpoint, device="cpu"), workers=workers)["image"]
    assert sorted(found.errors) == list(range(5)) and "cannot open the file" in found.errors[0]


def test_a_model_of_image_and_table(priced):
    scorer = Scorer(load_config(priced.config), priced.checkpoint, device="cpu")
    assert scorer.takes_table and not scorer.both
    found = modality_predictions(scorer)
    assert sorted(found) == ["both", "no_table"] and found["no_table"].source.details["without"] == "table"
    differs = np.abs(found["both"].scores - found["no_table"].scores).max(axis=1) > 1e-4
    assert differs.tolist() == [True] * 4 + [False]  # nothing is known of the last one
