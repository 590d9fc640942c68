import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close

from kdxf.engine import batch_norm
from kdxf.engine.batch_norm import recompute_batch_norms, updating_batch_norms
from kdxf.models import ImageTextClassifier


class Model(nn.Module):
    """Dropout, then two layers of one channel; the second is frozen."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.first, self.second = nn.BatchNorm1d(1, momentum=0.3), nn.BatchNorm1d(1)
        self.modes = []

    def train(self, mode=True):
        super().train(mode)
        self.second.eval()
        return self

    def data_preprocessor(self, batch, training):
        self.modes.append(training)
        return batch

    def forward(self, inputs, data_samples):
        return self.second(self.first(self.dropout(inputs)))


BATCHES = [torch.tensor([[1.0], [3.0], [5.0], [7.0]]), torch.tensor([[10.0], [12.0]])]


def loader(batches=BATCHES):
    return [{"inputs": batch, "data_samples": list(batch)} for batch in batches]


def test_mean_over_batches_by_their_sizes():
    model = Model().train()
    names = updating_batch_norms(model)
    assert names == ["first"]  # the frozen one is left out
    recompute_batch_norms(model, names, loader())
    # Means 4 and 11, variances (9 + 1 + 1 + 9) / 3 and 2; four images and two.
    assert_close(model.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
    assert_close(model.first.running_var, torch.tensor([(4 * 20 / 3 + 2 * 2) / 6]))
    assert model.second.running_mean.item() == 0.0 and model.second.running_var.item() == 1.0
    assert model.first.momentum == 0.3 and not model.training and not model.first.training
    assert model.modes == [False, False]  # no batch augmentation


def test_all_processes_count(monkeypatch):
    """Each of two processes has one of the batches; the sums of both stand in for the exchange."""
    monkeypatch.setattr(batch_norm, "all_reduce", lambda tensor: None)
    model = Model().train()
    parts = []
    for batch in BATCHES:
        recompute_batch_norms(model, ["first"], loader([batch]))
        parts.append((len(batch), model.first.running_mean.clone(), model.first.running_var.clone()))
    (size, mean, var) = parts[1]
    others = iter([torch.tensor(float(size)), mean * size / 6, var * size / 6])
    monkeypatch.setattr(batch_norm, "all_reduce", lambda tensor: tensor.add_(next(others)))
    recompute_batch_norms(model, ["first"], loader(BATCHES[:1]))
    assert_close(model.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
    assert_close(model.first.running_var, torch.tensor([(4 * 20 / 3 + 2 * 2) / 6]))


def test_evaluation_mode_and_missing_statistics():
    model = nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False), nn.BatchNorm2d(2), nn.GroupNorm(1, 2))
    assert updating_batch_norms(model) == ["1"]
    assert updating_batch_norms(model.eval()) == []


def test_image_and_text():
    with DefaultScope.overwrite_default_scope("kdxf"):
        model = ImageTextClassifier(
            image_backbone={"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8, "frozen_stages": 1},
            image_neck={"type": "GlobalAveragePooling"},
            text_encoder={"type": "Word2VecEncoder", "in_channels": 4, "hidden_channels": 8, "out_channels": 6},
            head={"type": "LinearClsHead", "num_classes": 3, "in_channels": 70},
            data_preprocessor={"mean": [128.0] * 3, "std": [64.0] * 3},
        )
    inputs = {"img": torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)}
    inputs |= {"text": torch.randn(4, 5, 4), "text_weight": torch.rand(4, 5)}
    batch = {"inputs": inputs, "data_samples": [DataSample().set_gt_label(index % 3) for index in range(4)]}
    names = updating_batch_norms(model.train())
    assert names and not any("layer1" in name or name.endswith("backbone.bn1") for name in names)  # frozen
    seen = []
    layer = model.image_backbone.layer2[0].conv1
    layer.register_forward_hook(lambda module, args, output: seen.append(output))
    recompute_batch_norms(model, names, [batch])
    assert_close(model.image_backbone.layer2[0].bn1.running_mean, seen[0].mean((0, 2, 3)))
    assert_close(model.image_backbone.layer1[0].bn1.running_mean, torch.zeros(8))
