"""A transformer reads the text, from training to prediction."""

import shutil

import pytest
import torch

from kdxf.apis.test import test as score
from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.inference.inferencer import KDXFInferencer

CONFIG = """
_base_ = "{root}/moe.py"
folder = "{folder}"
tokenize = [dict(type="TokenizeForTransformer", tokenizer=folder, max_length=8)]
train_pipeline = [
    *_base_.load, *tokenize, dict(type="DropModality", image_prob=0.3, text_prob=0.3), *_base_.pack
]
test_pipeline = [*_base_.load, *tokenize, *_base_.pack]
tta_pipeline = [_base_.tta_pipeline[0], *tokenize, _base_.tta_pipeline[-1]]
tta_model = dict(type="BatchedClsScoreTTA")
collate_fn = dict(type="pad_collate")
test_dataloader = dict(collate_fn=collate_fn, dataset=dict(pipeline=test_pipeline))
dataset = dict(
    type="OCRTextDataset", data_root="{root}", data_prefix="images", ann_file="test.csv", ocr_file="ocr",
    pipeline=train_pipeline,
)
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True), collate_fn=collate_fn,
    dataset=dataset,
)
model = dict(
    text_encoder=dict(
        _delete_=True, type="TransformerTextEncoder", pretrained=folder, pooling="mean", frozen_stages=0,
        gradient_checkpointing=True, lora=dict(r=2, target_modules=["query"]),
    ),
    image_backbone=dict(norm_cfg=dict(type="GN", num_groups=2)),
)
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(type="AutocastOptimWrapper", dtype="bfloat16", optimizer=dict(type="AdamW", lr=1e-3))
randomness = dict(seed=0)
work_dir = "{work_dir}"
"""


@pytest.fixture
def config(lab, tiny_bert, tmp_path):
    shutil.copytree(tiny_bert, tmp_path / "bert")
    text = CONFIG
    for name, path in (("root", lab.root), ("folder", tmp_path / "bert"), ("work_dir", tmp_path / "work")):
        text = text.replace(f"{{{name}}}", str(path))
    (tmp_path / "config.py").write_text(text, encoding="utf-8")
    return tmp_path / "config.py"


def test_train_resume_test_and_predict(lab, config, tmp_path):
    first = train(load_config(config))
    resumed = train(load_config(config, {"train_cfg.max_epochs": 2}), resume=True)
    assert (first.epoch, resumed.epoch) == (1, 2)
    before, after = (load_checkpoint(result.checkpoint)["state_dict"] for result in (first, resumed))
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    encoder = {name for name in changed if name.startswith("text_encoder.model.")}
    assert encoder and all(".lora_" in name for name in encoder)

    # From here on the weights come from the checkpoint.
    (tmp_path / "bert" / "model.safetensors").unlink()
    table = tmp_path / "scores.csv"
    score(load_config(config), resumed.checkpoint, out=table)
    assert "accuracy/top1" in score(load_config(config), resumed.checkpoint, tta=True)
    for tta in (False, True):
        inferencer = KDXFInferencer(config, resumed.checkpoint, engine={"type": "BrightnessOCR"}, tta=tta)
        assert inferencer.needs_text
        paths = [lab.images / name for name in lab.names]
        together, alone = (inferencer(paths, batch_size=size) for size in (5, 1))
        assert [p.error for p in together] == [None] * 5
        for one, other in zip(together, alone, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=1e-5)
