"""configs/recipes/hualu_cup holds what the document says."""

import subprocess

import pytest

from kdxf.engine.config import load_config
from kdxf.recipes.pipeline import read_recipe

FOLDER = "configs/recipes/hualu_cup"


def config(repo, variant=""):
    return load_config(repo / FOLDER / f"image_efficientnet-b4{variant}.py")


def test_the_first_round(repo):
    cfg = config(repo)
    assert (cfg.model.image_backbone.model_name, cfg.image_size, cfg.num_classes) == ("tf_efficientnet_b4_ap", 600, 4)
    # x * 2 - 1 for x in 0..1
    assert cfg.data_preprocessor["mean"] == cfg.data_preprocessor["std"] == [127.5] * 3
    wrapper, schedule = cfg.optim_wrapper, cfg.param_scheduler
    assert (wrapper.optimizer.type, wrapper.optimizer.lr, wrapper.accumulative_counts) == ("Ranger", 2e-4, 1)
    assert wrapper.clip_grad == {"type": "value", "clip_value": 1.0}
    assert (schedule.type, schedule.periods, schedule.eta_min) == ("CosineRestartLR", [10, 20, 40], 0.0)
    assert (cfg.train_cfg.max_epochs, cfg.train_dataloader.batch_size) == (35, 3)
    assert cfg.default_hooks.checkpoint.save_best == "average-precision/mAP"
    stopping = next(hook for hook in cfg.custom_hooks if hook.type == "EarlyStoppingHook")
    assert (stopping.monitor, stopping.patience, stopping.min_delta) == ("average-precision/mAP", 26, 0.0)


def test_padding_mirrors_in_seven_of_ten_trainings_and_in_every_test(repo):
    cfg = config(repo)
    boxes = [cfg[loader].dataset.pipeline[1] for loader in ("train_dataloader", "val_dataloader", "test_dataloader")]
    assert [(box.type, box.scale, box.reflect_prob) for box in boxes] == [
        ("Letterbox", 600, 0.7), ("Letterbox", 600, 1.0), ("Letterbox", 600, 1.0),
    ]  # fmt: skip
    steps = cfg.train_dataloader.dataset.pipeline[2].transforms
    assert [step.type for step in steps] == ["ShiftScaleRotate", "HorizontalFlip", "OneOf", "OneOf"]


def test_the_second_round_differs_by_its_lists_and_targets(repo):
    first, second = config(repo), config(repo, "_distill")
    dataset = second.train_dataloader.dataset
    assert (dataset.pop("soft_label_file"), dataset.pop("ground_truth_ratio")) == ("round_1.parquet", 0.6)
    assert (dataset.ann_file, first.train_dataloader.dataset.ann_file) == (
        "cutmix/fold_0/train.csv", "folds/fold_0/train.csv",
    )  # fmt: skip
    dataset.ann_file = first.train_dataloader.dataset.ann_file
    assert {**second.to_dict(), "work_dir": None} == {**first.to_dict(), "work_dir": None}


def test_two_bits(repo, tmp_path):
    cfg = config(repo, "_multi-label")
    assert (cfg.model.head.type, cfg.model.head.num_classes, cfg.num_classes) == ("MultiLabelLinearClsHead", 2, 2)
    assert all(cfg[f"{name}_dataloader"].dataset.multi_label for name in ("train", "val", "test"))
    assert not any(metric.type == "Accuracy" for metric in cfg.test_evaluator)

    # The command of the front page.
    page = (repo / FOLDER / "image_efficientnet-b4_multi-label.py").read_text(encoding="utf-8")
    lines = page.splitlines()
    start = next(index for index, line in enumerate(lines) if line.strip().startswith("cd data/hualu_cup"))
    end = next(index for index, line in enumerate(lines) if line.strip() == "done")
    folds = tmp_path / "data" / "hualu_cup" / "folds" / "fold_0"
    folds.mkdir(parents=True)
    for part in ("train", "val"):
        (folds / f"{part}.csv").write_text(
            "image,label,source\nv1/a.jpg,calling,v1\nv1/b.jpg,normal,v1\nc.jpg,smoking,v3\nd.jpg,smoking_calling,v3\n"
        )
    subprocess.run(["bash", "-ec", "\n".join(lines[start : end + 1])], cwd=tmp_path, check=True)
    bits = tmp_path / "data" / "hualu_cup" / "bits"
    assert (bits / "classes.txt").read_text().split() == ["calling", "smoking"]
    assert (bits / "val.csv").read_text().splitlines()[1:] == [
        "v1/a.jpg,calling,v1", "v1/b.jpg,,v1", "c.jpg,smoking,v3", "d.jpg,calling|smoking,v3",
    ]  # fmt: skip


@pytest.mark.parametrize("smoke", [False, True])
def test_the_pipeline_goes_from_lists_to_the_result(repo, monkeypatch, smoke):
    monkeypatch.chdir(repo)
    stages = read_recipe(f"{FOLDER}/pipeline.py", smoke=smoke).stages
    assert [stage.name for stage in stages] == [
        "check", "lists", "resize", "resize test", "duplicates", "folds", "round_1", "round_1 on test", "cutmix",
        *(f"keep {fold}" for fold in range(5)), "round_2", "round_2 on test", "result",
    ]  # fmt: skip
    words = [word for stage in stages for command in stage.commands for word in command]
    assert not [word for word in words if "{" in word or "%" in word]
    for word in words:
        if word.endswith(".py"):
            assert (repo / word).is_file(), word
    merge = next(command for command in stages[-1].commands if "tools/recipes/ensemble.py" in command)
    assert [word.split("/")[-3] for word in merge if word.endswith("test.parquet")] == ["round_1", "round_2", "round_2"]
