import json

import pandas as pd
import pytest

from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.recipes.tuning import run as module
from kdxf.recipes.tuning.run import main_metric, tune
from kdxf.recipes.tuning.trial import Task

pytest.importorskip("optuna")
SPACE = 'space = {"optim_wrapper.optimizer.lr": dict(low=1e-3, high=1.0, log=True), "model.head.topk": [(1,), (1, 2)]}'


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.py").write_text(SPACE)
    return tmp_path / "space.py"


@pytest.fixture
def quick(monkeypatch):
    """Trials that score by the rate, without a training."""

    def run(self, settings, folder, tell):
        rate = settings.get("optim_wrapper.optimizer.lr", 0.05)
        tell(rate, 500)
        return rate

    monkeypatch.setattr(Task, "run", run)


def test_searches_and_goes_on(tiny_config, tmp_path):
    steps = '*([dict(type="Albumentations", file=policy)] if policy else [])'
    text = tiny_config.read_text().replace("pipeline = [", "policy = None\npipeline = [", 1)
    tiny_config.write_text(text.replace('dict(type="PackInputs")]', steps + ', dict(type="PackInputs")]', 1))
    (tmp_path / "space.py").write_text('space = {"policy": dict(operations=["rotate", "blur"])}')
    work, given = tmp_path / "search", dict(trials=2, seed=3, options={"train_cfg.max_epochs": 1})
    said = tune(tiny_config, tmp_path / "space.py", work, **given)
    assert "accuracy/top1" in said and "2 trials: 2 finished" in said  # a policy that is not there cannot be loaded
    table = pd.read_csv(work / "trials.csv")
    assert table["hand-set"].tolist() == [True, False] and (work / "trial_0001" / "policy.json").is_file()
    assert load_config(work / "best.py").train_cfg.max_epochs == 1 and not list(work.rglob("*.pth"))
    assert tune(tiny_config, tmp_path / "space.py", work, **given) == said  # nothing is left to do
    assert pd.read_csv(work / "trials.csv").equals(table)


def test_writes_the_best_config(quick, tiny_config, space, tmp_path):
    said = tune(tiny_config, space, tmp_path / "search", trials=8, seed=3)
    table = pd.read_csv(tmp_path / "search" / "trials.csv")
    finished = table[table["state"] == "finished"]
    best = finished.loc[finished["score"].idxmax()]
    cfg = load_config(tmp_path / "search" / "best.py")
    assert cfg.optim_wrapper.optimizer.lr == best["score"] > 0.05
    assert repr(tuple(cfg.model.head.topk)) == best["model.head.topk"]
    assert f"trial {best['trial']} has {best['score']:.4g}, the hand-set config 0.05. As the best of 8, it is" in said
    text = (tmp_path / "search" / "best.py").read_text()
    assert text.startswith(f'"""The best of 8 trials of a search, trial {best["trial"]}: accuracy/top1 ')
    assert f"Search   kdxf tune {tiny_config} --space {space}\n" in text


def test_says_when_nothing_beats_the_hand_set_config(quick, tiny_config, space, tmp_path, monkeypatch):
    monkeypatch.setattr(Task, "run", lambda self, settings, folder, tell: 0.0 if settings else 1.0)
    said = tune(tiny_config, space, tmp_path / "search", trials=3, seed=3)
    assert "no trial is better than the hand-set config, which" in said
    best, own = load_config(tmp_path / "search" / "best.py"), load_config(tiny_config)
    assert best.optim_wrapper == own.optim_wrapper and best.model == own.model


def test_a_policy_is_kept_beside_the_best_config(quick, tiny_config, tmp_path):
    text = tiny_config.read_text() + '\npolicy = None\ncustom_hooks = [dict(type="X", file=policy)]\n'
    tiny_config.write_text(text)
    (tmp_path / "space.py").write_text(
        'space = {"optim_wrapper.optimizer.lr": [0.1, 0.2], "policy": dict(operations=["rotate", "blur"])}'
    )
    tune(tiny_config, tmp_path / "space.py", tmp_path / "search", trials=2, seed=3)
    path = tmp_path / "search" / "policy.json"
    assert load_config(tmp_path / "search" / "best.py").custom_hooks[0].file == str(path)
    parts = json.loads(path.read_text())["transform"]["transforms"]
    table = pd.read_csv(tmp_path / "search" / "trials.csv")
    assert [part["p"] for part in parts] == [table["policy.rotate.p"][1], table["policy.blur.p"][1]]


