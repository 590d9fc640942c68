from types import SimpleNamespace

import pandas as pd
import torch

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.config_files import config_files
from kdxf.engine.hooks import training_data_hook as module
from kdxf.engine.hooks.training_data_hook import TRAINING_DATA, TrainingDataHook
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.io.annotations import write_annotations, write_classes
from kdxf.io.predictions import read_source
from kdxf.io.provenance import Provenance, soft_label_warning


def noted(checkpoint):
    return torch.load(checkpoint, weights_only=False)["meta"].get(TRAINING_DATA)


def test_a_training_notes_its_data_and_those_before(tiny_config, tiny_images, tiny_trained, tmp_path):
    assert noted(tiny_trained.checkpoint) is None  # a folder of pictures is not looked through
    cfg, lists = load_config(tiny_config), tmp_path / "lists"
    names = sorted(folder.name for folder in (tiny_images / "train").iterdir())
    rows = pd.DataFrame([(f"{name}/{index}.png", name) for name in names for index in range(2)])
    write_annotations(rows.set_axis(["image", "label"], axis=1), lists / "all.csv")
    write_classes(names, lists / "classes.txt")
    cfg.train_dataloader.dataset = {
        **{"type": "OCRTextDataset", "ann_file": str(lists / "all.csv"), "classes": str(lists / "classes.txt")},
        **{"data_root": str(tiny_images), "data_prefix": "train", "pipeline": [{"type": "LoadImage"}, cfg.pipeline[1]]},
    }
    cfg.train_cfg.max_epochs = 1
    first = train(cfg, validate=False).checkpoint
    own = config_files({"train_dataloader": cfg.train_dataloader})
    assert noted(first) == [own]
    assert {key: list(files) for key, files in own.items()} == {
        "ann_file": [str(lists / "all.csv")],
        "classes": [str(lists / "classes.txt")],
        "data_prefix": [str(tiny_images / "train")],
    }
    # Resumed with the same data, then with others.
    cfg.train_cfg.max_epochs = 2
    second = train(cfg, validate=False, resume=True).checkpoint
    assert noted(second) == [own]
    cfg.train_cfg.max_epochs, cfg.work_dir, cfg.load_from = 1, str(tmp_path / "later"), str(second)
    with open(lists / "all.csv", "a") as file:
        file.write("red/0.png,red\n")
    third = train(cfg, validate=False).checkpoint
    other = config_files({"train_dataloader": cfg.train_dataloader})
    assert noted(third) == [own, other] and own != other
    run_test(cfg, third, out=tmp_path / "p.parquet")
    assert read_source(tmp_path / "p.parquet").training_data == (own, other)
    assert KDXFInferencer(cfg, third).training_data == (own, other)
    run_test(cfg, tiny_trained.checkpoint, out=tmp_path / "p.parquet")
    assert read_source(tmp_path / "p.parquet").training_data == ()


def test_only_the_main_process_reads(monkeypatch):
    monkeypatch.setattr(module, "is_main_process", lambda: False)
    hook = TrainingDataHook()
    hook.before_train(None)
    checkpoint = {"meta": {}}
    hook.before_save_checkpoint(None, checkpoint)
    assert checkpoint == {"meta": {}}


def test_soft_labels_are_among_the_data(tmp_path):
    (tmp_path / "soft.parquet").write_bytes(b"targets")
    dataset = {"type": "OCRTextDataset", "data_root": str(tmp_path), "soft_label_file": "soft.parquet"}
    hook = TrainingDataHook()
    hook.before_train(SimpleNamespace(cfg={"train_dataloader": {"dataset": {"type": "Repeat", "dataset": dataset}}}))
    warning = soft_label_warning("It", Provenance(training_data=tuple(hook.data)))
    assert f"It learnt soft labels ({tmp_path / 'soft.parquet'})" in warning
