import pytest

from kdxf.engine.config import config_digest, load_config
from kdxf.errors import UserError
from kdxf.recipes.tuning.best_config import check_base, write_best


@pytest.fixture
def config(tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "base.py").write_text("model = dict(type='ImageTextClassifier', head=dict(a=1, b=2))\n")
    text = (
        "_base_ = ['base.py']\nlr = 0.1\nepochs = 4\noptim_wrapper = dict(optimizer=dict(type='SGD', lr=lr))\n"
        "train_cfg = dict(by_epoch=True, max_epochs=epochs)\n"
        "param_scheduler = [dict(type='LinearLR', end=1), dict(type='CosineAnnealingLR', T_max=epochs)]\n"
    )
    (tmp_path / "configs" / "one.py").write_text(text)
    return tmp_path / "configs" / "one.py"


def test_says_what_follows_from_a_variable(config, tmp_path):
    write_best(tmp_path / "work" / "best.py", config, {}, {"lr": 0.5, "epochs": 8}, "The best.")
    best = load_config(tmp_path / "work" / "best.py")
    assert best.lr == best.optim_wrapper.optimizer.lr == 0.5 and best.optim_wrapper.optimizer.type == "SGD"
    assert best.train_cfg.max_epochs == best.param_scheduler[1].T_max == 8 and best.param_scheduler[0].end == 1
    text = (tmp_path / "work" / "best.py").read_text()
    assert text.startswith('"""The best."""\n\n_base_ = [\'../configs/one.py\']\n') and "model" not in text


def test_options_of_the_search_are_in_it(config, tmp_path):
    write_best(tmp_path / "best.py", config, {"model.head.a": 7}, {"lr": 0.5}, "")
    assert load_config(tmp_path / "best.py").model.head == dict(a=7, b=2)


def test_replaces_what_has_fewer_keys_or_was_no_dict(config, tmp_path):
    settings = {"model.head": {"_delete_": True, "b": {"c": 1}}, "train_cfg": None}
    write_best(tmp_path / "best.py", config, {}, settings, "")
    best = load_config(tmp_path / "best.py")
    assert best.model == dict(type="ImageTextClassifier", head=dict(b=dict(c=1))) and best.train_cfg is None


def test_without_changes_it_repeats_the_config(config, tmp_path):
    write_best(tmp_path / "best.py", config, {}, {}, "Nothing.")
    assert config_digest(load_config(tmp_path / "best.py")) == config_digest(load_config(config))


def test_refuses_a_config_that_imports_its_components(tmp_path, config):
    check_base(config)
    (tmp_path / "lazy.py").write_text("from mmengine.hooks import IterTimerHook\nhook = dict(type=IterTimerHook)\n")
    with pytest.raises(UserError, match=r"lazy.py imports its components; a search needs one that names them"):
        check_base(tmp_path / "lazy.py")