def test_a_loss_is_minimized(quick, tiny_config, space, tmp_path):
    tune(tiny_config, space, tmp_path / "search", trials=6, seed=3, metric="loss")
    table = pd.read_csv(tmp_path / "search" / "trials.csv")
    finished = table[table["state"] == "finished"]
    assert load_config(tmp_path / "search" / "best.py").optim_wrapper.optimizer.lr == finished["score"].min() < 0.05


def test_ends_when_the_time_is_up(tiny_config, space, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "time", lambda: now[0])

    def run(self, settings, folder, tell):
        now[0] += 40
        return 1.0

    monkeypatch.setattr(Task, "run", run)
    tune(tiny_config, space, tmp_path / "search", minutes=1, seed=3)
    assert len(pd.read_csv(tmp_path / "search" / "trials.csv")) == 2  # the second began after 40 of 60 seconds
    said = tune(tiny_config, space, tmp_path / "other", minutes=1e-9 - 1, seed=3)
    assert said.startswith("no trial has finished in time: give more --minutes")


def test_ctrl_c_keeps_what_is_finished(tiny_config, space, tmp_path, monkeypatch):
    def run(self, settings, folder, tell):
        if settings:
            raise KeyboardInterrupt
        return 1.0

    monkeypatch.setattr(Task, "run", run)
    with pytest.raises(KeyboardInterrupt):
        tune(tiny_config, space, tmp_path / "search", trials=5, seed=3)
    assert pd.read_csv(tmp_path / "search" / "trials.csv")["state"].tolist() == ["finished", "interrupted"]
    assert (tmp_path / "search" / "best.py").is_file()
    monkeypatch.setattr(Task, "run", lambda *_: 2.0)
    tune(tiny_config, space, tmp_path / "search", trials=3, seed=3)
    table = pd.read_csv(tmp_path / "search" / "trials.csv")
    assert table["state"].tolist() == ["finished", "interrupted", "finished", "finished"]
    assert table["optim_wrapper.optimizer.lr"][1] == table["optim_wrapper.optimizer.lr"][2]


def test_other_settings_are_another_search(quick, tiny_config, space, tmp_path):
    tune(tiny_config, space, tmp_path / "search", trials=1, seed=3)
    message = r"search holds a search with other settings \({} changed\); remove it, or choose another --work-dir"
    with pytest.raises(UserError, match=message.format("--seed")):
        tune(tiny_config, space, tmp_path / "search", trials=1, seed=4)
    space.write_text(SPACE.replace("1.0", "2.0"))
    with pytest.raises(UserError, match=message.format("--space")):
        tune(tiny_config, space, tmp_path / "search", trials=1, seed=3)


def test_refuses(tiny_config, space, tmp_path):
    with pytest.raises(UserError, match="tune: give --trials, --minutes or both, so that the search has an end"):
        tune(tiny_config, space, tmp_path / "search")
    with pytest.raises(UserError, match="--fold: needs --folds, the folder of the folds"):
        tune(tiny_config, space, tmp_path / "search", trials=1, only=(1,))


@pytest.mark.slow
def test_several_processes_share_the_trials(tiny_config, space, tmp_path):
    tune(tiny_config, space, tmp_path / "search", trials=4, workers=2, seed=3)
    table = pd.read_csv(tmp_path / "search" / "trials.csv")
    assert len(table) >= 4 and table["hand-set"].sum() == 1
    assert set(table["state"]) <= {"finished", "pruned"} and table["optim_wrapper.optimizer.lr"].nunique() == len(table)


def test_the_metric_is_that_of_the_best_weights(tiny_config):
    cfg = load_config(tiny_config)
    for given, metric in (("mAP", "mAP"), (["f1", "mAP"], "f1"), ("auto", "accuracy/top1"), (None, "accuracy/top1")):
        cfg.default_hooks = dict(checkpoint=dict(type="CheckpointHook", save_best=given))
        assert main_metric(cfg) == metric
    cfg.default_hooks = None
    assert main_metric(cfg) == "accuracy/top1"
