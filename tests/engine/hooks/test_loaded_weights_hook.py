import re
from pathlib import Path

import pytest
import torch

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.errors import UserError

STILL = {"train_cfg.max_epochs": 1, "optim_wrapper.optimizer.lr": 0.0, "param_scheduler": None}


def log_of(folder):
    return "".join(path.read_text() for path in Path(folder).glob("*/*.log"))


def resized(config, tmp_path, images=None, **options):
    """A run whose model has five outputs; it learns nothing, so that what comes out is what went in."""
    options = STILL | {"model.head.num_classes": 5, "work_dir": str(tmp_path / "new")} | options
    if images is not None:
        options |= {f"{split}_dataloader.dataset.data_root": str(images) for split in ("train", "val", "test")}
    return load_config(config, options)


@pytest.mark.parametrize("averaged", [False, True])
def test_another_number_of_classes(tiny_config, tiny_trained, five_class_images, tmp_path, averaged):
    unnamed = load_checkpoint(tiny_trained.best_checkpoint)
    del unnamed["meta"]["dataset_meta"]  # with names, rows would be carried over by them
    torch.save(unnamed, tmp_path / "unnamed.pth")
    cfg = resized(tiny_config, tmp_path, five_class_images, load_from=str(tmp_path / "unnamed.pth"))
    if averaged:
        cfg.custom_hooks = [{"type": "EMAHook"}]
    saved = load_checkpoint(train(cfg).checkpoint)
    old = load_checkpoint(tiny_trained.best_checkpoint)["state_dict"]
    assert saved["state_dict"]["head.fc.weight"].shape == (5, 64)
    for name, weight in saved["state_dict"].items():
        if not name.startswith("head"):
            assert torch.allclose(weight, old[name]), name
    if averaged:
        assert torch.allclose(saved["state_dict"]["head.fc.weight"], saved["ema_state_dict"]["module.head.fc.weight"])
    log = log_of(cfg.work_dir)
    assert log.count("left at their initial values: head.fc.weight, head.fc.bias\n") == 1
    assert "do not match exactly" not in log


def test_classes_by_name(tiny_config, tiny_trained, tmp_path):
    options = {f"{split}_dataloader.dataset.classes": ["red", "new", "blue"] for split in ("train", "val")}
    cfg = load_config(tiny_config, STILL | options | {"work_dir": str(tmp_path), "load_from": "x"})
    cfg.load_from = str(tiny_trained.best_checkpoint)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):  # the folder of the third class has no place
        loader.dataset.with_label = True
        loader.dataset.ann_file = str(tmp_path / "list.txt")
        loader.dataset.data_prefix = "train"
    (tmp_path / "list.txt").write_text("red/0.png 0\nblue/0.png 2\n")
    saved = load_checkpoint(train(cfg).checkpoint)["state_dict"]["head.fc.weight"]
    old = load_checkpoint(tiny_trained.best_checkpoint)["state_dict"]["head.fc.weight"]  # blue, green, red
    assert torch.equal(saved[0], old[2]) and torch.equal(saved[2], old[0])
    assert not torch.equal(saved[1], old[1])
    assert "head.fc.weight, head.fc.bias for the 2 classes that were known by name" in log_of(tmp_path)


def test_bare_weights(tiny_config, tiny_trained, tmp_path):
    torch.save(load_checkpoint(tiny_trained.best_checkpoint)["state_dict"], tmp_path / "bare.pth")
    cfg = load_config(tiny_config, STILL | {"work_dir": str(tmp_path / "new"), "load_from": str(tmp_path / "bare.pth")})
    train(cfg)
    assert "left at their initial values: none" in log_of(cfg.work_dir)


def test_nothing_fits(tiny_config, tmp_path):
    torch.save({"state_dict": {"encoder.weight": torch.ones(1)}}, tmp_path / "other.pth")
    with pytest.raises(UserError, match=r"other.pth: none of its weights \(first: encoder.weight\) fits the config's"):
        train(load_config(tiny_config, {"load_from": str(tmp_path / "other.pth")}))


def test_a_resumed_run_takes_all(tiny_config, tiny_trained, five_class_images, tmp_path):
    cfg = load_config(tiny_config, {"model.head.in_channels": 32, "model.backbone.base_channels": 4, **STILL})
    with pytest.raises(UserError, match="does not fit the config's model: size mismatch for backbone.layer1"):
        train(cfg, resume=tiny_trained.checkpoint)
    last = re.escape(f"class 3 is 'violet' in train_dataloader, and missing in checkpoint {tiny_trained.checkpoint}: ")
    with pytest.raises(UserError, match=f"^{last}both need the same names in the same order; set train_dataloader.dat"):
        train(resized(tiny_config, tmp_path, five_class_images), resume=tiny_trained.checkpoint)


def test_data_that_name_classes_in_another_order(tiny_config, tiny_trained, tmp_path):
    order = {f"{split}_dataloader.dataset.classes": ["red", "green 绿", "blue"] for split in ("train", "val", "test")}
    cfg = load_config(tiny_config, {**order, "work_dir": str(tmp_path)})
    first = (
        "^class 0 is 'red' in {0}_dataloader, and 'blue' in checkpoint .*: both .* set {0}_dataloader.dataset.classes$"
    )
    with pytest.raises(UserError, match=first.format("test")):
        run_test(cfg, tiny_trained.checkpoint)
    with pytest.raises(UserError, match=first.format("train")):
        train(cfg, resume=tiny_trained.checkpoint)


def test_data_with_more_classes_than_an_unnamed_checkpoint(tiny_config, tiny_trained, five_class_images, tmp_path):
    unnamed = load_checkpoint(tiny_trained.checkpoint)
    del unnamed["meta"]["dataset_meta"]
    torch.save(unnamed, tmp_path / "unnamed.pth")
    cfg = load_config(tiny_config, {"test_dataloader.dataset.data_root": str(five_class_images)})
    with pytest.raises(
        UserError, match=r"num_classes=3, but test_dataloader has 5 classes \(blue, green 绿, red, ...\)"
    ):
        run_test(cfg, tmp_path / "unnamed.pth")


def test_a_test_takes_all(tiny_config, tiny_trained, tmp_path):
    with pytest.raises(UserError, match="does not fit the config's model: size mismatch for head.fc.weight"):
        run_test(resized(tiny_config, tmp_path), tiny_trained.checkpoint)
    part = load_checkpoint(tiny_trained.checkpoint)
    del part["state_dict"]["head.fc.bias"]
    torch.save(part, tmp_path / "part.pth")
    with pytest.raises(UserError, match=r"1 weights are missing from it \(first: head.fc.bias\); give the config"):
        run_test(load_config(tiny_config, {"work_dir": str(tmp_path)}), tmp_path / "part.pth")
