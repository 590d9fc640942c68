import re

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from kdxf.analysis.explain.heatmap import Heatmaps, NoHeatmapError, _last_places
from kdxf.analysis.explain.scorer import Scorer
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.registry import MODELS

SIDE = 96  # at 32 a ResNet's map has one place
LINEAR = dict(type="LinearClsHead", num_classes=3)
POOL = dict(type="GlobalAveragePooling")
SWIN = dict(
    type="SwinTransformer",
    arch=dict(embed_dims=8, depths=[1, 1, 2], num_heads=[1, 2, 2]),
    img_size=SIDE,
    patch_size=4,
    window_size=6,
    out_indices=(2,),
)
VIT = dict(
    type="VisionTransformer",
    arch=dict(embed_dims=8, num_layers=2, num_heads=2, feedforward_channels=16),
    img_size=SIDE,
    patch_size=8,
)
BACKBONES = {
    "resnet": (dict(type="ResNet", depth=18, stem_channels=4, base_channels=4), 32),
    "efficientnet": (dict(type="TIMMBackbone", model_name="test_efficientnet"), 256),
    "swin": (SWIN, 32),
    "vit of patches": (dict(VIT, out_type="featmap"), 8),
    "timm's vit": (dict(type="TIMMBackbone", model_name="test_vit", img_size=SIDE), 64),
}
POOLED = {
    "vit": (VIT, 8),
    "timm's vit": (dict(type="TIMMBackbone", model_name="test_vit", img_size=SIDE, global_pool="token"), 64),
    "efficientnet": (dict(type="TIMMBackbone", model_name="test_efficientnet", global_pool="avg"), 256),
}


def open_config(path):
    """A config whose pipeline makes larger pictures."""
    cfg = load_config(path)
    cfg.test_dataloader.dataset.pipeline[1].scale = (SIDE, SIDE)
    return cfg


def build(lab, folder, model):
    """A scorer of a model with random weights, on lab's images."""
    cfg = open_config(lab.image)
    preprocessor = cfg.model.data_preprocessor
    cfg.model = dict(type="ImageTextClassifier", data_preprocessor=preprocessor, **model)
    return save_and_open(cfg, folder)


def save_and_open(cfg, folder):
    torch.manual_seed(1)
    with DefaultScope.overwrite_default_scope("kdxf"):
        model = MODELS.build(cfg.model)
    model.init_weights()
    for name, parameter in model.named_parameters():
        if "head" in name:
            torch.nn.init.normal_(parameter)
    torch.save({"state_dict": model.state_dict()}, folder / "model.pth")
    return Scorer(cfg, folder / "model.pth", device="cpu")


def by_hand(weights, features):
    """Grad-CAM behind average pooling and a linear layer: the weights' mean of the maps, without what is below 0."""
    found = cv2.resize(np.maximum(np.einsum("c,chw->hw", weights, features), 0), (SIDE, SIDE))
    return (found - found.min()) / (found.max() - found.min())


