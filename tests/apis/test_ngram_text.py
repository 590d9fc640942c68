"""N-grams beside word vectors, from training to prediction."""

import pytest

from kdxf.apis.test import test as score
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.inference.inferencer import KDXFInferencer

CONFIG = """
_base_ = "{root}/moe.py"
words = [*_base_.words, dict(type="HashNgrams", buckets=50, max_ngrams=64)]
train_pipeline = [
    *_base_.load, *words, dict(type="DropModality", image_prob=0.3, text_prob=0.3), *_base_.pack
]
test_pipeline = [*_base_.load, *words, *_base_.pack]
tta_pipeline = [_base_.tta_pipeline[0], *words, _base_.tta_pipeline[-1]]
tta_model = dict(type="BatchedClsScoreTTA")
collate_fn = dict(type="pad_collate")
test_dataloader = dict(collate_fn=collate_fn, dataset=dict(pipeline=test_pipeline))
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True), collate_fn=collate_fn,
    dataset=dict(
        type="OCRTextDataset", data_root="{root}", data_prefix="images", ann_file="test.csv", ocr_file="ocr",
        pipeline=train_pipeline,
    ),
)
model = dict(
    text_encoder=dict(
        _delete_=True, type="JoinedTextEncoder",
        encoders=[_base_.model.text_encoder, dict(type="NgramEncoder", buckets=50, out_channels=4)],
    ),
    image_backbone=dict(norm_cfg=dict(type="GN", num_groups=2)),
    head=dict(in_channels=44),
)
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(type="AutocastOptimWrapper", dtype="bfloat16", optimizer=dict(type="AdamW", lr=1e-3))
randomness = dict(seed=0)
work_dir = "{work_dir}"
"""


def test_train_test_and_predict(lab, tmp_path):
    config = tmp_path / "config.py"
    config.write_text(CONFIG.replace("{root}", str(lab.root)).replace("{work_dir}", str(tmp_path / "work")))
    checkpoint = train(load_config(config)).checkpoint
    for options in ({}, {"tta": True}, {"without": "text"}, {"without": "image", "tta": True}):
        assert "accuracy/top1" in score(load_config(config), checkpoint, **options)
    for tta in (False, True):
        inferencer = KDXFInferencer(config, checkpoint, engine={"type": "BrightnessOCR"}, tta=tta)
        assert inferencer.needs_text
        paths = [lab.images / name for name in lab.names]
        together, alone = (inferencer(paths, batch_size=size) for size in (5, 1))
        assert [p.error for p in together] == [None] * 5
        for one, other in zip(together, alone, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=1e-5)
