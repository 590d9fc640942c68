from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.hooks import SWAHook
from kdxf.engine.hooks import swa_hook as batch_norm
from kdxf.engine.hooks.swa_hook import recompute_norms, updating_norms
from kdxf.errors import UserError
from kdxf.models import ImageTextClassifier
from kdxf.models.text_encoders.document_norm import DocumentNorm
from kdxf.registry import DATASETS, MODELS


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
    monkeypatch.setattr(batch_norm, "all_reduce", lambda tensor: tensor.add_(next(others)))
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
    monkeypatch.setattr(batch_norm, "all_reduce", lambda tensor: None)
    model = Model().train()
    parts = []
    for batch in BATCHES:
        recompute_norms(model, ["first"], loader([batch]))
        parts.append((len(batch), model.first.running_mean.clone(), model.first.running_var.clone()))
    (size, mean, var) = parts[1]
    others = iter([torch.tensor(float(size)), mean * size / 6, var * size / 6])
    monkeypatch.setattr(batch_norm, "all_reduce", lambda tensor: tensor.add_(next(others)))
    recompute_norms(model, ["first"], loader(BATCHES[:1]))
    assert_close(model.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
    assert_close(model.first.running_var, torch.tensor([(4 * 20 / 3 + 2 * 2) / 6]))


def test_evaluation_mode_and_missing_statistics():
    model = nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False), nn.BatchNorm2d(2), nn.GroupNorm(1, 2))
    assert updating_norms(model) == ["1"]
    assert updating_norms(model.eval()) == []


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


BATCH_NORM = {"model.backbone.norm_cfg": {"_delete_": True, "type": "BN"}}


def config(path, work, begin_epoch=2, **options):
    hooks = [{"type": "SWAHook", "begin_epoch": begin_epoch}]
    schedule = {"param_scheduler": None, "train_cfg.max_epochs": 3, "default_hooks.checkpoint.max_keep_ckpts": -1}
    return load_config(path, {"custom_hooks": hooks, "work_dir": str(work), **schedule, **options})


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_trained):
    """Three epochs of a model with batch norm, the last two averaged, with EMA beside."""
    cfg = config(tiny_trained.checkpoint.parent / "tiny.py", tmp_path_factory.mktemp("swa"), **BATCH_NORM)
    cfg.custom_hooks.append({"type": "EMAHook", "momentum": 0.3})
    return cfg, train(cfg)


def weights(folder, name):
    return load_checkpoint(Path(folder, name))["state_dict"]


def own_weights(folder, epoch):
    """What the optimizer worked on, which mmengine keeps under this name beside an EMA."""
    averaged = load_checkpoint(Path(folder, f"epoch_{epoch}.pth"))["ema_state_dict"]
    return {name[7:]: value for name, value in averaged.items() if name.startswith("module.")}


def test_mean_of_the_last_epochs(trained):
    cfg, _ = trained
    mean = load_checkpoint(Path(cfg.work_dir, "swa.pth"))
    second, third = (own_weights(cfg.work_dir, epoch) for epoch in (2, 3))
    for name, value in mean["state_dict"].items():
        if "running" not in name and "tracked" not in name:
            assert_close(value, (second[name] + third[name]) / 2)
    assert mean["meta"]["averaged_epochs"] == 2 and mean["meta"]["epoch"] == 3 and mean["meta"]["dataset_meta"]
    assert not {"optimizer", "ema_state_dict", "swa"} & mean.keys()


def test_batch_norm_sees_the_training_data(trained):
    cfg, _ = trained
    state = weights(cfg.work_dir, "swa.pth")
    with DefaultScope.overwrite_default_scope("kdxf"):
        model = MODELS.build({**cfg.model, "data_preprocessor": cfg.data_preprocessor}).eval()
        samples = list(DATASETS.build(cfg.train_dataloader.dataset))
    model.load_state_dict(state)
    batch = model.data_preprocessor({"inputs": [sample["inputs"] for sample in samples]})
    with torch.no_grad():
        values = model.backbone.conv1(batch["inputs"]).transpose(0, 1).flatten(1)  # (C, all pixels)
    assert_close(state["backbone.bn1.running_mean"], values.mean(1), rtol=1e-4, atol=1e-4)
    # Variances are within batches of eight, so they are only near those of all.
    assert_close(state["backbone.bn1.running_var"], values.var(1), rtol=0.1, atol=0)


