from datetime import datetime

import pytest
import torch

from kdxf.analysis.runs.training import less_is_better, read_trainings
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf_runtime.io.digests import file_digest, settings_digest

EPOCHS = "train_cfg = dict(by_epoch=True, max_epochs=4)\n"


def validated(step, top1, **others):
    return {"accuracy/top1": top1, "data_time": 0.1, "time": 0.2, "step": step, **others}


def test_a_real_training(tiny_trained, tiny_images):
    (training,) = read_trainings(tiny_trained.checkpoint.parent)
    assert training.config == "tiny"
    assert (training.state, training.done, training.planned, training.by_epoch) == ("finished", 2, 2, True)
    assert training.seed == 0
    # The validation of the last epoch is the run's result; it is logged as a 32 bit float.
    assert list(training.scores) == [1, 2]
    name = "accuracy/top1"
    assert training.scores[2] == pytest.approx({name: tiny_trained.metrics[name]})
    assert training.best_step == int(tiny_trained.best_checkpoint.stem.rpartition("_")[2])
    weights = torch.load(tiny_trained.checkpoint, weights_only=False)["state_dict"]
    assert training.parameters == sum(weight.numel() for weight in weights.values())
    assert 0 <= training.minutes <= tiny_trained.seconds / 60 + 1 / 60


def test_its_data(folds_lab, tmp_path):
    from kdxf.apis.train import train

    cfg = load_config(folds_lab.config, {"train_cfg.max_epochs": 1})
    cfg.work_dir = str(tmp_path / "run")
    train(cfg)
    (training,) = read_trainings(tmp_path / "run")
    path = cfg.train_dataloader.dataset.ann_file
    assert training.training_lists == path
    assert training.data["ann_file"] == {path: file_digest(path)}
    contents = {key: sorted(set(files.values())) for key, files in training.data.items()}
    assert training.data_digest == settings_digest(contents)


def test_a_resumed_training_is_one(write_session):
    write_session("run", "20260101_100000", config=EPOCHS, rows=[validated(1, 50.0)], lines=["Epoch(val) [1][2/2]"])
    folder = write_session(
        "run",
        "20260102_100000",
        config=EPOCHS + "resume = True\nload_from = '/elsewhere/run/epoch_1.pth'\n",
        rows=[validated(1, 51.0), validated(2, 40.0)],
        lines=["Epoch(train) [3][10/10]  lr: 0.1", "Epoch(train) [4][ 5/10]  lr: 0.1"],
        minutes=3,
    )
    (training,) = read_trainings(folder)
    assert training.started == datetime(2026, 1, 1, 10)
    assert training.minutes == 9.0  # 10:00 to 10:06, and to 10:03
    assert training.scores == {1: {"accuracy/top1": 51.0}, 2: {"accuracy/top1": 40.0}}
    assert training.best_step == 1
    assert (training.done, training.planned, training.state) == (3, 4, "not finished")
    assert "resume" not in training.settings


def test_a_training_begun_anew_is_another(write_session):
    write_session("run", "20260101_100000", seed=1)
    other = EPOCHS + "resume = True\nload_from = 'other/epoch_1.pth'\n"
    folder = write_session("run", "20260102_100000", seed=2, config=other)
    first, second = read_trainings(folder)
    assert (first.seed, second.seed) == (1, 2)
    assert (first.is_last, second.is_last) == (False, True)


def test_a_test_is_no_training(write_session):
    assert read_trainings(write_session("run", "20260101_100000", trains=False)) == []


@pytest.mark.parametrize(
    ("config", "lines", "expected"),
    [
        (EPOCHS, ["Saving checkpoint at 4 epochs"], (4, 4, "finished")),
        (EPOCHS, ["Epoch(train) [2][50/82]"], (1, 4, "not finished")),
        (EPOCHS, ["Epoch(val) [2][7/7]", "stopped early: no progress"], (2, 4, "stopped early")),
        (EPOCHS, ["Epoch(val) [1][7/7]", "the budget is spent: stopped at 9"], (1, 4, "budget spent")),
        ("train_cfg = dict(max_iters=90)", ["Iter(train) [ 50/90]  lr: 0"], (50, 90, "not finished")),
        ("train_cfg = dict(max_iters=90)", ["Saving checkpoint at 90 iterations"], (90, 90, "finished")),
    ],
)
def test_how_far_it_came(write_session, config, lines, expected):
    (training,) = read_trainings(write_session("run", "20260101_100000", config=config, lines=lines))
    assert (training.done, training.planned, training.state) == expected


