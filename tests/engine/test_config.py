import json
import re
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import Sequential
from mmengine.registry import Registry
from torch import nn

from kdxf.engine.config import (
    building,
    default_work_dir,
    explaining_config_errors,
    leaf_dataset,
    load_config,
    model_config,
    set_list,
    set_loader_defaults,
    type_name,
)
from kdxf.errors import UserError
from kdxf.registry import MODELS, PARAM_SCHEDULERS, TRANSFORMS


@MODELS.register_module()
class TinyHead:
    def __init__(self, topk=1, width=2):
        pass


def write(folder, text):
    path = folder / "config.py"
    path.write_text(text)
    return path


def error_of(path, options=None):
    with pytest.raises(UserError) as raised:
        load_config(path, options)
    message = str(raised.value)
    return message


def test_fills_in_scope_and_work_dir(tmp_path):
    cfg = load_config(write(tmp_path, "a = 1"))
    assert (cfg.default_scope, cfg.work_dir) == ("kdxf", "work_dirs/config")


def test_configs_of_one_name_have_different_work_dirs():
    assert default_work_dir(Path("configs/moe_r18.py")) == Path("work_dirs/moe_r18")
    assert default_work_dir(Path("configs/demo/moe_r18.py")) == Path("work_dirs/demo/moe_r18")
    assert default_work_dir(Path("/x/configs/old/configs/a/moe_r18.py")) == Path("work_dirs/a/moe_r18")
    assert default_work_dir(Path("/somewhere/moe_r18.py")) == Path("work_dirs/moe_r18")


def test_keeps_scope_and_work_dir(tmp_path):
    cfg = load_config(write(tmp_path, "default_scope = 'mmpretrain'\nwork_dir = 'w'"))
    assert (cfg.default_scope, cfg.work_dir) == ("mmpretrain", "w")


def test_options_replace_settings(tmp_path):
    path = write(tmp_path, "model = dict(b=1, c=[dict(d=2)])")
    cfg = load_config(path, {"model.b": 5, "model.c.0.d": 6, "train_cfg.max_epochs": 7})
    assert (cfg.model.b, cfg.model.c[0].d, cfg.train_cfg.max_epochs) == (5, 6, 7)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("train_datalaoder.batch_size", 8), "{path} has no 'train_datalaoder'; did you mean 'train_dataloader'?"),
        (("sizes", 8), "{path} has no 'sizes'; did you mean 'size'?"),
        (("zz", 8), "{path} has no 'zz'; it takes activation_checkpointing, auto_scale_lr, "),
        (("train_cfg.max_epoch", 8), "train_cfg has no 'max_epoch'; did you mean 'max_epochs'?"),
        (("default_hooks.chekpoint.interval", 8), "default_hooks has no 'chekpoint'; did you mean 'checkpoint'?"),
        (("model.head.topkk", 8), "TinyHead has no 'topkk'; did you mean 'topk'?"),
        (
            ("idle", 8),
            "no setting in {path} is computed from 'idle', so it would change nothing; name the setting itself",
        ),
        (("idle.part", 8), "no setting in {path} is computed from 'idle', so it would"),
    ],
)
def test_options_that_nothing_reads(tmp_path, option, message):
    text = "size = 4\nidle = dict(part=1)\nmodel = dict(size=size, head=dict(type='TinyHead'))\ntrain_cfg = dict()"
    path = write(tmp_path, text)
    start = f"--cfg-options {option[0]}={option[1]}: {message.format(path=path)}"
    assert error_of(path, dict([option])).startswith(start)


def test_faults_of_the_file_do_not_bear_on_other_options(tmp_path):
    path = write(tmp_path, "size = 4\nmodel = dict(type='TinyHead', topkk=1, width=size)")
    assert load_config(path, {"train_cfg.max_epochs": 2, "size": 5}).model.width == 5
    assert "TinyHead has no 'topkk'" in error_of(path, {"model": {"topk": 1}})


def test_a_variable_that_only_imported_code_can_read(tmp_path):
    imports = "custom_imports = dict(imports=['json'], allow_failed_imports=False)"
    assert load_config(write(tmp_path, f"{imports}\nmine = 1"), {"mine": 2}).mine == 2
    assert "has no 'other'" in error_of(tmp_path / "config.py", {"other": 2})


