"""Folds that are really trained, on tiny images; what a fold does alone stands in test_kfold_fold.py."""

import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import kdxf.recipes.folds.fold as fold_module
import kdxf.recipes.folds.run as module
from kdxf.errors import UserError
from kdxf.io.locks import lock
from kdxf.io.predictions import read_predictions, write_predictions
from kdxf.io.run_record import TrainResult
from kdxf.recipes.folds.run import kfold

FINAL = ("oof.parquet", "test.parquet", "metrics.csv", "metrics.md")


def run(lab, work, **options):
    return kfold(lab.config, lab.lists, work, **{"predict": {"test": lab.test}, "seed": 3, **options})


def same(one, other):
    """Whether two files of predictions say the same, apart from where they lie."""
    a, b = read_predictions(one), read_predictions(other)
    facts = [(p.images, p.classes, p.scores.tolist(), None if p.labels is None else p.labels.tolist()) for p in (a, b)]
    return facts[0] == facts[1]


def kill(lab, work, repo):
    """Starts the tool and kills it when its first fold has trained for an epoch."""
    command = [sys.executable, repo / "tools" / "recipes" / "kfold.py", lab.config, "--folds", lab.lists]
    command += ["--work-dir", work, "--predict", lab.test, "--seed", "3"]
    tool = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (work / "fold_0" / "epoch_1.pth").is_file() and time.monotonic() < deadline:
        assert tool.poll() is None
        time.sleep(0.01)
    tool.send_signal(signal.SIGKILL)
    tool.wait()
    assert not (work / "oof.parquet").exists()


@pytest.mark.slow
def test_stopped_at_any_moment_it_comes_to_the_same(folds_lab, repo, tmp_path, monkeypatch, capsys):
    table = run(folds_lab, tmp_path / "whole")
    stopped = tmp_path / "stopped"
    kill(folds_lab, stopped, repo)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    moments = [
        (TrainResult, "write"),  # trained, but not noted
        (fold_module, "test"),
        (fold_module, "write_predictions"),
        (module, "write_predictions"),  # all folds are there
        (module, "evaluate"),
    ]
    for owner, name in moments:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(owner, name, interrupt)
            run(folds_lab, stopped)
    pd.testing.assert_frame_equal(run(folds_lab, stopped), table)
    for name in FINAL:
        if name.endswith(".parquet"):
            assert same(tmp_path / "whole" / name, stopped / name), name
        else:
            assert (tmp_path / "whole" / name).read_bytes() == (stopped / name).read_bytes()

    # Nothing is trained or predicted a second time.
    for name in ("train", "test"):
        monkeypatch.setattr(fold_module, name, interrupt)
    pd.testing.assert_frame_equal(run(folds_lab, stopped), table)
    # The folders may be brought together from several machines, without the weights.
    for fold in range(3):
        shutil.copytree(stopped / f"fold_{fold}", tmp_path / "together" / f"fold_{fold}", ignore=no_weights)
        capsys.readouterr()
        if fold < 2:
            assert run(folds_lab, tmp_path / "together", only=[fold]) is None
            missing = ", ".join(str(other) for other in range(3) if other > fold)
            assert capsys.readouterr().out.endswith(f"not gathered yet: the folds {missing} are missing\n")
    pd.testing.assert_frame_equal(run(folds_lab, tmp_path / "together", only=[1]), table)

    check_the_files(folds_lab, tmp_path / "whole", table)
    check_soft_labels(folds_lab, tmp_path / "whole")
    check_refusals(folds_lab, tmp_path / "whole")


def no_weights(folder, names):
    return [name for name in names if name.endswith(".pth")]


def check_the_files(lab, work, table):
    together = read_predictions(work / "oof.parquet")
    lists = [pd.read_csv(lab.lists / f"fold_{fold}" / "val.csv") for fold in range(3)]
    assert together.images == [image for frame in lists for image in frame["image"]]  # 24, each once
    names = [together.classes[label] for label in together.labels]
    assert names == [label for frame in lists for label in frame["label"]]
    assert together.seen.tolist() == [False] * 24
    assert [part.source.details["fold"] for part in together.source.inputs] == [0, 1, 2]
    assert together.source.inputs[1].source.details["seed"] == 3
    assert together.fold.tolist() == np.repeat([0, 1, 2], 8).tolist()
    for image, fold in zip(together.images, together.fold, strict=True):
        assert image in read_predictions(together.source.inputs[fold].file).images
    # The mean over the folds, of images whose label nobody knows.
    mean = read_predictions(work / "test.parquet")
    parts = [read_predictions(work / f"fold_{fold}" / "test.parquet") for fold in range(3)]
    np.testing.assert_allclose(mean.scores, np.mean([part.scores for part in parts], axis=0), atol=1e-6)
    assert mean.images == pd.read_csv(lab.test)["image"].tolist() and mean.labels is None
    # Accuracies by hand.
    right = together.scores.argmax(axis=1) == together.labels
    by_fold = [100 * part.mean() for part in np.split(right, 3)]
    spread = np.std(by_fold, ddof=1)
    expected = [*by_fold, np.mean(by_fold), spread, spread / 3**0.5, 100 * right.mean()]
    np.testing.assert_allclose(table["accuracy/top1"], expected, atol=1e-4)
    assert table["fold"].tolist() == ["fold_0", "fold_1", "fold_2", "mean", "std", "std error", "out-of-fold"]
    assert table["images"].tolist()[:3] == [8, 8, 8] and table["images"].iloc[-1] == 24
    assert pd.read_csv(work / "metrics.csv")["accuracy/top1"].tolist() == pytest.approx(expected, abs=1e-4)


