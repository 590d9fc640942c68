import numpy as np
import torch
from mmengine.dataset import ConcatDataset
from mmengine.registry import DefaultScope

import kdxf.datasets  # noqa: F401  (registers)
from kdxf.apis.browse_draws import Draws
from kdxf.apis.config import load_config
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
