import re

import pytest
import torch
from torch.testing import assert_close

from kdxf.engine.checkpoint import load_checkpoint
from kdxf.engine.config import load_config
from kdxf.engine.join_models import join_models
from kdxf.errors import UserError
from kdxf.inference.model import load_model

ENSEMBLE = """
_base_ = "moe.py"
other = dict(_base_.model, image_backbone=dict(_base_.model.image_backbone, {init}))
model = dict(_delete_=True, type="EnsembleClassifier", members=[other, _base_.model])
"""


@pytest.fixture
def ensemble(lab, tmp_path):
    """A config of two members, and a checkpoint for each; the first lacks its backbone, whose weights are a file."""
    whole = load_checkpoint(lab.moe_checkpoint)
    backbone = {key.partition(".")[2]: value for key, value in whole["state_dict"].items() if "image_backbone" in key}
    torch.save({"state_dict": backbone}, tmp_path / "backbone.pth")
    init = f'init_cfg=dict(type="Pretrained", checkpoint="{tmp_path / "backbone.pth"}")'
    base = (lab.root / "moe.py").read_text(encoding="utf-8")
    (tmp_path / "moe.py").write_text(base, encoding="utf-8")
    (tmp_path / "ensemble.py").write_text(ENSEMBLE.replace("{init}", init), encoding="utf-8")
    rest = {key: -value for key, value in whole["state_dict"].items() if "image_backbone" not in key}
    parts = []
    for name, state in (("first", rest), ("second", whole["state_dict"])):
        meta = {**whole["meta"], "trained_on": torch.tensor([1, len(parts) + 2])}
        torch.save({"state_dict": state, "meta": meta}, tmp_path / f"{name}.pth")
        parts.append(tmp_path / f"{name}.pth")
    return load_config(tmp_path / "ensemble.py"), parts


def test_each_member_has_the_weights_of_its_checkpoint(ensemble, tmp_path):
    cfg, parts = ensemble
    assert join_models(cfg, parts, tmp_path / "joined.pth") == tmp_path / "joined.pth"
    model, meta = load_model(cfg, str(tmp_path / "joined.pth"))
    first, second = (load_checkpoint(path)["state_dict"] for path in parts)
    backbone = load_checkpoint(tmp_path / "backbone.pth")["state_dict"]
    states = [member.state_dict() for member in model.members]
    for key, value in states[0].items():
        assert_close(value, first[key] if key in first else backbone[key.removeprefix("image_backbone.")])
    assert_close(states[1], {key: second[key] for key in states[1]})
    assert meta["dataset_meta"]["classes"] == load_checkpoint(parts[0])["meta"]["dataset_meta"]["classes"]
    assert meta["trained_on"].tolist() == [1, 2, 3]


def test_the_joined_model_predicts(ensemble, lab, tmp_path):
    from kdxf.inference.inferencer import KDXFInferencer

    cfg, parts = ensemble
    join_models(cfg, parts, tmp_path / "joined.pth")
    images = [str(path) for path in sorted(lab.root.glob("images/*/*.png"))]
    options = {"ocr_table": str(lab.root / "ocr"), "ocr_root": str(lab.root / "images")}
    joined = KDXFInferencer(cfg, tmp_path / "joined.pth", device="cpu")(images, **options)
    second = KDXFInferencer(str(tmp_path / "moe.py"), parts[1], device="cpu")(images, **options)
    assert [answer.error for answer in joined] == [None] * len(images)
    assert [len(answer.scores) for answer in joined] == [3] * len(images)
    assert not torch.equal(torch.tensor(joined[0].scores), torch.tensor(second[0].scores))


def test_what_does_not_fit_is_refused(ensemble, tmp_path):
    cfg, parts = ensemble
    out = tmp_path / "joined.pth"
    with pytest.raises(UserError, match="has 2 members, and 1 checkpoints are given"):
        join_models(cfg, parts[:1], out)
    with pytest.raises(UserError, match=r"joined.onnx: the name of the checkpoint must end with .pth"):
        join_models(cfg, parts, tmp_path / "joined.onnx")
    with pytest.raises(UserError, match=r"the model is no EnsembleClassifier, so there is nothing to join"):
        join_models(load_config(tmp_path / "moe.py"), parts, out)
    with pytest.raises(UserError, match=r"first.pth lacks (\d+) of the \1 weights of image_backbone \(first: "):
        join_models(cfg, parts[::-1], out)
    torch.save({"state_dict": {"neck.weight": torch.ones(1)}}, tmp_path / "other.pth")
    message = "other.pth does not fit its member of the ensemble (first: neck.weight); check their order"
    with pytest.raises(UserError, match=re.escape(message)):
        join_models(cfg, [parts[0], tmp_path / "other.pth"], out)
    content = load_checkpoint(parts[1])
    content["meta"]["dataset_meta"] = {"classes": ["a", "b", "c"]}
    torch.save(content, tmp_path / "classes.pth")
    with pytest.raises(UserError, match=r"classes.pth was trained on other classes than .*first.pth"):
        join_models(cfg, [parts[0], tmp_path / "classes.pth"], out)
    assert not out.exists()