def check_soft_labels(lab, work):
    """Models that learnt soft labels have noted it; their scores say so."""
    table = (work / "metrics.md").read_text()
    path = work / "fold_1" / "val.parquet"
    found = read_predictions(path)
    data = ({"soft_label_file": {"soft.parquet": "ab"}},)
    write_predictions(replace(found, source=replace(found.source, training_data=data)), path)
    run(lab, work)
    added = (work / "metrics.md").read_text().removeprefix(table)
    assert added.startswith("\nThese models learnt soft labels (soft.parquet), and the models that made those were as")
    assert added.count("\n") == 2
    write_predictions(found, path)


def check_refusals(lab, work):
    for change, name in (
        ({"seed": 4}, "--seed"),
        ({"amp": True}, "--amp"),
        ({"options": {"optim_wrapper.optimizer.lr": 0.1}}, "the config"),
    ):
        with pytest.raises(
            UserError, match=rf"fold_0 holds a fold with other settings \({name} changed\); remove it, o"
        ):
            run(lab, work, **change)
    path = work / "fold_1" / "val.parquet"
    found = read_predictions(path)
    found.seen[2] = True
    write_predictions(found, path)
    message = (
        rf"fold_1/val.parquet: its model .*epoch_2.pth was trained on {found.images[2]} \(1 such images\), so what"
    )
    with pytest.raises(UserError, match=message):
        run(lab, work)
    write_predictions(type(found)(**{**vars(found), "seen": None, "classes": ("a", "b", "c")}), path)
    with pytest.raises(UserError, match="fold_1 and .*fold_0 have different classes; train both with the same ones"):
        run(lab, work)


def test_two_commands_share_the_folds(folds_lab, tmp_path, monkeypatch, capsys):
    """What another one holds is left out, and looked at again when all others are done."""
    work, ran = tmp_path / "work", []
    with ExitStack() as other:

        def note(fold, *args, **options):
            ran.append(fold.number)
            with lock(fold.folder / ".lock") as second:
                assert second is None
            if fold.number == 2:
                first.close()

        first = other.enter_context(ExitStack())
        first.enter_context(lock(work / "fold_0" / ".lock"))
        other.enter_context(lock(work / "fold_1" / ".lock"))
        monkeypatch.setattr(module, "run_fold", note)
        assert run(folds_lab, work) is None
    assert ran == [2, 0]
    assert capsys.readouterr().out.splitlines() == [
        f"fold 0 of 3: {work}/fold_0: another process is at it, left out",
        f"fold 1 of 3: {work}/fold_1: another process is at it, left out",
        f"fold 2 of 3: {work}/fold_2",
        f"fold 0 of 3: {work}/fold_0",
        f"fold 1 of 3: {work}/fold_1: another process is at it, left out",
        "not gathered yet: the folds 0, 1, 2 are missing",
    ]


def test_mistakes_are_found_before_the_training(folds_lab, tmp_path):
    work, twice = tmp_path / "work", tmp_path / "twice.csv"
    twice.write_text("image\na.png\nb.png\na.png\n")
    for predict, message in (
        (
            {"val": folds_lab.test},
            r"^--predict: 'val' cannot name a file of predictions; give another, as NAME=.*test.csv",
        ),
        ({"a/b": folds_lab.test}, r"^--predict: 'a/b' cannot name a file"),
        ({"test": tmp_path / "no.csv"}, r"^--predict .*no.csv: there is no such list$"),
        ({"test": twice}, r"^.*twice.csv: a.png stands there twice; each image has one prediction, so remove"),
    ):
        with pytest.raises(UserError, match=message):
            run(folds_lab, work, predict=predict)
    with pytest.raises(UserError, match=r"^--fold 7: there are the folds 0, 1, 2$"):
        run(folds_lab, work, only=[7])
    for options, more, message in (
        (
            {"test_dataloader": None, "test_cfg": None, "test_evaluator": None},
            {},
            "^--predict: config .* has no test_dat",
        ),
        (
            {"tta_model": None},
            {"tta": True},
            "^--tta: config .*folds.py has no tta_model and tta_pipeline; add them, or l",
        ),
        (
            {"default_hooks.checkpoint.save_best": None},
            {"checkpoint": "best"},
            "^--checkpoint best: config .*folds.py keeps none; set default_hooks.checkpoint.save_best, or take last$",
        ),
    ):
        with pytest.raises(UserError, match=message):
            run(folds_lab, work, options=options, **more)
    assert not work.exists()
