import pytest
from mmengine.config import Config
from torch import nn

from kdxf.engine.config_keys import argument_names, check_keys, nearest, unread_keys
from kdxf.errors import UserError


def unread(**cfg):
    return {".".join(found.path): found.reason for found in unread_keys(Config(cfg))}


def test_the_nearest_key():
    assert nearest("max_epoch", {"max_epochs", "max_iters"}) == "did you mean 'max_epochs'?"
    assert nearest("x", {"b", "a"}) == "it takes a, b"
    assert nearest("x", set()) == "it takes nothing"
    assert nearest("x", set("abcdefghij")) == "it takes a, b, c, d, e, f, g, h, ..."


@pytest.mark.parametrize(
    ("cfg", "place", "reason"),
    [
        (
            {"train_cfg": {"max_epoch": 3}},
            "train_cfg.max_epoch",
            "train_cfg has no 'max_epoch'; did you mean 'max_epochs'?",
        ),
        (
            {"train_cfg": {"by_epoch": False, "max_iter": 3}},
            "train_cfg.max_iter",
            "train_cfg has no 'max_iter'; did you mean 'max_iters'?",
        ),
        (
            {"train_cfg": {"type": "ResumableEpochLoop", "val_intervall": 3}},
            "train_cfg.val_intervall",
            "ResumableEpochLoop has no 'val_intervall'; did you mean 'val_interval'?",
        ),
        ({"val_cfg": {"fp61": 1}}, "val_cfg.fp61", "val_cfg has no 'fp61'; did you mean 'fp16'?"),
        ({"test_cfg": {"fp61": 1}}, "test_cfg.fp61", "test_cfg has no 'fp61'; did you mean 'fp16'?"),
        (
            {"test_dataloader": {"bach_size": 1}},
            "test_dataloader.bach_size",
            "test_dataloader has no 'bach_size'; did you mean 'batch_size'?",
        ),
        ({"randomness": {"sed": 1}}, "randomness.sed", "randomness has no 'sed'; did you mean 'seed'?"),
        (
            {"env_cfg": {"mp_cfg": {"opencv_threads": 1}}},
            "env_cfg.mp_cfg.opencv_threads",
            "env_cfg.mp_cfg has no 'opencv_threads'; did you mean 'opencv_num_threads'?",
        ),
        (
            {"auto_scale_lr": {"enabled": 1}},
            "auto_scale_lr.enabled",
            "auto_scale_lr has no 'enabled'; did you mean 'enable'?",
        ),
        (
            {"optim_wrapper": {"optimiser": 1}},
            "optim_wrapper.optimiser",
            "optim_wrapper has no 'optimiser'; did you mean 'optimizer'?",
        ),
        (
            {"optim_wrapper": {"type": "OptimWrapper", "optimizer": {"type": "SGD", "momentun": 1}}},
            "optim_wrapper.optimizer.momentun",
            "SGD has no 'momentun'; did you mean 'momentum'?",
        ),
        (
            {"custom_hooks": [{"type": "EMAHook"}, {"type": "kdxf.BudgetHook", "hour": 1}]},
            "custom_hooks.1.hour",
            "kdxf.BudgetHook has no 'hour'; did you mean 'hours'?",
        ),
        (
            {"model": {"type": "Linear", "embed": {"type": nn.Linear, "in_feature": 1}}},
            "model.embed.in_feature",
            "Linear has no 'in_feature'; did you mean 'in_features'?",
        ),
        (
            {
                "train_dataloader": {
                    "dataset": {"type": "ClassBalancedDataset", "fraction": 1, "dataset": {"type": "OCRTextDataset"}}
                }
            },
            "train_dataloader.dataset.fraction",
            "ClassBalancedDataset has no 'fraction'; did you mean 'train_dataloader.dataset.dataset.fraction'?",
        ),
        (
            {"default_hooks": {"chekpoint": {"interval": 1}}},
            "default_hooks.chekpoint",
            "default_hooks has no 'chekpoint'; did you mean 'checkpoint'?",
        ),
        (
            {"stages": [{"name": "a", "modell": {}}]},
            "stages.0.modell",
            "a stage has no 'modell'; did you mean 'model'?",
        ),
        (
            {"stages": [{"name": "a", "train_dataloader.bach_size": 1, "train_dataloader.num_workers": 1}]},
            "stages.0.train_dataloader.bach_size",
            "train_dataloader has no 'bach_size'; did you mean 'batch_size'?",
        ),
        (
            {"stages": [{"name": "a", "train_cfg": {"max_epoch": 1}}]},
            "stages.0.train_cfg.max_epoch",
            "train_cfg has no 'max_epoch'; did you mean 'max_epochs'?",
        ),
    ],
)
def test_keys_that_nothing_reads(cfg, place, reason):
    assert unread(**cfg) == {place: reason}
    with pytest.raises(UserError) as raised:
        check_keys(Config(cfg, filename=None))
    assert str(raised.value) == f"config None: {place}: {reason}"


@pytest.mark.parametrize(
    "cfg",
    [
        {"variable": {"type": "SGD", "a": 1}},  # only what a run reads is looked at
        {
            "model": {
                "type": "ImageClassifier",
                "backbone": {"type": "ResNet", "norm_cfg": {"type": "BN", "requires_grad": True}},
            }
        },
        {"model": {"type": "NoSuchModel", "a": 1}},  # building it says more
        {"model": {"head": {"type": "LinearClsHead", "a": 1}}},  # it passes others on
        {"custom_hooks": [{"type": "BudgetHook", "hours": 1, "priority": "LOW"}]},
        {"param_scheduler": {"type": "LinearLR", "end": 3, "convert_to_iter_based": True}},
        {
            "default_hooks": {
                "mine": {"type": "BudgetHook", "steps": 1},
                "logger": {"type": "LoggerHook"},
                "timer": None,
            }
        },
        {"optim_wrapper": {"constructor": "Mine", "generator": {"optimizer": {}}}},
        {"optim_wrapper": {"type": "AmpOptimWrapper", "dtype": "float16", "optimizer": {}, "paramwise_cfg": {}}},
        {"train_cfg": {"type": "EpochBasedTrainLoop", "by_epoch": True, "max_epochs": 1}},
        {
            "train_dataloader": {
                "dataset": {"pipeline": [{"type": "Albumentations", "transforms": [{"type": "Resize", "height": 1}]}]}
            }
        },
        {"val_evaluator": [{"type": "Accuracy", "topk": (1,), "prefix": "a"}]},
        {"stages": [{"name": "a", "train_cfg": {"max_iters": 1}}, {"name": "b", "train_cfg": {"max_epochs": 1}}]},
    ],
)
def test_what_is_taken_for_right(cfg):
    assert unread(**cfg) == {}


def test_arguments_with_those_of_base_classes():
    assert {"num_classes", "in_channels", "loss", "topk", "init_cfg"} < argument_names("LinearClsHead")
    assert argument_names("NoSuchModel") == set()
