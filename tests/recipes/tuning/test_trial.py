from pathlib import Path

import numpy as np
import pytest

from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.recipes.tuning.trial import Task, score


@pytest.fixture
def told():
    return []


def test_scores_as_the_training_does(tiny_config, tmp_path, told):
    cfg = load_config(tiny_config, {"optim_wrapper.optimizer.lr": 0.02})
    cfg.work_dir = str(tmp_path / "alone")
    alone = train(cfg, seed=3)
    task = Task(tiny_config, "accuracy/top1", seed=3)
    found = task.run({"optim_wrapper.optimizer.lr": 0.02}, tmp_path / "trial", lambda *given: told.append(given))
    assert found == alone.metrics["accuracy/top1"] and alone.checkpoint.is_file()
    epochs = cfg.train_cfg.max_epochs
    assert [progress for _, progress in told] == [round(1000 * epoch / epochs) for epoch in range(1, epochs)]
    assert not list((tmp_path / "trial").rglob("*.pth")) and list((tmp_path / "trial").rglob("*.log"))


def test_of_folds_it_is_the_mean(folds_lab, tmp_path, told):
    both = Task(folds_lab.config, "accuracy/top1", folds=folds_lab.lists, only=(0, 2), seed=3)
    found = both.run({}, tmp_path / "both", lambda *given: told.append(given))
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["fold_0", "fold_2"]
    single = [
        Task(folds_lab.config, "accuracy/top1", folds=folds_lab.lists, only=(number,), seed=3).run(
            {}, tmp_path / str(number), lambda *_: None
        )
        for number in (0, 2)
    ]
    assert found == pytest.approx(np.mean(single))
    steps = [progress for _, progress in told]
    assert steps == sorted(set(steps)) and 500 in steps and steps[-1] < 1000
    assert dict(told_of(told))[500] == pytest.approx(single[0])


def told_of(told):
    return [(progress, value) for value, progress in told]


def test_what_is_raised_on_the_way_ends_the_training(tiny_config, tmp_path):
    class EnoughError(Exception):
        pass

    def stop(value, progress):
        raise EnoughError

    with pytest.raises(EnoughError):
        Task(tiny_config, "accuracy/top1").run({}, tmp_path / "trial", stop)
    assert not list((tmp_path / "trial").rglob("*.pth"))


def test_facts_are_all_that_decides_the_scores(folds_lab, tmp_path):
    def facts(**changes):
        task = Task(**{"config": folds_lab.config, "metric": "accuracy/top1", "folds": folds_lab.lists, **changes})
        return task.facts(tmp_path / "work")

    first = facts()
    assert first == facts()
    for changes in (
        {"metric": "loss"},
        {"folds": None},
        {"only": (1,)},
        {"seed": 1},
        {"amp": True},
        {"options": {"optim_wrapper.optimizer.lr": 9.0}},
    ):
        assert facts(**changes)[0] != first[0], changes
    with (folds_lab.lists / "fold_1" / "train.csv").open("a", encoding="utf-8") as file:
        file.write("blue/0.png,red\n")
    assert facts() != first


def test_refuses(tiny_config, tmp_path):
    with pytest.raises(UserError, match="--metric mAP: the validation gives accuracy/top1, accuracy/top5"):
        score({"accuracy/top1": 1.0, "accuracy/top5": 2.0}, "mAP")
    with pytest.raises(UserError, match="--metric mAP: the validation gives no scores"):
        score({}, "mAP")
    with pytest.raises(UserError, match="loss is nan"):
        score({"loss": float("nan")}, "loss")
    nothing = {"val_dataloader": None, "val_cfg": None, "val_evaluator": None}
    with pytest.raises(UserError, match=r"config .*tiny.py has no validation, whose scores a search compares; add one"):
        Task(Path(tiny_config), "accuracy/top1", nothing).configs({}, tmp_path)
