import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import kdxf.analysis.compare_seeds as module
from kdxf.analysis.compare_seeds import Variant, compare, markdown, summarize
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.errors import UserError


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    """Features of HOG and colours, which take no time."""
    monkeypatch.setattr("kdxf.analysis.config_baselines.installed_backbone", lambda: None)


@pytest.fixture
def runs():
    rows = [
        # model, input, fold, seed, seconds, top1
        ("a", "all", "", 0, 10.0, 50.0),
        ("b", "all", "", 0, 20.0, 53.0),
        ("a", "all", "", 1, 14.0, 60.0),
        ("b", "all", "", 1, 20.0, 65.0),
    ]
    return pd.DataFrame(rows, columns=["model", "input", "fold", "seed", "seconds", "top1"])


def test_mean_spread_and_paired_difference(runs):
    table = summarize(runs.sample(frac=1, random_state=0).sort_values("model"))
    a, b = table.to_dict("records")
    # Of 50, 60: mean 55, squared deviations 25 + 25, over n - 1 = 1.
    assert a == pytest.approx(
        {"model": "a", "input": "all", "runs": 2, "seconds": 12, "top1 mean": 55, "top1 std": math.sqrt(50)}
        | {"top1 diff": 0, "top1 diff std": 0}
    )
    # Of 53, 65: mean 59, std sqrt(72). Of the differences 3, 5: mean 4, std sqrt(2).
    assert b == pytest.approx(
        {"model": "b", "input": "all", "runs": 2, "seconds": 20, "top1 mean": 59, "top1 std": math.sqrt(72)}
        | {"top1 diff": 4, "top1 diff std": math.sqrt(2)}
    )


def test_markdown(runs):
    table = markdown(summarize(runs.assign(top1_stderr=1.0)))
    assert table.splitlines() == [
        "| model | input | runs | top1 | Δ | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
        "| a | all | 2 | 55.0 ± 7.1 |  | 12 |",
        "| b | all | 2 | 59.0 ± 8.5 | +4.0 ± 1.4 | 20 |",
        "",
        "Mean ± standard deviation over the runs. Δ: difference to the run of a with the same input, fold and seed.",
        "Seconds: training of one run.",
    ]


def test_one_run_has_no_spread_and_inputs_stay_apart(runs):
    runs = pd.concat([runs[:2], runs[:2].assign(input="without text", top1=[30.0, 29.0])])
    assert markdown(summarize(runs)).splitlines()[2:6] == [
        "| a | all | 1 | 50.0 |  | 10 |",
        "| b | all | 1 | 53.0 | +3.0 | 20 |",
        "| a | without text | 1 | 30.0 |  | 10 |",
        "| b | without text | 1 | 29.0 | -1.0 | 20 |",
    ]


def test_folds_are_paired_with_their_own(runs):
    table = summarize(runs.assign(fold=["x", "y", "x", "x"]))
    assert table["top1 diff"].tolist() == [0, 5]  # the one pair that there is: fold x, seed 1
    assert table["runs"].tolist() == [2, 2]


VARIANTS = [Variant(f"rate {rate}", {"optim_wrapper.optimizer.lr": rate}) for rate in (0.05, 0)]


@pytest.fixture
def count(monkeypatch):
    """How often something is trained and tested."""
    calls = {"train": 0, "test": 0}

    def counting(name):
        function = getattr(module, name)

        def call(*args, **kwargs):
            calls[name] += 1
            return function(*args, **kwargs)

        return call

    for name in calls:
        monkeypatch.setattr(module, name, counting(name))
    return calls


@pytest.fixture
def moe(lab, tmp_path):
    """A config of image and text that trains for an epoch, on a wrapped dataset."""
    text = f"""
_base_ = "{lab.moe}"
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    drop_last=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"),
    dataset=dict(
        type="ClassBalancedDataset", oversample_thr=0.01, dataset=_base_.test_dataloader.dataset
    ),
)
val_dataloader = _base_.test_dataloader
val_evaluator = dict(type="Accuracy", topk=(1,))
val_cfg = dict()
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(optimizer=dict(type="SGD", lr=0.01))
"""
    path = tmp_path / "moe.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_variants_and_seeds(tiny_config, tmp_path, count):
    work = tmp_path / "comparison"
    table = compare([tiny_config], seeds=[0, 1], work_dir=work, variants=VARIANTS, options={"train_cfg.max_epochs": 1})
    assert count == {"train": 4, "test": 4}
    assert table.model.tolist() == ["tiny/rate 0.05", "tiny/rate 0"]
    assert table["runs"].tolist() == [2, 2]
    runs = pd.read_csv(work / "runs.csv")
    scores = runs.pivot(index="seed", columns="model", values="accuracy/top1")
    assert table["accuracy/top1 mean"].tolist() == scores[table.model].mean().tolist()
    assert table["accuracy/top1 diff"][1] == pytest.approx((scores["tiny/rate 0"] - scores["tiny/rate 0.05"]).mean())
    assert pd.read_csv(work / "summary.csv")["accuracy/top1 std"].tolist() == pytest.approx(
        scores[table.model].std().tolist()
    )
    page = (work / "summary.md").read_text()
    assert page.count("\n| tiny/") == 2
    assert "\nBaselines, top-1 in percent on the lists of tiny/rate 0.05 (" in page
    assert page.endswith("\n- majority 33.3, image (HOG and colours) 100.0.\n")  # classes of a colour
    assert (runs.seconds > 0).all()
    # Each run has the weights of the last epoch alone.
    assert sorted(path.name for path in (work / "tiny" / "rate 0" / "seed_1").glob("*.pth")) == ["epoch_1.pth"]


