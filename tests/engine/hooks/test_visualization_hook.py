import cv2
import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer

from kdxf.engine.hooks import VisualizationHook
from kdxf.engine.hooks import visualization_hook as module


@pytest.fixture
def visualizer():
    visualizer = UniversalVisualizer.get_instance("test_visualization_hook")
    visualizer.dataset_meta = {"classes": ["a", "牛奶"]}
    yield visualizer
    for kind in (Visualizer, UniversalVisualizer):
        kind._instance_dict.pop("test_visualization_hook", None)


@pytest.fixture
def hook(visualizer, tmp_path):
    return VisualizationHook(enable=True, interval=1, out_dir=str(tmp_path / "out"))


@pytest.fixture
def said(monkeypatch):
    """The captions that are drawn."""
    lines = []
    draw = module.with_caption
    monkeypatch.setattr(module, "with_caption", lambda image, text: lines.append(text) or draw(image, text))
    return lines


def samples(*names):
    return [
        DataSample(metainfo={"img_path": str(name)})
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


def drawn(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").iterdir())


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
def test_the_input_of_the_network_is_drawn_where_there_is_no_file(hook, tmp_path, batch, said):
    hook.after_test_iter(None, 0, batch, samples("a.jpg", "b.jpg"))
    assert drawn(tmp_path) == ["000000_a_0.jpg", "000001_b_0.jpg"]
    picture = cv2.imread(str(tmp_path / "out" / "000000_a_0.jpg"))
    assert np.abs(picture[32, 120].astype(int) - [255, 0, 0]).max() < 10  # blue, still
    assert said[0][-1][0] == "the input of the network is shown: cannot open the file: No such file or directory"


def test_the_photograph_is_drawn_as_it_is_with_names_below(hook, tmp_path, said):
    photograph = np.zeros((300, 1920, 3), np.uint8)
    photograph[..., 1] = 255
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "p.png"), photograph)
    right = samples(tmp_path / "two" / "p.png")[0].set_gt_label(0)
    wrong = samples(tmp_path / "one" / "p.png")
    hook.after_test_iter(None, 0, {"inputs": images(2), "data_samples": [*wrong, right]}, [*wrong, right])
    assert drawn(tmp_path) == ["000000_p_0.jpg", "000001_p_0.jpg"]  # the same name, from two folders
    picture = cv2.imread(str(tmp_path / "out" / "000000_p_0.jpg"))
    assert picture.shape[1] == 960 and picture.shape[0] > 150 and picture[10:140, :, 1].min() > 240
    assert [[text for text, _ in lines] for lines in said] == [
        ["predicted: a 0.90", "labelled: 牛奶"],
        ["predicted: a 0.90", "labelled: a"],
    ]
    assert [lines[0][1] for lines in said] == [module._WRONG, module._RIGHT]


def test_each_second_is_drawn_whatever_the_size_of_the_batches(visualizer, tmp_path):
    hook = VisualizationHook(enable=True, interval=2, out_dir=str(tmp_path / "out"))
    for index, size in enumerate((3, 3, 1)):
        some = samples(*(f"{index}{place}.jpg" for place in range(size)))
        hook.after_test_iter(None, index, {"inputs": images(size), "data_samples": some}, some)
    assert drawn(tmp_path) == ["000000_00_0.jpg", "000002_02_0.jpg", "000004_11_0.jpg", "000006_20_0.jpg"]
    hook.after_test_iter(None, 0, {"inputs": images(1), "data_samples": samples("x.jpg")}, samples("x.jpg"))
    assert "000000_x_0.jpg" in drawn(tmp_path)  # another run begins anew


def test_text_alone_is_drawn_on_the_photograph_if_there_is_one(hook, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    some = samples(tmp_path / "a.png", "b.jpg")
    hook.after_test_iter(None, 0, {"inputs": {"text": None}, "data_samples": some}, some)
    features = torch.zeros(2, 1, 1, 5)
    hook.after_test_iter(None, 1, {"inputs": {"img": features}, "data_samples": some}, some)
    assert drawn(tmp_path) == ["000000_a_0.jpg", "000002_a_0.jpg"]


def test_without_a_folder_pictures_go_to_the_visualizer_in_rgb(visualizer, monkeypatch):
    hook, shown = VisualizationHook(enable=True, interval=1, show=True), []
    monkeypatch.setattr(visualizer, "add_image", lambda name, image, step: shown.append((name, image[32, 120], step)))
    monkeypatch.setattr(visualizer, "show", lambda image, win_name: shown.append((win_name, image[32, 120])))
    hook.after_test_iter(None, 0, {"inputs": images(1), "data_samples": samples("a.jpg")}, samples("a.jpg"))
    assert [(item[0], item[1].tolist()) for item in shown] == [("000000_a", [0, 0, 255])] * 2


def test_nothing_is_drawn_unless_it_is_asked_for(visualizer, tmp_path):
    hook = VisualizationHook(out_dir=str(tmp_path / "out"))
    hook.after_test_iter(None, 0, {"inputs": images(1), "data_samples": samples("a.jpg")}, samples("a.jpg"))
    assert not (tmp_path / "out").exists()


def test_without_labels_and_class_names_indices_stand_below():
    sample = DataSample().set_pred_label([0, 1])
    assert module._lines(sample, None) == [("predicted: 0, 1", module._PLAIN)]
    assert module._lines(DataSample().set_gt_label(1), ["a", "b"])[0][0] == "predicted: no class"