def test_written_out_and_read_again(monkeypatch, repo, tmp_path):
    monkeypatch.delattr("yapf.yapflib.yapf_api.FormatTree")  # takes seconds
    cfg = load_config(repo / "configs/moe_r101.py")
    cfg.dump(tmp_path / "config.py")
    assert load_config(tmp_path / "config.py").to_dict() == cfg.to_dict()


def test_name_of_a_type():
    names = [{"type": "kdxf.LoadImage"}, {"type": "Resize"}, {"type": nn.Linear}, {"by_epoch": True}]
    assert list(map(type_name, names)) == ["LoadImage", "Resize", "Linear", ""]


def test_a_config_that_imports_its_components_has_custom_imports_as_well(tmp_path, monkeypatch):
    (tmp_path / "components_of_mine.py").write_text("MADE = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    imports = 'custom_imports = dict(imports=["components_of_mine"], allow_failed_imports=False)\n'
    cfg = load_config(write(tmp_path, f"from torch.nn import Linear\n{imports}model = dict(type=Linear)\n"))
    assert type_name(cfg.model) == "Linear" and sys.modules["components_of_mine"].MADE
    message = error_of(write(tmp_path, "from torch.nn import Linear\n" + imports.replace("mine", "nobody")))
    assert message.startswith("config ") and "Failed to import components_of_nobody" in message


def test_missing_file(tmp_path):
    assert "none.py does not exist; give the path of a .py file" in error_of(tmp_path / "none.py")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = 1\nb = = 2", r"SyntaxError: .*line 2"),
        ("a = 1\nb = unknown", r"line 2: NameError: name 'unknown' is not defined"),
        ("_base_ = 'none.py'", r"FileNotFoundError: .*none\.py"),
    ],
)
def test_broken_file(tmp_path, text, reason):
    path = write(tmp_path, text)
    assert re.search(re.escape(f"config {path} cannot be loaded: ") + reason, error_of(path))


def test_a_yaml_config_runs_nothing_when_it_is_loaded(tmp_path):
    (tmp_path / "base.yml").write_text(f"a: !!python/object/apply:os.system ['touch {tmp_path}/ran']\n")
    (tmp_path / "c.yaml").write_text("_base_: base.yml\nb: 1\n")
    with pytest.raises(UserError) as raised:
        load_config(tmp_path / "c.yaml")
    assert not (tmp_path / "ran").exists()
    assert str(raised.value) == (
        f"config {tmp_path}/c.yaml cannot be loaded: {tmp_path}/base.yml, line 1: the tag "
        "!!python/object/apply:os.system is refused, as a YAML file is data and may run nothing; write the value "
        "itself, or a Python config"
    )


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_config_that_is_data_names_components_alone(tmp_path, suffix):
    """A registry would call ``os.system`` with the other settings, here ``command``, when it builds the hook."""
    path = tmp_path / f"c{suffix}"
    cfg = {"model": {"type": "mmpretrain.ImageClassifier"}, "metric": [{"type": "kdxf.Accuracy"}, {"type": "Accuracy"}]}
    path.write_text(json.dumps(cfg))
    assert load_config(path).model.type == "mmpretrain.ImageClassifier"
    for key in ("type", "constructor", "runner_type"):
        path.write_text(json.dumps({"custom_hooks": [{"type": "EMAHook"}, {key: "os.system", "command": "true"}]}))
        with pytest.raises(UserError) as raised:
            load_config(path)
        assert str(raised.value) == (
            f"config {path} names 'os.system' as {key}, which is no registered component; only a Python config may "
            "name other objects"
        )
    assert load_config(write(tmp_path, "a = dict(type='torch.optim.sgd.SGD')")).a.type == "torch.optim.sgd.SGD"


def test_option_that_does_not_fit(tmp_path):
    path = write(tmp_path, "a = dict(b=1)")
    assert f"--cfg-options a.b.c=1 does not fit {path}" in error_of(path, {"a.b.c": 1})