def on_photograph(values):
    """The input shows the whole photograph of 80 x 60 pixels, squeezed to a square."""
    return cv2.resize(values, (80, 60), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("kind", BACKBONES)
def test_the_map_is_the_one_that_the_formula_gives(lab, tmp_path, kind):
    backbone, channels = BACKBONES[kind]
    head = dict(LINEAR, in_channels=channels)
    scorer = build(lab, tmp_path, dict(image_backbone=backbone, image_neck=POOL, head=head))
    sample, label = scorer.samples[1], 2
    heatmap = Heatmaps(scorer).heatmap(sample, label)
    model = scorer.inferencer.model
    with torch.no_grad():
        features = model.image_backbone(scorer.inputs(sample)["img"])[-1][0].numpy()
    expected = by_hand(model.head.fc.weight[label].detach().numpy(), features)
    np.testing.assert_allclose(heatmap, on_photograph(expected), atol=0.02)


@pytest.mark.parametrize("kind", POOLED)
def test_a_backbone_that_pools_is_watched_inside(lab, tmp_path, kind):
    backbone, channels = POOLED[kind]
    scorer = build(lab, tmp_path, dict(image_backbone=backbone, head=dict(LINEAR, in_channels=channels)))
    sample = scorer.samples[1]
    model = scorer.inferencer.model
    heatmap = Heatmaps(scorer).heatmap(sample, 2)
    timm = getattr(model.image_backbone.backbone, "timm_model", None)
    layer = {
        "vit": lambda: model.image_backbone.backbone.layers[-1].ln1,
        "timm's vit": lambda: timm.blocks[-1].norm1,
        "efficientnet": lambda: timm.bn2,
    }[kind]()
    kept = []
    handle = layer.register_forward_hook(lambda module, _, output: kept.append(output) or output.retain_grad())
    model.requires_grad_(True)
    model(scorer.inputs(sample), mode="tensor")[0, 2].backward()
    handle.remove()
    output, grad = kept[0].detach()[0], kept[0].grad[0]
    if kind != "efficientnet":  # 1 + 4 x 4 or 1 + 2 x 2 tokens (L, C); the first is the class token
        side = int((len(output) - 1) ** 0.5)
        output, grad = (tokens[1:].T.reshape(-1, side, side) for tokens in (output, grad))
    expected = by_hand(grad.mean(dim=(1, 2)).numpy(), output.numpy())
    np.testing.assert_allclose(heatmap, on_photograph(expected), atol=0.02)


def test_fused_with_text_and_mixed_experts(lab):
    """The gradient is that of the whole model: the text, the fusion, the experts and their gates."""
    scorer = Scorer(open_config(lab.moe), lab.moe_checkpoint, device="cpu")
    sample, model, shown = scorer.samples[0], scorer.inferencer.model, 0
    for label in range(3):
        inputs = scorer.inputs(sample)
        features = model.image_backbone(inputs["img"])[-1].detach().requires_grad_()
        pooled = model.image_neck((features,))[-1]
        joint = model.fusion(pooled, model.text_encoder(inputs["text"], inputs["text_weight"]))
        model.head((joint,))[0, label].backward()
        heatmap = Heatmaps(scorer).heatmap(sample, label)
        weights = features.grad[0].mean(dim=(1, 2)).numpy()
        if (np.einsum("c,chw->hw", weights, features.detach()[0].numpy()) > 0).any():
            shown += 1
            expected = by_hand(weights, features.detach()[0].numpy())
            np.testing.assert_allclose(heatmap, on_photograph(expected), atol=0.02)
        else:
            assert not heatmap.any()  # no place speaks for this class
    assert shown


def test_an_ensemble_s_map_is_the_weighted_mean_of_its_members(lab, tmp_path):
    cfg = open_config(lab.moe)
    member = cfg.model
    alone = dict(member, image_backbone=None, image_neck=None, head=dict(LINEAR, in_channels=8))
    cfg.model = dict(type="EnsembleClassifier", members=[member, member, alone], weights=[3.0, 1.0, 4.0])
    scorer = save_and_open(cfg, tmp_path)
    sample, found = scorer.samples[0], []
    members = list(scorer.inferencer.model.members)
    maps = Heatmaps(scorer)
    heatmap = maps.heatmap(sample, 1)
    for part in maps._members:
        maps._members = [part]
        found.append(maps.heatmap(sample, 1))
    assert len(found) == 2 and len(members) == 3  # the third takes no image
    assert not np.allclose(found[0], found[1])
    np.testing.assert_allclose(heatmap, 0.75 * found[0] + 0.25 * found[1], atol=1e-5)


def test_stored_features_give_the_map_of_their_backbone(frozen_lab, tmp_path):
    """The model on stored features, and the same with the backbone in it, have one heatmap."""
    frozen = load_config(frozen_lab.config)
    frozen.test_dataloader.dataset.pipeline[0].test_image[1].scale = (SIDE, SIDE)
    scorer = save_and_open(frozen, tmp_path)
    step = frozen.test_dataloader.dataset.pipeline[0]
    whole = load_config(frozen_lab.config)
    whole.model.image_backbone = step.backbone
    whole.model.data_preprocessor = dict(type="ImageTextDataPreprocessor", mean=[0.0] * 3, std=[1.0] * 3, to_rgb=True)
    whole.test_dataloader.dataset.pipeline = [*step.test_image, *frozen.test_dataloader.dataset.pipeline[1:]]
    with DefaultScope.overwrite_default_scope("kdxf"):
        model = MODELS.build(whole.model)
    model.image_backbone.init_weights()
    model.head.load_state_dict(scorer.inferencer.model.head.state_dict())
    torch.save({"state_dict": model.state_dict()}, tmp_path / "whole.pth")
    other = Scorer(whole, tmp_path / "whole.pth", device="cpu")
    for row in (0, 5):
        before = scorer.scores(scorer.samples)[0]
        heatmaps = [Heatmaps(scorer).heatmap(scorer.samples[row], label) for label in range(3)]
        for label, heatmap in enumerate(heatmaps):
            np.testing.assert_allclose(heatmap, Heatmaps(other).heatmap(other.samples[row], label), atol=1e-4)
        assert heatmaps[0].shape == (16, 16) and np.max(heatmaps) > 0.9
        np.testing.assert_array_equal(scorer.scores(scorer.samples)[0], before)  # the store is back in its place


def test_what_the_model_does_not_see_has_no_value(lab):
    cfg = open_config(lab.moe)
    load, _, *rest = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = [load, dict(type="CenterCrop", crop_size=40), *rest]
    scorer = Scorer(cfg, lab.moe_checkpoint, device="cpu")
    heatmap = Heatmaps(scorer).heatmap(scorer.samples[0], 0)
    seen = np.zeros((60, 80), bool)
    seen[10:50, 20:60] = True
    assert (np.isnan(heatmap) == ~seen).all()


def test_large_photographs_get_small_maps(lab, tmp_path):
    cfg = open_config(lab.moe)
    cfg.test_dataloader.dataset.data_prefix = str(tmp_path)
    for name in lab.names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((500, 1280, 3), np.uint8))
    scorer = Scorer(cfg, lab.moe_checkpoint, device="cpu")
    assert Heatmaps(scorer).heatmap(scorer.samples[0], 0).shape == (250, 640)


