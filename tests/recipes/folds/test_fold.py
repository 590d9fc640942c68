import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

import kdxf.recipes.folds.fold as module
from kdxf.errors import UserError
from kdxf.io.predictions import read_predictions, read_source
from kdxf.io.run_record import TrainResult
from kdxf.recipes.folds.fold import Wanted, is_predicted, prediction_file, run_fold
from kdxf.recipes.folds.plan import plan_folds

STAGES = {"stages": [{"name": "one", "train_cfg.max_epochs": 1}, {"name": "two", "train_cfg.max_epochs": 1}]}


def plan(lab, work, **options):
    return plan_folds(lab.config, lab.lists, work, {"train_cfg.max_epochs": 1}, **options)


def test_stages_views_and_the_best_checkpoint(folds_lab, tmp_path):
    fold = plan_folds(folds_lab.config, folds_lab.lists, tmp_path / "work", STAGES, amp=True)[1]
    wanted = Wanted({"test": folds_lab.test}, "best", tta=True)
    run_fold(fold, wanted, amp=True)
    work = fold.folder
    assert (work / "1_one" / "result.json").is_file() and (work / "2_two" / "result.json").is_file()
    source = read_source(work / "val.parquet").to_dict()
    assert source["checkpoint"].startswith(f"{work}/2_two/best_accuracy_top1_epoch_1.pth")
    assert (source["fold"], source["checkpoint_choice"], source["tta"]) == (1, "best", True)
    found = read_predictions(work / "val.parquet")
    assert found.seen.tolist() == [False] * 8 and found.labels is not None
    assert len(read_predictions(work / "test.parquet")) == 12
    assert json.loads((work / "result.json").read_text())["best_checkpoint"].startswith("2_two/best")
    assert not list((work / "tests").glob("*.parquet"))
    # Predictions of other views, of another checkpoint or of a changed list are none of these.
    assert is_predicted(fold, wanted, "val") and is_predicted(fold, wanted, "test")
    assert not is_predicted(fold, replace(wanted, tta=False), "val")
    assert not is_predicted(fold, replace(wanted, checkpoint="last"), "val")
    # Nor are those with other files.
    classes = folds_lab.lists / "classes.txt"
    names = classes.read_text(encoding="utf-8")
    classes.write_text(names + "\n", encoding="utf-8")
    assert not is_predicted(fold, wanted, "val") and not is_predicted(fold, wanted, "test")
    classes.write_text(names, encoding="utf-8")
    folds_lab.test.write_text("image\nred/0.png\n")
    assert is_predicted(fold, wanted, "val") and not is_predicted(fold, wanted, "test")
    run_fold(fold, wanted, amp=True)
    assert read_predictions(prediction_file(fold, "test")).images == ["red/0.png"]


def test_weights_that_saw_the_fold_are_refused(folds_lab, tmp_path):
    first, second = plan(folds_lab, tmp_path / "a")[:2]
    run_fold(first, Wanted({}))
    second.cfg.load_from = str(first.folder / "epoch_1.pth")
    with pytest.raises(
        UserError, match=r"a/fold_1/val.parquet: its model .* was trained on blue/1.png \(8 such images\)"
    ):
        run_fold(second, Wanted({}))
    assert not (second.folder / "val.parquet").exists()
    with pytest.raises(
        UserError, match=r"learnt from; let the training start from weights \(load_from\) that have not"
    ):
        run_fold(second, Wanted({}))


def test_nothing_saved_or_a_budget_spent(folds_lab, tmp_path, monkeypatch):
    fold = plan(folds_lab, tmp_path / "work")[0]
    result = TrainResult({}, 0.0, 1, None, None)
    monkeypatch.setattr(module, "train", lambda *args, **options: replace(result, finished=False))
    with pytest.raises(
        UserError, match="fold_0: the budget of the training is spent; the same command goes on with it$"
    ):
        run_fold(fold, Wanted({}))
    monkeypatch.setattr(module, "train", lambda *args, **options: result)
    for choice in ("last", "best"):
        with pytest.raises(
            UserError, match=rf"fold_0: no {choice} checkpoint was saved; see default_hooks.checkpoint \(sav"
        ):
            run_fold(fold, Wanted({}, choice))


def test_a_run_goes_on_with_its_seed(folds_lab, tmp_path, monkeypatch):
    asked = SimpleNamespace()

    def note(cfg, **options):
        asked.options = options
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "train", note)
    with pytest.raises(KeyboardInterrupt):
        run_fold(plan(folds_lab, tmp_path / "work", seed=5)[0], Wanted({}), seed=5)
    assert asked.options == {"resume": True, "seed": 5, "amp": False}