@pytest.mark.parametrize(
    ("hook", "main", "best"),
    [
        ("save_best='loss', rule='less'", "loss", 2),
        ("save_best='loss'", "loss", 2),
        ("save_best=['gain', 'loss'], rule='greater'", "gain", 1),
        ("save_best='auto'", "accuracy/top1", 3),
        ("interval=1", "accuracy/top1", 3),
        ("save_best='unknown'", "accuracy/top1", 3),
    ],
)
def test_best(write_session, hook, main, best):
    rows = [
        {"loss": 9.0, "iter": 3, "step": 3},
        validated(1, 50.0, loss=3.0, gain=7.0),
        validated(2, 60.0, loss=1.0, gain=6.0),
        validated(3, 70.0, loss=2.0, gain=5.0),
    ]
    config = f"default_hooks = dict(checkpoint=dict({hook}))\n"
    (training,) = read_trainings(write_session("run", "20260101_100000", config=config, rows=rows))
    assert (training.main_score, training.best_step) == (main, best)


def test_less_is_better():
    scores = ["val_loss", "calibration/ECE", "accuracy/top1", "single-label/precision"]
    assert [less_is_better(score) for score in scores] == [True, True, False, False]


def test_no_validation(write_session):
    (training,) = read_trainings(write_session("run", "20260101_100000"))
    assert (training.main_score, training.best_step, training.scores) == (None, None, {})
    assert (training.parameters, training.data_digest) == (None, "")


def test_device_and_version(write_session):
    gpus = "    CUDA available: True\n    GPU 0,1: NVIDIA H200\n    GPU number: 2"
    write_session("one", "20260101_100000", gpus=gpus)
    lines = ["git commit 8e950ef with changes"]
    (training,) = read_trainings(write_session("two", "20260101_100000", lines=lines))
    assert (training.device, training.version) == ("CPU, 4 cores", "0.1.0")
    assert training.commit == "8e950ef with changes"
    (training,) = read_trainings(training.folder.parent / "one")
    assert training.device == "2 x NVIDIA H200"


def test_the_digest_is_of_the_settings(write_session):
    config = EPOCHS + "work_dir = '{}'\nresume = {}\n"
    one = write_session("one", "20260101_100000", config=config.format("one", False))
    two = write_session("two", "20260101_100000", config=config.format("two", True))
    other = write_session("other", "20260101_100000")
    digests = [read_trainings(folder)[0].digest for folder in (one, two, other)]
    assert digests[0] == digests[1] == settings_digest({"train_cfg": {"by_epoch": True, "max_epochs": 4}})
    assert digests[2] != digests[0]


def test_the_lists_of_the_config(write_session):
    config = (
        "train_dataloader = dict(dataset=dict(type='X', dataset=dict(data_root='data', ann_file='a.csv')))\n"
        "val_dataloader = dict(dataset=dict(data_root='data', datasets=[dict(ann_file='b.csv'), dict(ann_file='')]))\n"
    )
    (training,) = read_trainings(write_session("run", "20260101_100000", config=config))
    assert (training.training_lists, training.validation_lists) == ("data/a.csv", "data/b.csv")


def test_a_damaged_checkpoint_is_reported(write_session, monkeypatch):
    said = []
    monkeypatch.setattr("kdxf.analysis.runs.training.print_log", lambda text, *options: said.append(text))
    folder = write_session("run", "20260101_100000")
    (folder / "epoch_1.pth").write_bytes(b"PK")
    (training,) = read_trainings(folder)
    assert training.parameters is None
    assert said == [
        f"checkpoint {folder / 'epoch_1.pth'} is damaged, or is no checkpoint (Unsupported operand 80); copy or "
        f"download it again; the row of {folder} lacks its data"
    ]


def test_damaged_scores(write_session):
    rows = [validated(1, 50.0), "{torn"]
    (training,) = read_trainings(write_session("run", "20260101_100000", rows=rows))
    assert training.scores == {1: {"accuracy/top1": 50.0}}  # the run was killed while it wrote
    (training,) = read_trainings(write_session("other", "20260101_100000", rows=rows[::-1]))
    with pytest.raises(UserError, match=r"scalars.json, line 1: not what a training writes: "):
        training.scores  # noqa: B018


def test_without_config(write_session):
    folder = write_session("run", "20260101_100000")
    (folder / "20260101_100000" / "vis_data" / "config.py").unlink()
    (training,) = read_trainings(folder)  # the other config of the folder
    assert training.planned == 2
    (folder / "milk.py").unlink()
    with pytest.raises(UserError, match=r"20260101_100000: holds a log but no vis_data/config.py, nor .*; remove"):
        read_trainings(folder)
