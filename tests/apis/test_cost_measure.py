import pytest
import torch

from kdxf.apis import cost_measure
from kdxf.apis.config import load_config
from kdxf.apis.cost_measure import machine, measure
from kdxf.errors import UserError

RESNET18 = """
default_scope = "kdxf"
data_preprocessor = dict(num_classes=1000, mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)
model = dict(
    type="ImageTextClassifier",
    image_backbone=dict(
        type="ResNet", depth=18, init_cfg=dict(type="Pretrained", checkpoint="/does/not/exist.pth")
    ),
    image_neck=dict(type="GlobalAveragePooling"),
    head=dict(type="LinearClsHead", num_classes=1000, in_channels=512, loss=dict(type="CrossEntropyLoss")),
    train_cfg=dict(augments=dict(type="Mixup", alpha=1.0)),
)
pipeline = [dict(type="LoadImage"), dict(type="CenterCrop", crop_size=224), dict(type="PackImageTextInputs")]
train_dataloader = dict(
    batch_size=2, dataset=dict(type="RepeatDataset", times=2, dataset=dict(type="OCRTextDataset", pipeline=pipeline))
)
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=1e-3))
test_cfg = dict(fp16=True)
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "resnet.py").write_text(RESNET18)
    return load_config(tmp_path / "resnet.py")


def test_resnet18_as_torchvision_has_it(config, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(cost_measure.time, "perf_counter", lambda: next(clock) ** 2)
    cost = measure(config, steps=1)
    assert cost.parameters == 11_689_512
    assert round(cost.macs / 1e9, 3) == 1.814
    assert (cost.inputs, cost.batch_size, cost.largest_batch) == ({"img": (3, 224, 224)}, 2, None)
    # Two warm-ups and one step: the third takes from 4² to 5², after the predictions from 10² to 11².
    assert (cost.predict_seconds, cost.train_seconds) == (9, 21)
    assert 2**28 < cost.predict_memory <= cost.train_memory < 2**35


def test_out_of_memory(config, monkeypatch):
    def fail(*args):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(cost_measure, "_time", fail)
    with pytest.raises(UserError, match="out of memory at batch size 8; give a smaller one with --batch-size"):
        measure(config, batch_size=8)


def test_a_mistake_in_the_config(config):
    config.model.head.type = "NoSuchHead"
    with pytest.raises(UserError, match="the config names 'NoSuchHead', which is not in the kdxf::model registry"):
        measure(config)


def test_the_machine_is_named():
    assert f"torch {torch.__version__}" in machine()
