import json
from pathlib import Path

import pytest

from kdxf.engine.config import load_config
from kdxf.engine.config_options import SETTINGS, evaluating_with, given_value, nested
from kdxf.io.config_files import read_config


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder / f"{name}.py"


def test_dotted_keys():
    assert nested({"a.b.c": 1, "a.b.d": 2, "a.e": 3, "f": {"g": 4}, "f.h": 5}) == {
        "a": {"b": {"c": 1, "d": 2}, "e": 3},
        "f": {"g": 4, "h": 5},
    }


def test_what_is_computed_from_a_variable_follows(tmp_path):
    """In its own file, in one that names that file, and where both have it."""
    path = write(
        tmp_path,
        schedule="epochs = 40\nrate = 1\noptim_wrapper = dict(lr=rate, rates=[rate / 2])\ntrain_cfg = dict(end=epochs)",
        config="_base_ = 'schedule.py'\nepochs = 8\ntrain_cfg = dict(max_epochs=epochs, interval=epochs // 4)\n"
        "val_cfg = dict(rate=_base_.rate * 10, old={{_base_.epochs}})",
    )
    cfg = load_config(path)
    assert (cfg.train_cfg, cfg.val_cfg) == (dict(end=40, max_epochs=8, interval=2), dict(rate=10, old=40))
    with evaluating_with({"epochs": 12, "rate": 3}):
        cfg = read_config(path)
    assert cfg.optim_wrapper == {"lr": 3, "rates": [1.5]}
    assert cfg.train_cfg == {"end": 12, "max_epochs": 12, "interval": 3}
    assert cfg.val_cfg == {"rate": 30, "old": 12}
    assert (cfg.epochs, read_config(path).epochs) == (12, 8)


@pytest.mark.parametrize(
    "assignment",
    [
        "x = 1",
        "x: int = 1",
        "y = x = 1",
        "x, y = 1, 2",
        "[y, (x, z)] = 1, (2, 3)",
        "x = 0\nx += 1",
        "if True:\n    x = 1",
        "for y in range(2):\n    x = y",
        "def f():\n    x = 1\n    return x\nx = 1\nmodel = f()",
    ],
)
def test_every_way_to_assign(tmp_path, assignment):
    path = write(tmp_path, config=f"{assignment}\nval_cfg = dict(a=x)")
    with evaluating_with({"x": 7}):
        cfg = read_config(path)
    assert cfg.val_cfg == {"a": 7}
    assert cfg.get("model") in (None, 1)  # a function's variables are its own


def test_a_part_of_a_variable(tmp_path):
    path = write(tmp_path, config="x = dict(type='A', b=[dict(c=1)])\nval_cfg = dict(a=x, b=dict(x))")
    with evaluating_with({"x.type": "B", "x.b.0.c": 2}):
        cfg = read_config(path)
    assert cfg.val_cfg.a == cfg.val_cfg.b == {"type": "B", "b": [{"c": 2}]}
    with evaluating_with({"x.b.4.c": 2}):
        assert read_config(path).x.b == [{"c": 1}]  # load_config refuses it


def test_settings_change_no_others(tmp_path):
    """Only plain ones, which a file may use as variables, are set at once."""
    path = write(
        tmp_path, config="val_cfg = dict(a=1)\ntest_cfg = val_cfg\nwork_dir = 'w'\nload_from = work_dir + '/a'"
    )
    cfg = load_config(path, {"val_cfg": None, "work_dir": "v"})
    assert (cfg.val_cfg, cfg.test_cfg, cfg.load_from) == (None, {"a": 1}, "v/a")
    assert {"model", "train_dataloader", "stages", "tta_model"} < SETTINGS and "cfg" not in SETTINGS


def test_a_config_that_imports_its_components(tmp_path):
    path = write(
        tmp_path,
        schedule="from torch.optim import SGD\nrate = 1\noptim_wrapper = dict(type=SGD, lr=rate)",
        config="from mmengine.config import read_base\nwith read_base():\n    from .schedule import *\n"
        "from torch.nn import Linear\nwidth = 2\nmodel = dict(type=Linear, in_features=width, out_features=rate)",
    )
    cfg = load_config(path, {"rate": 5, "width": 3})
    assert (cfg.optim_wrapper.lr, cfg.model.in_features, cfg.model.out_features) == (5, 3, 5)


def test_variables_of_a_data_file(tmp_path):
    (tmp_path / "base.json").write_text(json.dumps({"x": 1, "val_cfg": {}}))
    (tmp_path / "config.yaml").write_text("_base_: base.json\nval_cfg:\n  a: {{_base_.x}}\n")
    with evaluating_with({"x": 2}):
        assert read_config(tmp_path / "config.yaml").val_cfg == {"a": 2}


def test_lines_of_errors_stay_those_of_the_file(tmp_path):
    path = write(tmp_path, config="x = (\n    1\n)\ny = unknown")
    with evaluating_with({"x": 2}), pytest.raises(ValueError, match="line 4: NameError: name 'unknown' is not defined"):
        read_config(path)


def test_a_value_is_not_shared():
    with evaluating_with({"x": [1]}):
        given_value("x", 0).append(2)
        assert given_value("x", 0) == [1]
    assert given_value("x", 0) == 0


@pytest.mark.parametrize("config", ["moe_r101.py", "demo/moe_r18.py", "grocery/moe_lite2.py"])
def test_the_settings_on_top_of_a_config_take_effect(repo: Path, config):
    options = {"image_size": 48, "batch_size": 8, "max_epochs": 7, "lr": 0.5, "num_classes": 5, "num_workers": 1}
    cfg = load_config(repo / "configs" / config, options)
    assert (cfg.train_dataloader.batch_size, cfg.val_dataloader.batch_size, cfg.train_cfg.max_epochs) == (8, 8, 7)
    assert (cfg.optim_wrapper.optimizer.lr, cfg.model.head.num_classes) == (0.5, 5)
    assert cfg.train_dataloader.num_workers == 1
    text = str(cfg.train_dataloader)
    assert "'scale': 48" in text
    assert not any(f"'scale': {size}" in text for size in (96, 192, 224))


@pytest.mark.parametrize("config", ["moe_r101.py", "demo/moe_r18.py", "grocery/moe_r18.py"])
def test_a_fraction_of_the_data(repo, config):
    """Also where a wrapper lies around the data set."""
    dataset = load_config(repo / "configs" / config, {"fraction": 0.1}).train_dataloader.dataset
    assert dataset.get("dataset", dataset).fraction == 0.1