def test_loader_defaults(monkeypatch, tmp_path):
    cfg = load_config(write(tmp_path, "train_dataloader = dict(num_workers=2)\ntest_dataloader = dict(num_workers=0)"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    set_loader_defaults(cfg)
    assert cfg.train_dataloader == {
        "num_workers": 2,
        "pin_memory": True,
        "persistent_workers": True,
        "collate_fn": {"type": "default_collate"},
    }
    assert not cfg.test_dataloader.persistent_workers  # there are no workers to keep
    assert "val_dataloader" not in cfg


def test_loader_options(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    cfg = load_config(write(tmp_path, "val_dataloader = dict(num_workers=1, collate_fn='mine')"))
    set_loader_defaults(cfg, pin_memory=False, persistent_workers=False)
    assert cfg.val_dataloader == {
        "num_workers": 1,
        "pin_memory": False,
        "persistent_workers": False,
        "collate_fn": "mine",
    }


def test_nothing_is_pinned_without_a_gpu(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    cfg = load_config(write(tmp_path, "val_dataloader = dict(pin_memory=True)"))
    set_loader_defaults(cfg)
    assert not cfg.val_dataloader.pin_memory


def test_the_dataset_with_the_list_is_found_inside_of_wrappers():
    leaf = {"ann_file": "a.csv", "dataset": "no wrapper"}
    loader = ConfigDict(dataset={"type": "Balanced", "dataset": {"type": "Repeat", "dataset": leaf}})
    assert leaf_dataset(loader) == leaf
    assert leaf_dataset(ConfigDict(dataset={"type": "Repeat", "dataset": {"type": "Folder"}})) == {"type": "Folder"}


def test_the_list_of_a_wrapped_dataset(tmp_path):
    inner = {"type": "OCRTextDataset", "ann_file": "a.csv", "data_root": str(tmp_path)}
    cfg = Config({"train_dataloader": {"dataset": {"type": "ClassBalancedDataset", "dataset": inner}}})
    set_list(cfg, "train_dataloader", tmp_path / "b.csv", "--folds")
    assert cfg.train_dataloader.dataset.dataset == {**inner, "ann_file": str(tmp_path / "b.csv")}
    (tmp_path / "classes.txt").write_text("a\n")
    cfg.train_dataloader.dataset.dataset.ann_file = "a.csv"
    set_list(cfg, "train_dataloader", tmp_path / "b.csv", "--folds")
    assert cfg.train_dataloader.dataset.dataset.classes == str(tmp_path / "classes.txt")
    for loader in ("train_dataloader", "test_dataloader"):
        cfg.train_dataloader.dataset = {"type": "ConcatDataset", "datasets": []}
        with pytest.raises(
            UserError, match=f"^--x: the config's {loader} has no dataset with an ann_file that .*b.csv cou"
        ):
            set_list(cfg, loader, tmp_path / "b.csv", "--x")


PARTS = Registry("part", scope="kdxf")


@PARTS.register_module()
class Strict:
    def __init__(self, size, inner=None):
        if not isinstance(size, int):
            raise AssertionError  # size is a number
        if size < 1:
            raise ValueError(f"size must be positive, got {size}")
        if inner is not None:
            PARTS.build(inner)
        if size == 9:
            {}["a bug"]
        if size == 8:
            int(None)


def message_of(build):
    with pytest.raises(UserError) as raised, explaining_config_errors():
        build()
    return str(raised.value)


def test_unknown_name():
    message = message_of(lambda: MODELS.build({"type": "ResNot"}))
    assert message.startswith("the config names 'ResNot', which is not in the kdxf::model registry; check the spelling")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"size": 0}, "size must be positive, got 0"),
        ({"size": "a"}, "raise AssertionError  # size is a number"),
        ({"size": 1, "inner": {"type": "Strict", "size": -3}}, "size must be positive, got -3"),
        ({"size": 1, "colour": 2}, "Strict.__init__() got an unexpected keyword argument 'colour'"),
        ({}, "Strict.__init__() missing 1 required positional argument: 'size'"),
    ],
)
def test_wrong_setting(settings, reason):
    assert message_of(lambda: PARTS.build({"type": "Strict", **settings})) == (
        f"the config's settings of Strict are wrong: {reason}"
    )