def test_a_model_without_pictures(lab, tmp_path):
    cfg = open_config(lab.moe)
    cfg.model = dict(cfg.model, image_backbone=None, image_neck=None, head=dict(LINEAR, in_channels=8))
    with pytest.raises(NoHeatmapError, match="^the model takes no image$"):
        Heatmaps(save_and_open(cfg, tmp_path))


def test_an_unreadable_photograph(lab, tmp_path):
    cfg = open_config(lab.moe)
    cfg.test_dataloader.dataset.data_prefix = str(tmp_path)
    scorer = Scorer(cfg, lab.moe_checkpoint, device="cpu")
    with pytest.raises(NoHeatmapError, match="^the photograph cannot be read: cannot open the file: No such file"):
        Heatmaps(scorer).heatmap(scorer.samples[0], 0)


def test_a_pipeline_that_turns_pictures(lab):
    cfg = open_config(lab.moe)
    turn = dict(type="Rotate", angle=30.0, prob=1.0)
    pipeline = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = [pipeline[0], turn, *pipeline[1:]]
    scorer = Scorer(cfg, lab.moe_checkpoint, device="cpu")
    with pytest.raises(NoHeatmapError, match="rotates, distorts or recolours pictures"):
        Heatmaps(scorer).heatmap(scorer.samples[0], 0)


def test_a_map_of_one_place_shows_nothing(lab, tmp_path):
    """Then the last layer inside is taken whose map has several places: at 32 px that of layer3, 2 x 2."""
    model = dict(image_backbone=BACKBONES["resnet"][0], image_neck=POOL, head=dict(LINEAR, in_channels=32))
    scorer = build(lab, tmp_path, model)
    small = torch.rand(1, 3, 32, 32, requires_grad=True)
    tap = Heatmaps(scorer)._members[0]._tap
    assert tap.gives_map(torch.zeros(1, 3, 64, 64)) and not tap.gives_map(small)
    with Heatmaps(scorer)._members[0].tapped() as tap:
        layer, places = _last_places(tap, scorer.inferencer.model, small, 0)
    assert layer is tap.backbone.backbone.layer3[1].bn2
    assert places(torch.rand(1, 16, 2, 2)).shape == (1, 16, 2, 2)


def test_nothing_has_places(lab, tmp_path):
    model = dict(image_backbone=BACKBONES["resnet"][0], image_neck=POOL, head=dict(LINEAR, in_channels=32))
    scorer = build(lab, tmp_path, model)
    point = torch.rand(1, 3, 1, 1, requires_grad=True)
    with (
        Heatmaps(scorer)._members[0].tapped() as tap,
        pytest.raises(NoHeatmapError, match="^no layer of the image backbone has places that count for the answer$"),
    ):
        _last_places(tap, scorer.inferencer.model, point, 0)


def test_the_package_is_missing(lab, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pytorch_grad_cam", None)
    scorer = Scorer(open_config(lab.moe), lab.moe_checkpoint, device="cpu")
    message = "a heatmap needs the package pytorch_grad_cam: pip install 'kdxf[report]' (in a clone: pip install -e "
    with pytest.raises(UserError, match=re.escape(message)):
        Heatmaps(scorer)
