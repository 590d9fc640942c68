import json

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from kdxf.engine.checkpoint import classes_of
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.inference.model import choose_device, config_classes, load_model, rename
from kdxf_runtime.categories import Categories


@pytest.mark.parametrize(
    ("categories", "table"),
    [
        (Categories.named(["10", "2"]), {"10": "手机", "2": "奶粉", "5": "unused"}),
        (Categories.named(["phone", "milk"]), {"phone": "手机", "milk": "奶粉"}),
        (Categories.named(["phone", "milk"]), {"0": "手机", "1": "奶粉"}),
        (Categories.unnamed(2), {"0": "手机", "1": "奶粉"}),
    ],
)
def test_renamed(tmp_path, categories, table):
    path = tmp_path / "names.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    assert rename(categories, path) == Categories(categories.ids, ("手机", "奶粉"))


def test_renamed_by_lines(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("手机\n奶粉\n", encoding="utf-8")
    assert rename(Categories.named(["phone", "milk"]), path).names == ("手机", "奶粉")
    with pytest.raises(UserError, match=r"names\.txt: no name for the class ids 2; add them$"):
        rename(Categories.unnamed(3), path)


def test_classes_of_a_config(tmp_path):
    dataset = {"type": "OCRTextDataset", "data_root": str(tmp_path), "ann_file": "lists/test.csv"}
    assert config_classes(dataset) is None
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "classes.txt").write_text("x\n")
    assert config_classes(dataset) == ["x"]
    (tmp_path / "names.txt").write_text("y\n")
    assert config_classes({**dataset, "classes": "names.txt"}) == ["y"]
    assert config_classes({**dataset, "classes": ("z",)}) == ["z"]
    assert config_classes({"type": "CIFAR10"})[0] == "airplane"


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope("kdxf"):
        yield


def changed(lab, tmp_path, change):
    content = torch.load(lab.image_checkpoint)
    change(content["state_dict"])
    torch.save(content, tmp_path / "changed.pth")
    return str(tmp_path / "changed.pth")


def test_weights_classes_and_mode(lab):
    model, meta = load_model(load_config(lab.image), str(lab.image_checkpoint))
    state = torch.load(lab.image_checkpoint)["state_dict"]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert classes_of(meta) == ["奶粉", "手机", "lipstick"] and not model.training


def test_bare_weights_and_those_of_a_wrapper(lab, tmp_path):
    state = torch.load(lab.image_checkpoint)["state_dict"]
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "bare.pth")
    model, meta = load_model(load_config(lab.image), str(tmp_path / "bare.pth"))
    name = "image_backbone.conv1.weight"
    assert torch.equal(model.state_dict()[name], state[name])
    assert classes_of(meta) is None


def test_old_checkpoints_name_their_classes_in_capitals(lab, tmp_path):
    content = torch.load(lab.image_checkpoint)
    torch.save({**content, "meta": {"CLASSES": ("a", "b", "c")}}, tmp_path / "old.pth")
    assert classes_of(load_model(load_config(lab.image), str(tmp_path / "old.pth"))[1]) == ["a", "b", "c"]


def test_pretrained_weights_are_not_asked_for(lab):
    cfg = load_config(lab.image)
    cfg.model.image_backbone.init_cfg = {"type": "Pretrained", "checkpoint": "https://no.such.host/x.pth"}
    model, _ = load_model(cfg, str(lab.image_checkpoint))
    name = "image_backbone.conv1.weight"
    assert torch.equal(model.state_dict()[name], torch.load(lab.image_checkpoint)["state_dict"][name])


class Asked(torch.nn.Module):
    """Keeps the options that it was built with."""

    def __init__(self, **options):
        super().__init__()
        self.options = options


def test_models_are_built_with_pretrained_false(tmp_path):
    """Some of MMPretrain's backbones fetch weights when they are built."""
    torch.save({"state_dict": {}}, tmp_path / "empty.pth")
    parts = [{"pretrained": True, "depth": 1}, {"pretrained": "own.pth"}]
    model = {"type": Asked, "pretrained": True, "backbone": {"pretrained": True}, "parts": parts}
    built, _ = load_model(Config({"model": model}), str(tmp_path / "empty.pth"))
    assert built.options == {
        "pretrained": False,
        "backbone": {"pretrained": False},
        "parts": [{"pretrained": False, "depth": 1}, {"pretrained": "own.pth"}],
    }


def test_sync_batch_norm_runs_without_a_process_group(lab):
    cfg = load_config(lab.image)
    cfg.model.image_backbone.norm_cfg = {"type": "SyncBN"}
    model, _ = load_model(cfg, str(lab.image_checkpoint))
    assert not any(isinstance(module, torch.nn.SyncBatchNorm) for module in model.modules())


def test_preprocessor_beside_the_model(lab):
    cfg = load_config(lab.image)
    cfg.data_preprocessor = {**cfg.model.pop("data_preprocessor"), "mean": [1.0, 2.0, 3.0]}
    model, _ = load_model(cfg, str(lab.image_checkpoint))
    assert model.data_preprocessor.mean.flatten().tolist() == [1, 2, 3]


def test_a_checkpoint_of_another_model_is_refused(lab, tmp_path):
    cfg = load_config(lab.image)
    path = changed(lab, tmp_path, lambda state: state.pop("image_backbone.conv1.weight"))
    message = (
        r"lacks 1 of the \d+ weights of the config's model \(first: image_backbone\.conv1\.weight\); give the config"
    )
    with pytest.raises(UserError, match=message):
        load_model(cfg, path)
    path = changed(lab, tmp_path, lambda state: state.update({"head.hidden.0.bias": torch.zeros(7)}))
    message = (
        r"does not fit the config's model: size mismatch for head\.hidden\.0\.bias: .*; give the config that it was"
    )
    with pytest.raises(UserError, match=message):
        load_model(cfg, path)


def test_weights_too_many_are_told(lab, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("kdxf.inference.model.print_log", lambda message, **_: said.append(message))
    path = changed(lab, tmp_path, lambda state: state.update({"teacher.weight": torch.zeros(1)}))
    load_model(load_config(lab.image), path)
    assert said == [f"1 weights of {path} are not in the config's model and stay unused (first: teacher.weight)"]


def test_missing_model_and_checkpoint(lab):
    with pytest.raises(UserError, match=r"has no model$"):
        load_model(Config({"default_scope": "kdxf"}), str(lab.image_checkpoint))
    with pytest.raises(UserError, match=r"^checkpoint gone\.pth does not exist"):
        load_model(load_config(lab.image), "gone.pth")


def test_device():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device(None).type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("no such", "cuda:99"):
        with pytest.raises(UserError, match=f"^--device {name}: not available here; give cpu, or leave it out$"):
            choose_device(name)
