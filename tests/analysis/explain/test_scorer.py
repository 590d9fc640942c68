import numpy as np
import pytest
import torch
from torch import nn

from kdxf.analysis.explain.leaving_out import without_line
from kdxf.analysis.explain.scorer import Sample, Scorer, _OncePerPicture, backbone_name, classifiers_of
from kdxf.apis.test import test as run_test
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.evaluation.covered_pictures import Cover
from kdxf.io.predictions import read_predictions
from kdxf.text.ocr import OCRRecord


@pytest.fixture
def scorer(lab):
    return Scorer(load_config(lab.moe), lab.moe_checkpoint, device="cpu")


def test_the_list_with_its_texts_and_labels(lab, scorer):
    assert [sample.image.image_id for sample in scorer.samples] == lab.names
    assert [sample.record.texts for sample in scorer.samples] == [["milk"], ["phone"], ["red"], ["milk"], []]
    assert scorer.labels.tolist() == [0, 1, 2, 0, 1]
    assert scorer.both and scorer.takes_image


@pytest.mark.parametrize("without", [None, "image", "text"])
def test_the_scores_of_a_test(lab, scorer, tmp_path, without):
    cfg = load_config(lab.moe)
    cfg.work_dir = str(tmp_path)
    run_test(cfg, lab.moe_checkpoint, without=without, out=tmp_path / "p.parquet")
    scores, errors = scorer.scores(scorer.samples, without=(without,) if without else (), batch_size=2)
    np.testing.assert_allclose(scores, read_predictions(tmp_path / "p.parquet").scores, atol=1e-5)
    assert errors == [None] * 5


def test_another_text_gives_other_scores(scorer):
    first = scorer.samples[0]
    changed = Sample(first.image, without_line(first.record, 0))
    scores, _ = scorer.scores([first, changed, Sample(first.image, scorer.samples[1].record)])
    assert np.abs(scores[0] - scores[1]).max() > 0.01 and np.abs(scores[0] - scores[2]).max() > 0.01
    np.testing.assert_allclose(scores[1], scorer.scores([first], without=("text",))[0][0], atol=1e-5)


def test_a_covered_picture_gives_other_scores(scorer):
    plain, covered = (scorer.scores(scorer.samples, cover=cover)[0] for cover in (None, Cover(0, 0, 0.5, 1)))
    assert np.abs(plain - covered).max(axis=1).min() > 1e-3


def test_no_samples(scorer):
    scores, errors = scorer.scores([])
    assert scores.shape == (0, 3) and errors == []


def test_inputs_are_those_of_a_batch_of_one(scorer):
    inputs = scorer.inputs(scorer.samples[0])
    assert inputs["img"].shape == (1, 3, 32, 32) and inputs["text"].shape == (1, 4, 5)


def test_a_model_of_pictures_alone_takes_no_modality_away(lab):
    scorer = Scorer(load_config(lab.image), lab.image_checkpoint, device="cpu")
    assert not scorer.both and scorer.takes_image
    with pytest.raises(UserError, match="has no text_encoder"):
        scorer.scores(scorer.samples, without=("text",))


def test_neighbours_of_the_same_picture_run_once():
    seen = []

    class Mean(nn.Module):
        def forward(self, images):
            seen.append(len(images))
            return (images.mean(dim=(2, 3)), images)

    images = torch.rand(3, 3, 4, 4)[[0, 0, 1, 1, 1, 0, 2]]
    shared = _OncePerPicture(Mean())(images)
    assert seen == [4]
    assert torch.equal(shared[0], images.mean(dim=(2, 3))) and torch.equal(shared[1], images)


def test_parts_of_models(lab, scorer, tiny_config):
    model = scorer.inferencer.model
    assert classifiers_of(model) == [model] and backbone_name(model) == "image_backbone"
    assert backbone_name(nn.Linear(1, 1)) is None


def test_mmpretrain_s_classifier(tiny_config, tiny_trained):
    scorer = Scorer(load_config(tiny_config), tiny_trained.checkpoint, device="cpu")
    assert backbone_name(scorer.inferencer.model) == "backbone" and scorer.takes_image and not scorer.both
    scores, _ = scorer.scores(scorer.samples)
    assert scores.shape == (12, 3) and scorer.samples[0].record.texts == OCRRecord.empty("x").texts
