import cv2
import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer

from kdxf.engine.hooks import VisualizationHook


@pytest.fixture
def hook(tmp_path):
    visualizer = UniversalVisualizer.get_instance("test_visualization_hook")
    visualizer.dataset_meta = {"classes": ["a", "b"]}
    yield VisualizationHook(enable=True, interval=1, out_dir=str(tmp_path))
    for kind in (Visualizer, UniversalVisualizer):
        kind._instance_dict.pop("test_visualization_hook", None)


def samples(*names):
    return [
        DataSample(metainfo={"img_path": name})
        .set_pred_label(0)
        .set_pred_score(torch.tensor([0.9, 0.1]))
        .set_gt_label(1)
        for name in names
    ]


def images(count):
    """Blue images, BGR."""
    batch = torch.zeros(count, 3, 64, 64, dtype=torch.uint8)
    batch[:, 0] = 255
    return batch


@pytest.mark.parametrize(
    "batch",
    [
        {"inputs": images(2), "data_samples": samples("a.jpg", "b.jpg")},
        {"inputs": {"img": images(2), "text": None}, "data_samples": samples("a.jpg", "b.jpg")},
        {"inputs": [{"img": images(2)}, {"img": 0 * images(2)}], "data_samples": [samples("a.jpg", "b.jpg")] * 2},
        {"inputs": [images(2), 0 * images(2)], "data_samples": [samples("a.jpg", "b.jpg")] * 2},
    ],
    ids=["plain", "with text", "views with text", "views"],
)
def test_draws(hook, tmp_path, batch):
    hook.after_test_iter(None, 0, batch, samples("a.jpg", "b.jpg"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg_0.png", "b.jpg_0.png"]
    drawn = cv2.imread(str(tmp_path / "a.jpg_0.png"))
    assert np.abs(drawn[-3, -3].astype(int) - [255, 0, 0]).max() < 10  # blue, still


def test_text_alone_is_not_drawn(hook, tmp_path):
    hook.after_test_iter(None, 0, {"inputs": {"text": None}, "data_samples": samples("a.jpg")}, samples("a.jpg"))
    assert not list(tmp_path.iterdir())