def test_a_run_is_a_training_with_its_seed(tiny_config, tmp_path):
    once = {"train_cfg.max_epochs": 1}
    compare([tiny_config], seeds=[5], work_dir=tmp_path / "c", options=once)
    result = json.loads((tmp_path / "c" / "tiny" / "seed_5" / "result.json").read_text())
    expected = train(load_config(tiny_config, once), seed=5)
    assert result["scores"] == {"all": {"accuracy/top1": expected.metrics["accuracy/top1"]}}
    assert result["checkpoint"] == "epoch_1.pth"


def test_it_continues_and_extends(tiny_config, tmp_path, monkeypatch):
    options = {"work_dir": tmp_path / "c"}
    trainings, tests = [], []

    def train_until_the_second(cfg, **kwargs):
        trainings.append(cfg.work_dir)
        if len(trainings) == 2:
            raise KeyboardInterrupt
        Path(cfg.work_dir).mkdir(parents=True)
        return SimpleNamespace(checkpoint=Path(cfg.work_dir) / "epoch_1.pth", seconds=2.5)

    def score(cfg, checkpoint, **kwargs):
        tests.append(checkpoint)
        return {"accuracy/top1": 10.0 * len(tests)}

    monkeypatch.setattr(module, "train", train_until_the_second)
    monkeypatch.setattr(module, "test", score)
    with pytest.raises(KeyboardInterrupt):
        compare([tiny_config], seeds=[0, 1], **options)
    assert len(pd.read_csv(tmp_path / "c" / "runs.csv")) == 1
    table = compare([tiny_config], seeds=[0, 1, 2], **options)
    assert [Path(folder).name for folder in trainings] == ["seed_0", "seed_1", "seed_1", "seed_2"]
    assert [checkpoint.parent.name for checkpoint in tests] == ["seed_0", "seed_1", "seed_2"]
    assert table["accuracy/top1 mean"].tolist() == [20.0]
    assert table["seconds"].tolist() == [2.5]  # as the training says, which knows what it resumed
    assert compare([tiny_config], seeds=[0, 1, 2], **options).equals(table)
    # The folder may be moved.
    shutil.move(tmp_path / "c", tmp_path / "moved")
    compare([tiny_config], seeds=[2], work_dir=tmp_path / "moved")
    assert (len(trainings), len(tests)) == (4, 3)


def test_an_extended_comparison_keeps_its_rows_while_it_runs(tiny_config, tmp_path, monkeypatch):
    rows_before = []

    def train_by_writing(cfg, **kwargs):
        if (tmp_path / "c" / "runs.csv").is_file():
            runs = pd.read_csv(tmp_path / "c" / "runs.csv")
            rows_before.append(list(zip(runs["model"], runs["seed"], strict=True)))
        if len(rows_before) == 4:
            raise KeyboardInterrupt
        Path(cfg.work_dir).mkdir(parents=True)
        return SimpleNamespace(checkpoint=Path(cfg.work_dir) / "epoch_1.pth", seconds=2.5)

    monkeypatch.setattr(module, "train", train_by_writing)
    monkeypatch.setattr(module, "test", lambda cfg, checkpoint, **kwargs: {"accuracy/top1": 10.0})
    compare([tiny_config], seeds=[0, 1, 2], work_dir=tmp_path / "c", variants=VARIANTS[:1])
    with pytest.raises(KeyboardInterrupt):
        compare([tiny_config], seeds=[0, 1, 2], work_dir=tmp_path / "c", variants=VARIANTS)
    first, second = "tiny/rate 0.05", "tiny/rate 0"
    # While the second variant trains with seed 0, then with seed 1, where the call is stopped.
    assert rows_before[2:] == [
        [(first, 0), (first, 1), (first, 2)],
        [(first, 0), (second, 0), (first, 1), (first, 2)],
    ]
    assert pd.read_csv(tmp_path / "c" / "summary.csv")["runs"].tolist() == [3, 1]