def test_an_unknown_argument_and_the_nearest_one():
    message = message_of(
        lambda: MODELS.build({"type": "LinearClsHead", "num_classes": 3, "in_channels": 4, "top_k": 1})
    )
    assert message.startswith("the config's settings of LinearClsHead are wrong: ")
    assert message.endswith("argument 'top_k'; did you mean 'topk'?")


def test_a_batch_too_small_to_normalize():
    message = message_of(lambda: nn.BatchNorm1d(3)(torch.zeros(1, 3)))
    assert message.startswith(
        "a batch of one image met a layer that normalizes over the batch (BatchNorm), which needs"
    )
    assert message.endswith(
        "set train_dataloader.batch_size to 2 or more, and drop_last=True if one image is left for the last batch"
    )


def test_class_in_place_of_a_name():
    assert "settings of Strict are wrong" in message_of(lambda: PARTS.build({"type": Strict, "size": 0}))


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ({"state_dict": {"backbones.0.weight": 0, "backbones.0.bias": 0, "head.fc.bias": 0}}, "backbones., head."),
        ({"0.weight": 0, "token": 0}, "0., token"),
        ({f"{index}.weight": 0 for index in range(9)}, "0., 1., 2., 3., 4., 5., 6., 7., ..."),
        ({"state_dict": {}}, "nothing"),
    ],
)
def test_prefix_that_no_weight_has(weights, found, tmp_path):
    torch.save(weights, tmp_path / "x.pth")
    init = {"type": "Pretrained", "checkpoint": str(tmp_path / "x.pth"), "prefix": "backbone"}
    message = message_of(Sequential(nn.Linear(1, 1), init_cfg=init).init_weights)
    assert message == (
        f"init_cfg: checkpoint {tmp_path / 'x.pth'} has no weights whose names begin with 'backbone.'; they begin with "
        f"{found}: correct or remove the prefix"
    )


def test_scheduler_by_iteration():
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    settings = {"type": "LinearLR", "begin": 5, "end": 2, "convert_to_iter_based": True}
    message = message_of(
        lambda: PARAM_SCHEDULERS.build(settings, default_args={"optimizer": optimizer, "epoch_length": 3})
    )
    assert message.startswith("the config's settings of LinearLR are wrong: end should be larger than begin")


@pytest.mark.parametrize(("size", "kind"), [(9, KeyError), (8, TypeError)])
def test_faults_in_a_constructor_pass(size, kind):
    with pytest.raises(kind), explaining_config_errors():
        PARTS.build({"type": "Strict", "size": size})


@pytest.mark.parametrize("error", [KeyError("img_label"), ValueError("while training"), AssertionError()])
def test_errors_outside_of_building_pass(error):
    with pytest.raises(type(error)) as raised, explaining_config_errors():
        raise error
    assert raised.value is error


def test_user_errors_pass():
    with pytest.raises(UserError, match=r"^said already$"), explaining_config_errors():
        raise UserError("said already")


def test_model_config_downloads_nothing():
    parts = [{"type": "TIMMBackbone", "pretrained": True}, {"type": "Other", "pretrained": "file.pth"}]
    model = {"type": "A", "pretrained": True, "backbones": parts, "flag": True}
    cfg = Config({"model": model, "data_preprocessor": {"type": "P"}})
    off = [{"type": "TIMMBackbone", "pretrained": False}, parts[1]]
    expected = {"type": "A", "pretrained": False, "backbones": off, "flag": True, "data_preprocessor": {"type": "P"}}
    assert model_config(cfg) == expected
    assert cfg.model.pretrained is True
    assert (
        model_config(Config({"model": {"data_preprocessor": None}, "data_preprocessor": {}}))["data_preprocessor"]
        is None
    )


def test_building_knows_the_scope_and_explains_errors():
    for cfg in (Config({"default_scope": "mmpretrain"}), Config({})):
        with building(cfg):
            assert type(TRANSFORMS.build({"type": "PackInputs"})).__name__ == "PackInputs"
        with pytest.raises(UserError, match="the config names 'NoSuchPart'"), building(cfg):
            TRANSFORMS.build({"type": "NoSuchPart"})
