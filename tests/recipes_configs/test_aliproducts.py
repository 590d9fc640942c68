"""The rounds of configs/recipes/aliproducts are those of the document's tables."""

import pytest

from kdxf.apis.stages import plan_stages
from kdxf.engine.config import load_config
from kdxf.recipes.pipeline import read_recipe

FOLDER = "configs/recipes/aliproducts"
# Epochs, step, factor, batch size, classes, focal loss, frozen backbone, gradient centralization, mixed precision.
TABLES = {
    "res2net50_baseline": [
        (2, 4, 0.5, 512, 2345, False, True, False, False),
        (10, 4, 0.5, 96, 2345, False, False, False, False),
        (8, 3, 0.4, 512, 50030, True, True, True, False),
    ],
    "resnest101_baseline": [
        (2, 4, 0.5, 768, 2345, False, True, False, True),
        (10, 4, 0.5, 96, 2345, True, False, False, True),
        (8, 3, 0.4, 512, 50030, True, True, True, True),
    ],
    "res2net50_v1": [
        (1, 4, 0.5, 768, 14132, False, True, True, False),
        (10, 4, 0.4, 96, 14132, False, False, True, False),
        (8, 3, 0.4, 512, 50030, True, True, True, False),
    ],
    "res2net50_v2": [(10, 3, 0.4, 1024, 50030, True, True, True, True)],
    "res2net50_v3": [
        (1, 1, 0.4, 1024, 30265, True, True, True, True),
        (15, 3, 0.5, 128, 30265, True, False, True, True),
        (8, 3, 0.4, 1024, 50030, True, True, True, True),
    ],
}
SUBSETS = {2345: "80_100/", 14132: "50_500/", 30265: "20_500/", 50030: ""}


def rounds(repo, name):
    cfg = load_config(repo / FOLDER / f"image_{name}.py")
    return [stage.cfg for stage in plan_stages(cfg)] if cfg.get("stages") else [cfg]


def facts(cfg):
    hooks = [hook.type for hook in cfg.custom_hooks]
    assert (cfg.optim_wrapper.optimizer.type, cfg.optim_wrapper.optimizer.lr) == ("Adam", 0.001)
    return (
        cfg.train_cfg.max_epochs,
        cfg.param_scheduler.step_size,
        cfg.param_scheduler.gamma,
        cfg.train_dataloader.batch_size,
        cfg.model.head.num_classes,
        cfg.model.head.loss.gamma == 2.0,
        "FreezeHook" in hooks,
        "GradientCentralizationHook" in hooks,
        cfg.optim_wrapper.get("type") == "AutocastOptimWrapper",
    )


@pytest.mark.parametrize("name", TABLES)
def test_rounds_are_those_of_the_table(repo, name):
    assert [facts(cfg) for cfg in rounds(repo, name)] == TABLES[name]


def test_each_round_has_the_lists_of_its_classes(repo):
    lists = dict.fromkeys(("res2net50_baseline", "resnest101_baseline"), "train.csv")
    lists |= {"res2net50_v1": "balanced_train.csv"} | dict.fromkeys(
        ("res2net50_v2", "res2net50_v3"), "reliable_train.csv"
    )
    for name, train_list in lists.items():
        for cfg in rounds(repo, name):
            folder = SUBSETS[cfg.model.head.num_classes]
            found = [cfg[loader].dataset.ann_file for loader in ("train_dataloader", "val_dataloader")]
            assert found == [folder + train_list, f"{folder}val.csv"], name
            assert cfg.test_dataloader.dataset.ann_file == "val.csv"


def test_only_the_second_round_of_version_3_augments(repo):
    augmented = {
        (name, number)
        for name in TABLES
        for number, cfg in enumerate(rounds(repo, name), start=1)
        if [step.type for step in cfg.train_dataloader.dataset.pipeline]
        != ["LoadImage", "Letterbox", "PackImageTextInputs"]
    }
    assert augmented == {("res2net50_v3", 2)}


def test_versions_start_from_the_one_before(repo):
    starts = [rounds(repo, name)[0].load_from for name in ("res2net50_v1", "res2net50_v2", "res2net50_v3")]
    assert [start.rpartition("/")[2] for start in starts] == ["baseline.pth", "v1.pth", "v2.pth"]


def test_what_holds_for_all(repo):
    cfg = rounds(repo, "res2net50_v2")[0]
    assert (cfg.default_hooks.checkpoint.by_epoch, cfg.default_hooks.checkpoint.interval) == (False, 500)
    letterbox = cfg.train_dataloader.dataset.pipeline[1]
    assert (letterbox.scale, letterbox.get("pad_val"), letterbox.get("reflect_prob")) == (224, None, None)
    assert [metric.type for metric in cfg.val_evaluator] == ["GlobalAveragePrecision", "MeanClassAccuracy", "Accuracy"]


def test_the_margin_of_arcface_comes_in_late(repo):
    spans = [
        (hook.begin, hook.end, cfg.train_cfg.max_epochs)
        for cfg in rounds(repo, "res2net50_arcface")
        for hook in cfg.custom_hooks
        if hook.type == "MarginScheduleHook"
    ]
    assert spans == [(2, 3, 2), (1, 6, 10), (1, 4, 8)]  # none in the warm-up; whole before the others end
    head = rounds(repo, "res2net50_arcface")[0].model.head
    assert (head.type, head.scale, head.margins, head.easy_margin, head.num_classes) == (
        "ArcFaceClsHead", 32.0, 0.5, True, 2345,
    )  # fmt: skip


def test_hierarchical_rounds_are_those_of_version_3(repo):
    for ours, theirs in zip(rounds(repo, "res2net50_hierarchical"), rounds(repo, "res2net50_v3"), strict=True):
        head = ours.model.head
        assert head.fine == theirs.model.head and head.levels == {"coarse": 0.6}
        classes = f"data/aliproducts/{SUBSETS[head.fine.num_classes]}classes.txt"
        assert head.classes == ours.val_evaluator[-1].classes == classes
        assert ours.train_dataloader == theirs.train_dataloader and ours.train_cfg == theirs.train_cfg
        assert ours.optim_wrapper == theirs.optim_wrapper and ours.custom_hooks == theirs.custom_hooks


@pytest.mark.parametrize("smoke", [False, True])
def test_the_pipeline_goes_from_lists_to_the_submission(repo, monkeypatch, smoke):
    monkeypatch.chdir(repo)
    stages = read_recipe(f"{FOLDER}/pipeline.py", smoke=smoke).stages
    names = ["check", "lists", "baseline", "version 1", "reliable list", "version 2", "version 3", "submission"]
    assert [stage.name for stage in stages] == names
    words = [word for stage in stages for command in stage.commands for word in command]
    assert "train/{label:0>5}/{image}" in words or smoke
    assert not [word for word in words if "{" in word and "label:0>5" not in word]
    for word in words:
        if word.endswith(".py"):
            assert (repo / word).is_file(), word
