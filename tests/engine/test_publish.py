import hashlib

import pytest
import torch

from kdxf.apis.train import train
from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.publish import publish_checkpoint
from kdxf.errors import UserError
from kdxf.version import __version__


@pytest.fixture
def trained(tmp_path):
    path = tmp_path / "epoch_3.pth"
    torch.save(
        {
            "meta": {"epoch": 3, "dataset_meta": {"classes": ["奶粉", "b"]}},
            "state_dict": {"weight": torch.ones(2)},  # mmengine keeps the averaged weights here
            "ema_state_dict": {"module.weight": torch.zeros(2), "steps": torch.tensor(5)},
            "optimizer": {"state": torch.zeros(1000)},
            "message_hub": {},
            "param_schedulers": [],
        },
        path,
    )
    return path


def test_keeps_weights_and_names(trained, tmp_path):
    out = publish_checkpoint(trained, tmp_path / "models" / "ad.pth")
    assert out.parent == tmp_path / "models"
    assert out.name == f"ad-{hashlib.sha256(out.read_bytes()).hexdigest()[:8]}.pth"
    assert out.stat().st_size < trained.stat().st_size
    published = load_checkpoint(out)
    assert set(published) == {"meta", "state_dict"}
    assert published["meta"] == {"epoch": 3, "dataset_meta": {"classes": ["奶粉", "b"]}, "kdxf_version": __version__}
    assert torch.equal(published["state_dict"]["weight"], torch.ones(2))
    assert [item.name for item in out.parent.iterdir()] == [out.name]


def test_digest_of_a_published_file_is_replaced(trained, tmp_path):
    first = publish_checkpoint(trained, tmp_path / "ad.pth")
    second = publish_checkpoint(first, tmp_path / first.name)
    assert second.name.count("-") == 1


def test_without_averaging(trained, tmp_path):
    out = publish_checkpoint(trained, tmp_path / "ad.pth", ema=False)
    assert load_checkpoint(out)["state_dict"].keys() == {"weight"}
    assert torch.equal(load_checkpoint(out)["state_dict"]["weight"], torch.zeros(2))
    with pytest.raises(UserError, match="has no averaged weights; leave --no-ema out"):
        publish_checkpoint(out, tmp_path / "again.pth", ema=False)


def test_other_names_and_contents(trained, tmp_path):
    with pytest.raises(UserError, match=r"must end with .pth"):
        publish_checkpoint(trained, tmp_path / "ad.onnx")
    torch.save({"weight": torch.ones(1)}, tmp_path / "bare.pth")
    with pytest.raises(UserError, match=r"bare.pth holds bare weights; there is nothing to drop"):
        publish_checkpoint(tmp_path / "bare.pth", tmp_path / "ad.pth")


def test_a_part_alone(tiny_config, tiny_trained, five_class_images, tmp_path):
    out = publish_checkpoint(tiny_trained.checkpoint, tmp_path / "backbone.pth", part="backbone")
    trained, published = load_checkpoint(tiny_trained.checkpoint)["state_dict"], load_checkpoint(out)["state_dict"]
    assert published.keys() == {name for name in trained if name.startswith("backbone.")}

    # Another model starts from it, with another head.
    cfg = load_config(tiny_config, {"model.head.num_classes": 5, "train_cfg.max_epochs": 1, "work_dir": str(tmp_path)})
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_root = str(five_class_images)
    cfg.model.backbone.init_cfg = {"type": "Pretrained", "checkpoint": str(out), "prefix": "backbone."}
    cfg.optim_wrapper.optimizer.lr, cfg.param_scheduler = 0.0, None
    started = load_checkpoint(train(cfg).checkpoint)["state_dict"]
    assert all(torch.equal(started[name], published[name]) for name in published)
    assert started["head.fc.weight"].shape == (5, 64)

    with pytest.raises(UserError, match="has no part 'image_backbone', only backbone, head"):
        publish_checkpoint(tiny_trained.checkpoint, tmp_path / "a.pth", part="image_backbone")
