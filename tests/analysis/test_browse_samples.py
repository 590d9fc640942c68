import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import ConcatDataset
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

import kdxf.datasets
import kdxf.models  # noqa: F401  (registers)
from kdxf.analysis.browse_samples import Draw, Draws, Mixer
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.registry import DATASETS


def _dataset(config):
    with DefaultScope.overwrite_default_scope("kdxf"):
        return DATASETS.build(load_config(config).test_dataloader.dataset)


def test_a_draw_is_the_packed_sample_and_what_it_was_before(lab):
    draws = Draws(_dataset(lab.moe))
    draw = draws.draw(1)
    assert draw.results["tokens"] == ["phone"] and draw.results["img_path"].endswith(lab.names[1])
    assert set(draw.inputs) == {"img", "text", "text_weight", "text_box"}
    assert np.array_equal(draw.image, draw.results["img"]) and draw.image.shape == (32, 32, 3)
    assert draw.sample.gt_label.tolist() == [1]
    # The recorder changes nothing of what the loader gives.
    expected = _dataset(lab.moe)[1]["inputs"]
    assert all(torch.equal(draw.inputs[key], expected[key]) for key in expected)


def test_wrapped_datasets(lab):
    draws = Draws(ConcatDataset([_dataset(lab.moe), _dataset(lab.moe)]))
    assert len(draws.pipelines) == 2
    for index, word in ((1, "phone"), (5, "milk"), (7, "red")):
        assert draws.draw(index).results["tokens"] == [word]


def test_images_alone(tiny_config):
    draw = Draws(_dataset(tiny_config)).draw(0)
    assert set(draw.inputs) == {"img"} and draw.image.shape == (16, 16, 3)
    assert (draw.image[..., 0] == 255).all()  # the first class is blue, in BGR order


COLOURS = np.array([[10, 20, 30], [200, 100, 0], [60, 60, 60]], np.uint8)  # BGR


def _draws(text):
    draws = []
    for label, colour in enumerate(COLOURS):
        image = torch.from_numpy(np.tile(colour[:, None, None], (1, 4, 4)))
        inputs = {"img": image, **{key: value.clone() for key, value in text.items()}} if text else image
        draws.append(Draw({"inputs": inputs, "data_samples": DataSample().set_gt_label(label)}, {}))
    return draws


def _mixer(kind, augment):
    preprocessor = dict(num_classes=3, mean=[100.0, 90, 80], std=[60.0, 50, 40], to_rgb=True)
    cfg = Config(dict(model=dict(type=kind, train_cfg=augment), data_preprocessor=preprocessor))
    with DefaultScope.overwrite_default_scope("kdxf"):
        return Mixer(cfg, {"batch_size": 3})


TEXTS = {
    "none": {},
    "words": {"text": torch.ones(2, 5), "text_weight": torch.ones(2), "text_box": torch.zeros(2, 4)},
    "n-grams": {"ngram_ids": torch.ones(6, dtype=torch.int64), "ngram_weight": torch.ones(6)},
    "transformer": {"text_ids": torch.ones(4, dtype=torch.int64), "text_mask": torch.ones(4)},
}


@pytest.mark.parametrize("text", TEXTS)
def test_pictures_texts_and_targets_have_the_same_shares(text):
    kind = "ImageClassifier" if text == "none" else "ImageTextClassifier"
    mixer = _mixer(kind, dict(augments=dict(type="Mixup", alpha=1.0)))
    np.random.seed(0)
    torch.manual_seed(0)
    mixed = mixer.mix(_draws(TEXTS[text]))
    assert any(sample.sample.gt_score.max() < 0.999 for sample in mixed)
    for sample in mixed:
        shares = sample.sample.gt_score.numpy()
        assert shares.sum() == pytest.approx(1)
        assert np.abs(sample.image[0, 0] - shares @ COLOURS).max() <= 1
        if text == "none":
            assert sample.shares is None
        else:
            assert {place: pytest.approx(shares[place], abs=1e-6) for place in sample.shares} == sample.shares
            assert sum(sample.shares.values()) == pytest.approx(1)


def test_a_batch_that_is_left_as_it_is():
    mixed = _mixer("ImageTextClassifier", dict(augments=dict(type="Mixup", alpha=1.0), probs=[0.0])).mix(
        _draws(TEXTS["words"])
    )
    assert [sample.shares for sample in mixed] == [{0: 1}, {1: 1}, {2: 1}]
    assert [sample.image[0, 0].tolist() for sample in mixed] == COLOURS.tolist()


def test_nothing_to_mix():
    with pytest.raises(UserError, match="--mix: config None has no batch augmentations; set model.train_cfg, or leave"):
        _mixer("ImageTextClassifier", None)


def test_stored_features_are_no_image():
    assert Draw({"inputs": {"img": torch.zeros(1, 1, 5)}}, {}).image is None
    assert Draw({"inputs": {"text": torch.zeros(3)}}, {}).image is None
