"""Fixtures that several test files share."""

import gc
import logging
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

os.environ["HF_HUB_OFFLINE"] = "1"  # no test waits for a hub
REPO = Path(__file__).resolve().parents[1]
pytest_plugins = (
    "bundle_fixtures",
    "colour_bundle",
    "export_fixtures",
    "frozen_fixtures",
    "lab_fixtures",
    "ocr_fixtures",
    "pair_fixtures",
    "prediction_fixtures",
    "run_fixtures",
    "service_fixtures",
    "shallow_models",
    "table_fixtures",
    "transform_fixtures",
    "trust_fixtures",
    "two_processes",
    "vector_fixtures",
)


gc.disable()  # until all is imported: see small_heap


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes minutes, so that the other processes are not idle at the end."""
    items.sort(key=lambda item: item.path.name not in ("test_configs.py", "test_pipelines.py", "test_graph.py"))


@pytest.fixture(autouse=True, scope="module")
def small_heap() -> None:
    """Leave what was imported, and what earlier files have left, out of collections of garbage.

    MMEngine's datasets ask for one each time they are made. It would look at a million objects, half a second and more,
    as much as a small training takes.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def open_logs() -> None:
    """MMEngine's logger keeps the standard error of its making: of an earlier test, which has closed what it captured.

    What it was to log would be a traceback then.
    """
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler and handler.stream.closed:
                handler.stream = sys.stderr


@pytest.fixture(scope="session")
def repo() -> Path:
    return REPO


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    """A file that stands for a checkpoint whose weights do not matter."""
    path = tmp_path / "model.pth"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def run_tool(repo, monkeypatch, capfd):
    """Runs a tool in this process, ``run_tool("tools/test.py", ...)``: starting one takes seconds of imports."""

    def run(tool, *arguments):
        monkeypatch.setattr(sys, "argv", [str(repo / tool), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(repo / tool), run_name="__main__")
        return subprocess.CompletedProcess(arguments, end.value.code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def with_fixtures() -> dict[str, str]:
    """The environment of a process that imports modules of ``tests/fixtures``, and what this one would import."""
    folders = [str(REPO / "tests" / "fixtures"), os.environ.get("PYTHONPATH")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real photographs and OCR samples that lie beside the repository; never part of it."""
    folder = REPO.parent / "shared"
    if not (folder / "grocery" / "train.txt").is_file():
        pytest.skip("needs the sample photographs in ../shared, which are not here")
    return folder


# A run that takes a second: 24 + 12 images of 16 px in three classes, a ResNet of a few thousand weights without batch
# statistics (so that two processes compute what one does), and MMPretrain's components alone.
TINY_CONFIG = """
default_scope = "kdxf"
data_preprocessor = dict(num_classes=3, mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)
model = dict(
    type="ImageClassifier",
    backbone=dict(
        type="ResNet_CIFAR", depth=18, stem_channels=8, base_channels=8, norm_cfg=dict(type="GN", num_groups=2)
    ),
    neck=dict(type="GlobalAveragePooling"),
    head=dict(type="LinearClsHead", num_classes=3, in_channels=64, loss=dict(type="CrossEntropyLoss"), topk=(1,)),
)
pipeline = [dict(type="LoadImageFromFile"), dict(type="PackInputs")]
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=True, seed=0),
    dataset=dict(type="CustomDataset", data_root="{root}", data_prefix="train", pipeline=pipeline),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="CustomDataset", data_root="{root}", data_prefix="val", pipeline=pipeline),
)
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(type="Accuracy", topk=(1,))
train_cfg = dict(by_epoch=True, max_epochs=2)
val_cfg = test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type="SGD", lr=0.05, momentum=0.9))
param_scheduler = dict(type="OneCycleLR", eta_max=0.05, total_steps=20)
default_hooks = dict(
    logger=dict(type="LoggerHook", interval=1),
    checkpoint=dict(type="CheckpointHook", interval=1, save_best="auto"),
    visualization=dict(type="VisualizationHook"),
)
visualizer = dict(type="UniversalVisualizer", vis_backends=[dict(type="LocalVisBackend")])
randomness = dict(seed=0)
work_dir = "{work_dir}"
"""


@pytest.fixture(scope="session")
def tiny_images(tmp_path_factory) -> Path:
    """``train`` and ``val`` with one folder per class; class k has channel k (BGR) bright."""
    root = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 4)):
        for channel, name in enumerate(("blue", "green 绿", "red")):
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                image = random.integers(0, 200, (16, 16, 3), dtype=np.uint8)
                image[..., channel] = 255
                (folder / f"{index}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return root


def write_tiny_config(folder: Path, images: Path) -> Path:
    text = TINY_CONFIG.replace("{root}", str(images)).replace("{work_dir}", str(folder / "work"))
    path = folder / "tiny.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def tiny_config(tmp_path, tiny_images) -> Path:
    """A config file that trains on ``tiny_images`` into ``tmp_path / 'work'``."""
    return write_tiny_config(tmp_path, tiny_images)


@pytest.fixture(scope="session")
def five_class_images(tmp_path_factory, tiny_images) -> Path:
    """``tiny_images`` with two more classes, which look like the first."""
    root = tmp_path_factory.mktemp("five") / "images"
    shutil.copytree(tiny_images, root)
    for split in ("train", "val"):
        for name in ("violet", "white"):
            shutil.copytree(root / split / "blue", root / split / name)
    return root


@pytest.fixture(scope="session")
def tiny_trained(tmp_path_factory, tiny_images):
    """What came of training that config."""
    from kdxf.apis.train import train
    from kdxf.engine.config import load_config

    return train(load_config(write_tiny_config(tmp_path_factory.mktemp("trained"), tiny_images)))


BERT_VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "牛", "奶", "a", "b", "milk", "##s", "，")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """The folder of a BERT with two layers 8 wide, 12 tokens and 16 positions: config.json, weights, tokenizer."""
    import torch

    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert") / "tiny"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(BERT_VOCABULARY) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(BERT_VOCABULARY),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        initializer_range=0.5,
    )
    transformers.BertForPreTraining(config).save_pretrained(folder)
    return folder