def test_folds_in_a_wrapped_dataset_and_without_a_modality(moe, lab, tmp_path, count):
    rows = (lab.root / "test.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    for fold, val in (("a", [1, 2]), ("b", [3, 4, 5])):
        (tmp_path / fold).mkdir()
        (tmp_path / fold / "val.csv").write_text(rows[0] + "".join(rows[i] for i in val), encoding="utf-8")
        train_rows = [row for i, row in enumerate(rows) if i not in val]
        (tmp_path / fold / "train.csv").write_text("".join(train_rows), encoding="utf-8")
    options = {"seeds": [0], "work_dir": tmp_path / "c", "folds": [tmp_path / "a", tmp_path / "b"]}
    compare([moe], **options)
    assert count == {"train": 2, "test": 2}
    table = compare([moe], **options, without=["text", "image"])
    assert count == {"train": 2, "test": 6}  # only what was not there yet
    assert table.input.tolist() == ["all", "without text", "without image"]
    runs = pd.read_csv(tmp_path / "c" / "runs.csv")
    assert runs.fold.tolist() == ["a"] * 3 + ["b"] * 3
    # Two and three photographs were scored.
    for fold, size in (("a", 2), ("b", 3)):
        hits = runs[runs.fold == fold]["accuracy/top1"].to_numpy() * size / 100
        assert np.allclose(hits, hits.round(), atol=1e-3)
    page = (tmp_path / "c" / "summary.md").read_text()
    assert "\n- Fold a: majority " in page
    assert "\n- Fold b: majority " in page
    (dumped,) = (tmp_path / "c" / "moe" / "a" / "seed_0").glob("*.py")
    lists = load_config(dumped)
    assert lists.train_dataloader.dataset.dataset.ann_file == str(tmp_path / "a" / "train.csv")
    assert lists.test_dataloader.dataset.ann_file == str(tmp_path / "a" / "val.csv")


def test_what_cannot_be_compared(tiny_config, moe, tmp_path):
    options = {"seeds": [0], "work_dir": tmp_path / "c"}
    with pytest.raises(UserError, match="two of the runs would be .*c/tiny/seed_0; give variants, folds and"):
        compare([tiny_config, tiny_config], **options)
    with pytest.raises(UserError, match=r"--folds .*/none: there is no train.csv; give folders with train.csv and val"):
        compare([moe], folds=[tmp_path / "none"], **options)
    for name in ("train.csv", "val.csv"):
        (tmp_path / name).write_text("image,label\n")
    with pytest.raises(UserError, match="^--folds: the config's train_dataloader has no dataset with an ann_file tha"):
        compare([tiny_config], folds=[tmp_path], **options)
    with pytest.raises(UserError, match="has no validation set to compare on: it needs val_dataloader, val_evaluator"):
        compare([tiny_config], options={"val_evaluator": None}, **options)
    with pytest.raises(UserError, match="--without text: the model of .*tiny.py has no text_encoder; it needs a mode"):
        compare([tiny_config], without=["text"], **options)
    assert not (tmp_path / "c").exists()


def test_other_settings(tiny_config, tmp_path):
    folder = tmp_path / "c" / "tiny" / "seed_0"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text('{"settings": "other"}')
    message = r"seed_0 holds a run with other settings \(the config or the options changed\); remove it, or choose"
    with pytest.raises(UserError, match=message):
        compare([tiny_config], seeds=[0], work_dir=tmp_path / "c")


def test_files_of_other_contents(tiny_config, tmp_path, monkeypatch):
    def train_by_writing(cfg, **kwargs):
        Path(cfg.work_dir).mkdir(parents=True)
        return SimpleNamespace(checkpoint=Path(cfg.work_dir) / "epoch_1.pth", seconds=2.5)

    monkeypatch.setattr(module, "train", train_by_writing)
    monkeypatch.setattr(module, "test", lambda cfg, checkpoint, **kwargs: {"accuracy/top1": 10.0})
    start = tmp_path / "start.pth"
    start.write_bytes(b"weights")
    options = {"seeds": [0], "work_dir": tmp_path / "c", "options": {"load_from": str(start)}}
    compare([tiny_config], **options)
    start.write_bytes(b"weights")  # made again as it was
    compare([tiny_config], **options)  # trains nothing, for the folder is there
    start.write_bytes(b"other")
    message = r"seed_0 holds a run with other settings \(load_from changed\); remove it, or choose another --work-dir"
    with pytest.raises(UserError, match=message):
        compare([tiny_config], **options)


def test_nothing_saved(tiny_config, tmp_path, monkeypatch):
    class Result:
        checkpoint = None

    monkeypatch.setattr(module, "train", lambda *args, **kwargs: Result)
    with pytest.raises(UserError, match="seed_0: nothing was saved; default_hooks.checkpoint must save the last epoch"):
        compare([tiny_config], seeds=[0], work_dir=tmp_path / "c")
