import math
import os
import shutil
import tarfile
from pathlib import Path
from typing import ClassVar

import mmpretrain
import pytest
import torch
from mmengine.hooks import Hook

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.io.locks import OWNER, owning
from kdxf.registry import HOOKS

EMA = {"custom_hooks": [{"type": "EMAHook", "momentum": 0.3}]}
ONE_EPOCH = {"train_cfg.max_epochs": 1}


class RunsCode:
    """Its pickle makes a file when it is read."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def assert_same(first, second):
    """Nested dicts and lists of tensors and numbers are equal."""
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_same(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second)
    else:
        assert first == second


def test_learns_and_reports(tiny_config):
    cfg = load_config(tiny_config)
    result = train(cfg)
    assert result.epoch == 2
    assert set(result.metrics) >= {"accuracy/top1"}
    assert result.metrics["accuracy/top1"] > 50
    assert 0 < result.loss < math.log(3)
    assert result.checkpoint == Path(cfg.work_dir, "epoch_2.pth")
    assert result.best_checkpoint.name.startswith("best_accuracy_top1_epoch_")
    assert "pin_memory" not in cfg.train_dataloader  # the caller's config is not changed

    resolved = load_config(Path(cfg.work_dir, "tiny.py"))
    assert resolved.train_dataloader.collate_fn.type == "default_collate"
    (log,) = Path(cfg.work_dir).glob("*/*.log")
    text = log.read_text()
    assert "kdxf 0." in text and "PyTorch: " in text and "data_time: " in text and "lr: " in text
    assert "FileClient" not in text
    assert load_checkpoint(result.checkpoint)["meta"]["kdxf_version"]


def test_same_seed_same_weights(tiny_config, tmp_path):
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        cfg = load_config(tiny_config, ONE_EPOCH | {"work_dir": str(tmp_path / name)})
        weights.append(load_checkpoint(train(cfg, seed=seed, validate=False).checkpoint)["state_dict"])
    assert_same(weights[0], weights[1])
    assert any(not torch.equal(weights[0][key], weights[2][key]) for key in weights[0])


def test_resume_is_as_if_never_stopped(tiny_config, tmp_path):
    whole = load_config(tiny_config, EMA | {"work_dir": str(tmp_path / "whole")})
    straight = load_checkpoint(train(whole).checkpoint)

    # What a run that was killed in its second epoch leaves behind.
    killed = tmp_path / "killed"
    killed.mkdir()
    shutil.copy(tmp_path / "whole" / "epoch_1.pth", killed)
    (killed / "last_checkpoint").write_text(str(killed / "epoch_1.pth"))

    result = train(load_config(tiny_config, EMA | {"work_dir": str(killed)}), resume=True)
    assert result.epoch == 2
    (log,) = killed.glob("*/*.log")
    assert "Epoch(train) [2][1/3]" in log.read_text() and "Epoch(train) [1]" not in log.read_text()
    resumed = load_checkpoint(result.checkpoint)
    for part in ("state_dict", "ema_state_dict", "optimizer", "param_schedulers"):
        assert_same(straight[part], resumed[part])
    assert not torch.equal(
        straight["state_dict"]["head.fc.weight"], straight["ema_state_dict"]["module.head.fc.weight"]
    )
    assert (resumed["meta"]["epoch"], resumed["meta"]["iter"]) == (2, 6)


def test_tar_shards_train_what_files_train_and_are_resumed(tiny_config, tiny_images, tmp_path):
    names = sorted(path.relative_to(tiny_images / "train").as_posix() for path in tiny_images.glob("train/*/*.png"))
    shards = {name: f"{index % 2}.tar/{name}" for index, name in enumerate(names)}
    for name, member in shards.items():
        with tarfile.open(tmp_path / member[: len("0.tar")], "a") as archive:
            archive.add(tiny_images / "train" / name, name)

    def run(folder, images, workers, **options):
        rows = [f"{images.get(name, name)},{name.partition('/')[0]}" for name in names]
        (tmp_path / f"{folder.name}.csv").write_text("image,label\n" + "\n".join(rows), encoding="utf-8")
        dataset = {
            "type": "OCRTextDataset",
            "ann_file": str(tmp_path / f"{folder.name}.csv"),
            "data_prefix": str(tmp_path if images else tiny_images / "train"),
            "classes": ["blue", "green 绿", "red"],
            "pipeline": [{"type": "LoadImage"}, {"type": "PackInputs"}],
            "_delete_": True,
        }
        changes = {"work_dir": str(folder), "train_dataloader.dataset": dataset}
        changes |= {"train_dataloader.num_workers": workers, "train_dataloader.persistent_workers": workers > 0}
        return load_checkpoint(train(load_config(tiny_config, changes), validate=False, **options).checkpoint)

    files = run(tmp_path / "files", {}, workers=0)
    killed = tmp_path / "killed"
    killed.mkdir()
    shutil.copy(tmp_path / "files" / "epoch_1.pth", killed)
    (killed / "last_checkpoint").write_text(str(killed / "epoch_1.pth"))
    resumed = run(killed, shards, workers=2, resume=True)
    assert (resumed["meta"]["epoch"], resumed["meta"]["iter"]) == (2, 6)
    assert_same(files["state_dict"], resumed["state_dict"])


def test_resume_from_a_named_checkpoint(tiny_config, tmp_path):
    cfg = load_config(tiny_config, ONE_EPOCH)
    first = train(cfg).checkpoint
    cfg.work_dir = str(tmp_path / "elsewhere")
    cfg.train_cfg.max_epochs = 2
    assert train(cfg, resume=first).epoch == 2


def test_resume_without_a_checkpoint_falls_back_to_load_from(tiny_config, tmp_path):
    cfg = load_config(tiny_config, ONE_EPOCH)
    trained = train(cfg).checkpoint
    # Rate 0: what comes out is what was loaded.
    again = load_config(tiny_config, {"work_dir": str(tmp_path / "new"), "load_from": str(trained), **ONE_EPOCH})
    again.optim_wrapper.optimizer.lr = 0.0
    again.param_scheduler = None
    result = train(again, resume="auto")
    assert_same(load_checkpoint(result.checkpoint)["state_dict"], load_checkpoint(trained)["state_dict"])


def test_unmodified_mmpretrain_config(tiny_images, tmp_path):
    path = Path(mmpretrain.__file__).parent / ".mim/configs/resnet/resnet18_8xb32_in1k.py"
    options = {
        "work_dir": str(tmp_path),
        "model.head.num_classes": 3,
        "train_cfg.max_epochs": 1,
        "model.head.topk": (1,),
    }
    for split in ("train", "val"):
        options |= {
            f"{split}_dataloader.dataset.type": "CustomDataset",
            f"{split}_dataloader.dataset.data_root": str(tiny_images),
            f"{split}_dataloader.dataset.data_prefix": split,
            f"{split}_dataloader.dataset.split": "",
            f"{split}_dataloader.batch_size": 12,
            f"{split}_dataloader.num_workers": 1,
        }
    cfg = load_config(path, options)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.pop("split")
        loader.dataset.pipeline[1].scale = 32
        loader.dataset.pipeline = [step for step in loader.dataset.pipeline if step.type != "CenterCrop"]
    cfg.val_dataloader.dataset.pipeline[1] = {"type": "Resize", "scale": 32}
    cfg.val_evaluator = {"type": "Accuracy", "topk": 1}
    assert cfg.default_scope == "mmpretrain"
    result = train(cfg, amp=True)
    assert result.epoch == 1 and "accuracy/top1" in result.metrics
    assert "kdxf.AutocastOptimWrapper" in (tmp_path / path.name).read_text()


def test_without_validation(tiny_config):
    result = train(load_config(tiny_config, ONE_EPOCH), validate=False)
    assert result.metrics == {} and result.best_checkpoint is None


def test_auto_scale_lr(tiny_config):
    # 8 images a step, chosen for 32: a quarter of the rate.
    options = ONE_EPOCH | {"auto_scale_lr.base_batch_size": 32, "optim_wrapper.optimizer.lr": 0.04}
    cfg = load_config(tiny_config, options)
    cfg.param_scheduler = None
    saved = load_checkpoint(train(cfg, auto_scale_lr=True).checkpoint)
    assert saved["optimizer"]["param_groups"][0]["lr"] == pytest.approx(0.01)


def test_auto_scale_lr_needs_a_base(tiny_config):
    with pytest.raises(UserError, match=r"--auto-scale-lr needs auto_scale_lr = dict\(base_batch_size=...\)"):
        train(load_config(tiny_config), auto_scale_lr=True)


def test_amp_needs_the_plain_wrapper(tiny_config):
    cfg = load_config(tiny_config, {"optim_wrapper.type": "ApexOptimWrapper"})
    with pytest.raises(UserError, match=r"--amp cannot be combined with optim_wrapper.type='ApexOptimWrapper'"):
        train(cfg, amp=True)


def test_amp_on_a_gpu_scales_the_loss(tiny_config, monkeypatch):
    from kdxf.apis.train import _set_mixed_precision

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    cfg = load_config(tiny_config)
    _set_mixed_precision(cfg)
    assert (cfg.optim_wrapper.type, cfg.optim_wrapper.loss_scale) == ("AmpOptimWrapper", "dynamic")
    before = load_config(tiny_config, {"optim_wrapper.type": "AutocastOptimWrapper"})
    _set_mixed_precision(before)
    assert before.optim_wrapper.type == "AutocastOptimWrapper"


def test_unknown_component(tiny_config):
    with pytest.raises(UserError, match="the config names 'ResNot'"):
        train(load_config(tiny_config, {"model.backbone.type": "ResNot"}))


@pytest.mark.parametrize("way", ["load_from", "resume", "init_cfg"])
def test_checkpoint_that_runs_code_is_refused(tiny_config, tmp_path, way):
    marker, evil = tmp_path / "ran", tmp_path / "evil.pth"
    torch.save({"meta": {}, "state_dict": {"weight": RunsCode(marker)}}, evil)
    cfg = load_config(tiny_config)
    if way == "load_from":
        cfg.load_from = str(evil)
    if way == "init_cfg":
        cfg.model.backbone.init_cfg = {"type": "Pretrained", "checkpoint": str(evil)}
    with pytest.raises(UserError, match=r"evil.pth is refused: its pickle wants \w+.system.*--trust-checkpoint"):
        train(cfg, resume=evil if way == "resume" else False)
    assert not marker.exists()


def test_trusted_checkpoint_is_loaded(tiny_config, tmp_path):
    marker, odd = tmp_path / "ran", tmp_path / "odd.pth"
    torch.save({"meta": {}, "state_dict": {"head.fc.bias": torch.ones(3)}, "extra": RunsCode(marker)}, odd)
    train(load_config(tiny_config, ONE_EPOCH | {"load_from": str(odd)}), trust_checkpoint=True)
    assert marker.exists()


def test_missing_checkpoint(tiny_config, tmp_path):
    with pytest.raises(UserError, match=r"checkpoint .*none.pth does not exist"):
        train(load_config(tiny_config), resume=tmp_path / "none.pth")


def test_best_by_several_metrics_and_saving_from_an_epoch_on(tiny_config):
    cfg = load_config(tiny_config)
    cfg.val_evaluator = [{"type": "Accuracy"}, {"type": "SingleLabelMetric", "items": ["f1-score"]}]
    cfg.default_hooks.checkpoint.update(
        save_best=["single-label/f1-score", "accuracy/top1"], rule="greater", save_begin=2
    )
    result = train(cfg)
    work = Path(cfg.work_dir)
    assert {path.name for path in work.glob("epoch_*.pth")} == {"epoch_2.pth"}
    assert result.best_checkpoint.name.startswith("best_single-label_f1-score_epoch_")  # the first of them
    assert result.best_checkpoint.is_file() and len(list(work.glob("best_accuracy_top1_epoch_*.pth"))) == 1


@HOOKS.register_module()
class SizesHook(Hook):
    """Notes the images' sizes, and how many are in a batch."""

    seen: ClassVar[list] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append((len(data_batch["inputs"]), data_batch["inputs"][0].shape[-1]))