def test_scores_are_those_of_the_checkpoint(trained, tmp_path):
    cfg, result = trained
    scores = run_test(
        load_config(Path(cfg.work_dir, "tiny.py"), {"work_dir": str(tmp_path)}), cfg.work_dir + "/swa.pth"
    )
    assert result.metrics["accuracy/top1_swa"] == pytest.approx(scores["accuracy/top1"])
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    assert "mean of the weights of 2 epochs, saved as swa.pth, accuracy/top1_swa " in log.read_text()


@pytest.mark.parametrize("epoch", [1, 2, 3])  # before the first that counts, in between, and when all is done
def test_resumed(trained, tmp_path, epoch):
    cfg, result = trained
    again = cfg.copy()
    again.work_dir = str(tmp_path)
    resumed = train(again, resume=Path(cfg.work_dir, f"epoch_{epoch}.pth"))
    one, other = weights(cfg.work_dir, "swa.pth"), weights(tmp_path, "swa.pth")
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert resumed.metrics["accuracy/top1_swa"] == result.metrics["accuracy/top1_swa"]


def test_a_mean_that_begins_late(tiny_config, tmp_path):
    plain = config(tiny_config, tmp_path / "a", custom_hooks=[], **{"train_cfg.max_epochs": 2})
    first = train(plain).checkpoint
    cfg = config(tiny_config, tmp_path / "b")
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    result = train(cfg, resume=first, validate=False)
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    text = log.read_text()
    assert "SWAHook: the checkpoint of epoch 2 has no mean of weights, which now begins with the next epoch" in text
    assert "mean of the weights of 1 epochs, saved as swa.pth\n" in text
    last = weights(cfg.work_dir, "epoch_3.pth")
    assert all(torch.equal(last[name], value) for name, value in weights(cfg.work_dir, "swa.pth").items())
    assert "accuracy/top1_swa" not in result.metrics


def test_stopped_before_the_first_epoch_that_counts(tiny_config, tmp_path):
    stop = {"type": "EarlyStoppingHook", "monitor": "accuracy/top1", "patience": 1, "min_delta": 100}
    cfg = config(tiny_config, tmp_path, begin_epoch=3)
    cfg.custom_hooks.append(stop)
    train(cfg)
    (log,) = tmp_path.glob("*/*.log")
    assert "SWAHook: training stopped before epoch 3; nothing is averaged" in log.read_text()
    assert not Path(tmp_path, "swa.pth").exists()


def test_too_late(tiny_config, tmp_path):
    with pytest.raises(UserError, match="SWAHook: begin_epoch is 4, but training ends with epoch 3: take an earlier"):
        train(config(tiny_config, tmp_path, begin_epoch=4))


def test_iterations(tiny_config, tmp_path):
    cfg = config(tiny_config, tmp_path)
    cfg.train_cfg = {"by_epoch": False, "max_iters": 3, "val_interval": 3}
    with pytest.raises(UserError, match="SWAHook averages the ends of epochs: set train_cfg=dict.by_epoch=True"):
        train(cfg)


def test_arguments():
    with pytest.raises(ValueError, match="begin_epoch must be 1 or more, got 0"):
        SWAHook(0)


class Epochs(list):
    """The order of two batches; remembers the epochs that it was shuffled for."""

    def __init__(self):
        super().__init__([1, 0])
        self.epochs = []

    def set_epoch(self, epoch):
        self.epochs.append(epoch)


def test_the_statistics_see_the_batches_of_the_epoch():
    """Whether the run was resumed or not: a sampler of a resumed run would else begin with epoch 0."""
    sampler = Epochs()
    train_loop = SimpleNamespace(
        dataloader=DataLoader(loader(), batch_size=1, sampler=sampler, collate_fn=lambda batches: batches[0])
    )
    runner = SimpleNamespace(
        model=Model().train(),
        epoch=6,
        seed=None,
        iter=12,
        work_dir="",
        train_loop=train_loop,
        val_loop=None,
        optim_wrapper=SimpleNamespace(optim_context=lambda model: nullcontext()),
        logger=SimpleNamespace(info=lambda text: None),
        save_checkpoint=lambda *args, **kwargs: None,
    )
    hook = SWAHook(7)
    hook.before_run(runner)
    hook.after_train_epoch(runner)
    runner.epoch = 7
    hook.after_train(runner)
    assert sampler.epochs == [7]
    assert_close(hook._average.module.first.running_mean, torch.tensor([(4 * 4 + 2 * 11) / 6]))
