from pathlib import Path
from unittest.mock import Mock

from mmengine.visualization import TensorboardVisBackend
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.hooks import HyperParametersHook
from kdxf.engine.hooks.hyper_parameters_hook import _flatten

HOOK = {"custom_hooks": [{"type": "HyperParametersHook"}], "train_cfg.max_epochs": 1}


def test_row_of_settings_and_scores(tiny_config):
    cfg = load_config(tiny_config, HOOK)
    cfg.visualizer.vis_backends.append({"type": "TensorboardVisBackend"})
    result = train(cfg, seed=5)
    (events,) = Path(cfg.work_dir).glob("*/vis_data/events*")
    accumulator = EventAccumulator(str(events))
    accumulator.Reload()
    content = accumulator.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    settings = HParamsPluginData.FromString(content).session_start_info.hparams
    assert settings["optim_wrapper.optimizer.lr"].number_value == 0.05
    assert settings["train_dataloader.batch_size"].number_value == 8
    assert settings["randomness.seed"].number_value == 5
    assert settings["model.backbone.type"].string_value == "ResNet_CIFAR"
    assert accumulator.Scalars("val/accuracy/top1")[-1].value == result.metrics["accuracy/top1"]


def test_without_tensorboard_it_does_nothing(tiny_config):
    cfg = load_config(tiny_config, HOOK)
    train(cfg, validate=False)
    assert not list(Path(cfg.work_dir).glob("*/vis_data/events*"))


def test_of_several_processes_the_main_one_writes(monkeypatch):
    monkeypatch.setattr("mmengine.dist.utils.get_rank", lambda group=None: 1)
    backend = Mock(spec=TensorboardVisBackend)
    runner = Mock(cfg={}, message_hub=Mock(log_scalars={}), visualizer=Mock(_vis_backends={"tensorboard": backend}))
    HyperParametersHook().after_train(runner)
    assert backend.experiment.mock_calls == []
    monkeypatch.undo()
    HyperParametersHook().after_train(runner)
    assert len(backend.experiment.file_writer.add_summary.mock_calls) == 3  # columns, values, the end of the session


def test_flatten():
    assert _flatten("a", {"b": 1, "c": {"d": "x", "e": None}, "f": [1, 2], "g": True}) == {
        "a.b": 1,
        "a.c.d": "x",
        "a.f": "[1, 2]",
        "a.g": True,
    }
    assert _flatten("a", None) == {}
