import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader

from kdxf.engine import norm_statistics
from kdxf.engine.norm_statistics import norms_with_statistics, recompute_norms, renew_norms, updating_norms
from kdxf.models import ImageTextClassifier
from kdxf.models.text_encoders.document_norm import DocumentNorm


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
    names = updating_norms(model)
    assert names == ["first"]  # the frozen one is left out
    recompute_norms(model, names, loader())
    # Means 4 and 11, variances (9 + 1 + 1 + 9) / 3 and 2; four images and two.
    assert_close(model.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
    assert_close(model.first.running_var, torch.tensor([(4 * 20 / 3 + 2 * 2) / 6]))
    assert model.second.running_mean.item() == 0.0 and model.second.running_var.item() == 1.0
    assert model.first.momentum == 0.3 and not model.training and not model.first.training
    assert model.modes == [False, False]  # no batch augmentation


class Documents(Model):
    """The same, with a layer that standardizes documents; those with a value of 0 have no text."""

    def __init__(self):
        super().__init__()
        self.second, self.document = nn.Identity(), DocumentNorm(1)

    def forward(self, inputs, data_samples):
        return self.document(super().forward(inputs, data_samples), inputs[:, 0] != 0)


def test_documents_are_standardized_anew(monkeypatch):
    model = Documents().train()
    model.first = nn.Identity()
    names = updating_norms(model)
    assert names == ["document"]
    model.document.mean.fill_(50.0)
    model.document.num_batches.fill_(99)
    batches = [*BATCHES, torch.tensor([[5.0], [0.0]]), torch.tensor([[0.0], [1.0], [3.0]])]
    recompute_norms(model, names, loader(batches))
    # Means 4, 11 and 2, variances 20 / 3, 2 and 2; of the third batch only one document has text.
    assert_close(model.document.mean, torch.tensor([(4 + 11 + 2) / 3]))
    assert_close(model.document.var, torch.tensor([(20 / 3 + 2 + 2) / 3]))
    assert model.document.num_batches == 3 and model.document.horizon == 100 and not model.document.training
    # Another process has seen five batches, of the same mean and variance.
    shares = [5 / 8 * model.document.mean, 5 / 8 * model.document.var]
    others = iter([torch.tensor(9.0), torch.tensor(5.0), *shares])  # samples, for batch norms; batches
    monkeypatch.setattr(norm_statistics, "all_reduce", lambda tensor: tensor.add_(next(others)))
    recompute_norms(model, names, loader(batches))
    assert_close(model.document.mean, torch.tensor([17 / 3]))
    assert model.document.num_batches == 8


def test_without_any_text_they_keep_their_statistics():
    model = Documents().train()
    model.document.mean.fill_(50.0)
    recompute_norms(model, ["document"], loader([torch.zeros(3, 1)]))
    assert model.document.mean.item() == 50.0


def test_all_processes_count(monkeypatch):
    """Each of two processes has one of the batches; the sums of both stand in for the exchange."""
    monkeypatch.setattr(norm_statistics, "all_reduce", lambda tensor: None)
    model = Model().train()
    parts = []
    for batch in BATCHES:
        recompute_norms(model, ["first"], loader([batch]))
        parts.append((len(batch), model.first.running_mean.clone(), model.first.running_var.clone()))
    (size, mean, var) = parts[1]
    others = iter([torch.tensor(float(size)), mean * size / 6, var * size / 6])
    monkeypatch.setattr(norm_statistics, "all_reduce", lambda tensor: tensor.add_(next(others)))
    recompute_norms(model, ["first"], loader(BATCHES[:1]))
    assert_close(model.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
    assert_close(model.first.running_var, torch.tensor([(4 * 20 / 3 + 2 * 2) / 6]))


def test_evaluation_mode_and_missing_statistics():
    model = nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False), nn.BatchNorm2d(2), nn.GroupNorm(1, 2))
    assert updating_norms(model) == ["1"]
    assert updating_norms(model.eval()) == [] and norms_with_statistics(model) == ["1"]


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
    names = updating_norms(model.train())
    assert names and not any("layer1" in name or name.endswith("backbone.bn1") for name in names)  # frozen
    seen = []
    layer = model.image_backbone.layer2[0].conv1
    layer.register_forward_hook(lambda module, args, output: seen.append(output))
    recompute_norms(model, names, [batch])
    assert_close(model.image_backbone.layer2[0].bn1.running_mean, seen[0].mean((0, 2, 3)))
    assert_close(model.image_backbone.layer1[0].bn1.running_mean, torch.zeros(8))


class Epochs(list):
    """The order of two batches; remembers the epochs that it was shuffled for."""

    def __init__(self):
        super().__init__([1, 0])
        self.epochs = []

    def set_epoch(self, epoch):
        self.epochs.append(epoch)


def test_the_statistics_see_the_batches_of_the_epoch():
    """Whether the run was resumed or not: a sampler of a resumed run would else begin with epoch 0."""
    sampler, model = Epochs(), Model().train()
    batches = DataLoader(loader(), batch_size=1, sampler=sampler, collate_fn=lambda batches: batches[0])
    renew_norms(model, ["first"], batches, seed=0, epoch=7)
    assert sampler.epochs == [7]
    assert_close(model.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