def resize(cfg, size):
    return [cfg.pipeline[0], {"type": "Resize", "scale": size}, cfg.pipeline[1]]


def test_image_size_grows_by_epoch(tiny_config):
    cfg = load_config(tiny_config)
    cfg.train_dataloader.update(num_workers=1, dataset=cfg.train_dataloader.dataset | {"pipeline": resize(cfg, 16)})
    switch = {"type": "SwitchRecipeHook", "schedule": [{"action_epoch": 2, "train_pipeline": resize(cfg, 32)}]}
    cfg.custom_hooks = [switch, {"type": "SizesHook"}]
    SizesHook.seen.clear()
    train(cfg)
    assert SizesHook.seen == 3 * [(8, 16)] + 3 * [(8, 32)]


def test_image_size_and_batch_size_grow_by_stage(tiny_config):
    cfg = load_config(tiny_config, ONE_EPOCH | {"custom_hooks": [{"type": "SizesHook"}]})
    cfg.stages = [
        {"name": f"{size}px", "train_dataloader": {"batch_size": batch, "dataset": {"pipeline": resize(cfg, size)}}}
        for size, batch in ((16, 12), (24, 8))
    ]
    SizesHook.seen.clear()
    train(cfg)
    assert SizesHook.seen == 2 * [(12, 16)] + 3 * [(8, 24)]


def test_another_process_trains_in_the_folder(tiny_config):
    cfg = load_config(tiny_config, ONE_EPOCH)
    folder = Path(cfg.work_dir)
    with owning(folder, "--work-dir"), pytest.raises(UserError, match=r"writes there since .*folder \(--work-dir\)$"):
        train(cfg)
    assert [path.name for path in folder.iterdir()] == [OWNER]  # nothing was written
