import torch
from mmengine.config import ConfigDict

from kdxf.smoke.made_up_model import made_up_model, make_up_weights, structure


def test_weights_all_have_a_part():
    model = torch.nn.Module()
    model.norm, model.fc = torch.nn.LayerNorm(8), torch.nn.Linear(8, 8)
    model.head = torch.nn.Module()
    model.head.fc = torch.nn.Linear(64, 50)
    torch.nn.init.normal_(model.head.fc.weight, std=0.01)
    before = model.fc.weight.clone()
    make_up_weights(model)
    assert len(model.norm.weight.unique()) == len(model.norm.bias.unique()) == 8
    assert abs(model.norm.weight.mean() - 1) < 0.2 and torch.equal(model.fc.weight, before)
    assert 0.09 < model.head.fc.weight.std() < 0.11


def test_model_of_a_config(repo, tmp_path):
    paths = repo / "configs/demo/text_tfidf.py", tmp_path, repo / "configs/_base_/smoke.py"
    torch.manual_seed(0)
    model, cfg = made_up_model(*paths)
    assert not model.training and cfg.model.type == "ImageTextClassifier"
    assert model.text_encoder.no_text.std() > 0
    torch.manual_seed(0)
    again, _ = made_up_model(*paths)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True))


def test_structures():
    def config(**changes):
        head = dict(type="MoEClsHead", num_classes=5, loss=dict(type="CrossEntropyLoss"))
        return ConfigDict(
            type="ImageTextClassifier", image_backbone=dict(type="ResNet", depth=18), head=head, **changes
        )

    same = config()
    same.head.update(num_classes=7, loss=dict(type="LabelSmoothLoss"))
    assert structure(config()) == structure(same)
    deeper, joined = config(), config(text_encoder=dict(type="JoinedTextEncoder", encoders=[dict(type="NgramEncoder")]))
    deeper.image_backbone.depth = 50
    assert len({structure(config()), structure(deeper), structure(joined), structure(config(members=[same]))}) == 4
