import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.evaluation import Accuracy
from mmpretrain.models import ImageClassifier, LinearClsHead
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import ConcatFusion, ImageTextClassifier, ImageTextDataPreprocessor
from kdxf.registry import MODELS

K, D = 3, 4
RESNET = {"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8}
GAP = {"type": "GlobalAveragePooling"}
TEXT = {"type": "Word2VecEncoder", "in_channels": D, "hidden_channels": 8, "out_channels": 6}
LINEAR = {"type": "LinearClsHead", "num_classes": K}
MOE = {"type": "MoEClsHead", "num_classes": K, "hidden_channels": 8, "loss": {"type": "LabelSmoothFocalLoss"}}
BACKBONES = {
    "ResNet": (RESNET, 64),
    "ResNetV1d": ({**RESNET, "type": "ResNetV1d"}, 64),
    "SwinTransformer": (
        {
            "type": "SwinTransformer",
            "arch": {"embed_dims": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 1, 1]},
            "img_size": 32,
            "window_size": 1,
        },
        64,
    ),
    "timm": ({"type": "TIMMBackbone", "model_name": "resnet10t", "pretrained": False}, 512),
}


def batch(n=4, *, img=True, text=True):
    torch.manual_seed(1)
    inputs = {}
    if img:
        inputs["img"] = torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8)
    if text:
        inputs |= {"text": torch.randn(n, 5, D), "text_weight": torch.rand(n, 5)}
    return {"inputs": inputs, "data_samples": [DataSample().set_gt_label(i % K) for i in range(n)]}


def build(*, img=RESNET, channels=64, text=True, head=MOE, **kwargs):
    torch.manual_seed(0)
    width = (channels if img else 0) + (6 if text else 0)
    return MODELS.build(
        {
            "type": "ImageTextClassifier",
            "image_backbone": copy.deepcopy(img),
            "image_neck": GAP if img else None,
            "text_encoder": TEXT if text else None,
            "head": {"in_channels": width, **head} if head else None,
            "data_preprocessor": {"mean": [128.0] * 3, "std": [64.0] * 3, "to_rgb": True},
            **kwargs,
        }
    )


def prepared(model, data):
    return model.data_preprocessor(data)["inputs"]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("backbone", list(BACKBONES))
def test_backbones(backbone, channels_last):
    config, channels = BACKBONES[backbone]
    model = build(img=config, channels=channels, channels_last=channels_last)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    before = [p.detach().clone() for p in model.parameters()]
    logs = model.train_step(batch(), optimizer)
    assert torch.isfinite(logs["loss"])
    assert 0 < logs["dummy_gate"] < 1
    for part in ("image_backbone", "text_encoder", "head"):
        moved = [
            not torch.equal(old, new)
            for old, (name, new) in zip(before, model.named_parameters(), strict=True)
            if name.startswith(part)
        ]
        assert any(moved)
    scores = torch.stack([sample.pred_score for sample in model.eval().test_step(batch())])
    assert_close(scores.sum(1), torch.ones(4))


def test_it_only_wires():
    model = build().eval()
    inputs = prepared(model, batch())
    image = model.image_backbone(inputs["img"])[-1].mean((2, 3))
    text = model.text_encoder(inputs["text"], inputs["text_weight"])
    joint = torch.cat([image, text], 1)
    assert_close(model.extract_feat(inputs)[-1], joint)
    logits = model.head((joint,))
    assert_close(model(inputs), logits)
    samples = batch()["data_samples"]
    predicted = model(inputs, samples, mode="predict")
    assert predicted[0] is samples[0]
    assert_close(torch.stack([s.pred_score for s in predicted]), logits.softmax(1))
    assert [s.pred_label.item() for s in predicted] == logits.argmax(1).tolist()
    target = torch.tensor([0, 1, 2, 0])
    assert_close(model(inputs, samples, mode="loss")["loss"], model.head.loss_module(logits, target))


def test_image_alone_is_mmpretrains_classifier():
    model = build(text=False, head=LINEAR).eval()
    host = ImageClassifier(
        RESNET, GAP, {**LINEAR, "in_channels": 64}, data_preprocessor={"mean": [128.0] * 3, "std": [64.0] * 3}
    ).eval()
    host.load_state_dict({k.replace("image_backbone.", "backbone."): v for k, v in model.state_dict().items()})
    host.data_preprocessor.to_rgb = True
    data = batch(text=False)
    expected = torch.stack([s.pred_score for s in host.test_step({**data, "inputs": data["inputs"]["img"]})])
    for inputs in (data["inputs"], data["inputs"]["img"]):
        scores = torch.stack([s.pred_score for s in model.test_step({**data, "inputs": inputs})])
        assert_close(scores, expected)


def test_text_alone():
    model = build(img=None)
    assert model.fusion is None
    model.train_step(batch(img=False), OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    assert len(model.eval().test_step(batch(img=False))) == 4
    inputs = prepared(model, batch(img=True))  # what it does not read may be there
    assert_close(model.extract_feat(inputs)[0], model.text_encoder(inputs["text"], inputs["text_weight"]))


def test_channels_last_changes_the_layout_alone():
    plain, fast = build().eval(), build(channels_last=True).eval()
    inputs = prepared(plain, batch())
    assert_close(plain(inputs), fast(inputs), atol=1e-4, rtol=1e-4)
    seen = []
    fast.image_backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    fast(inputs)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    assert fast.image_backbone.layer1[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)
    fast.load_state_dict(plain.state_dict())
    assert fast.image_backbone.layer1[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("head", [MOE, LINEAR])
def test_bfloat16_predictions_are_float32(head):
    model = build(head=head, channels_last=True).eval()
    expected = torch.stack([s.pred_score for s in model.test_step(batch())])
    with torch.autocast("cpu", torch.bfloat16):
        scores = torch.stack([s.pred_score for s in model.test_step(batch())])
    assert scores.dtype == torch.float32
    assert_close(scores.sum(1), torch.ones(4))
    assert_close(scores, expected, atol=0.02, rtol=0.05)


def test_bfloat16_training_is_finite():
    model = build(channels_last=True)
    data = model.data_preprocessor(batch(), training=True)
    with torch.autocast("cpu", torch.bfloat16):
        losses = model(**data, mode="loss")
    losses["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_ready_modules_and_no_head():
    fusion = ConcatFusion()
    model = ImageTextClassifier(
        image_backbone=MODELS.build(RESNET),
        image_neck=MODELS.build(GAP),
        text_encoder=MODELS.build(TEXT),
        fusion=fusion,
        data_preprocessor=ImageTextDataPreprocessor(),
    )
    assert model.fusion is fusion
    assert model(prepared(model, batch()))[-1].shape == (4, 70)


def test_train_cfg_sets_batch_augments():
    config = {"mean": [0.0] * 3, "std": [1.0] * 3, "num_classes": K}
    train_cfg = {"augments": [{"type": "Mixup", "alpha": 1.0}]}
    model = build(text=False, train_cfg=train_cfg, data_preprocessor=config)
    assert model.data_preprocessor.batch_augments is not None
    assert set(config) == {"mean", "std", "num_classes"}
    logs = model.train_step(batch(text=False), OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    assert torch.isfinite(logs["loss"])


LOSSES = {
    "MoEClsHead, focal": MOE,
    "MoEClsHead, cross-entropy": {"type": "MoEClsHead", "num_classes": K, "hidden_channels": 8},
    "LinearClsHead": {**LINEAR, "loss": {"type": "CrossEntropyLoss", "class_weight": [1.0, 2.0, 3.0]}},
    "LinearClsHead, smoothed": {**LINEAR, "loss": {"type": "LabelSmoothLoss", "label_smooth_val": 0.1}},
    "ArcFaceClsHead": {"type": "ArcFaceClsHead", "num_classes": K},
    "MultiLabelLinearClsHead": {"type": "MultiLabelLinearClsHead", "num_classes": K},
    "MultiLabelMoEClsHead": {"type": "MultiLabelMoEClsHead", "num_classes": K, "hidden_channels": 8},
}


def with_targets(data, *, soft=False, weights=None):
    for i, sample in enumerate(data["data_samples"]):
        if soft:
            sample.set_gt_score(torch.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]][i % 2]))
        if weights is not None and weights[i] is not None:
            sample.set_field(torch.tensor([weights[i]]), "sample_weight", dtype=torch.Tensor)
    return data


def only(data, i):
    """The batch of sample i alone."""
    inputs = {key: value[i : i + 1] for key, value in data["inputs"].items()}
    return {"inputs": inputs, "data_samples": [data["data_samples"][i]]}


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_sample_weights(name, soft):
    model = build(img=None, head=LOSSES[name]).eval()
    data = model.data_preprocessor(with_targets(batch(img=False), soft=soft), training=True)
    alone = [model(**only(data, i), mode="loss")["loss"].item() for i in range(4)]
    assert model(**data, mode="loss")["loss"].item() == pytest.approx(sum(alone) / 4)
    with_targets(data, weights=[2.0, 0.0, None, 0.5])
    expected = (2 * alone[0] + alone[2] + 0.5 * alone[3]) / 4
    assert model(**data, mode="loss")["loss"].item() == pytest.approx(expected)


def test_samples_without_weights_pass_none():
    head = LinearClsHead(K, 6)
    model = build(img=None, head=None)
    model.head = head
    seen = []
    head.loss = lambda feats, samples, **options: seen.append(options) or {}
    model(**batch(img=False), mode="loss")
    model(**with_targets(batch(img=False), weights=[None, 3.0, None, None]), mode="loss")
    assert seen[0] == {}
    assert seen[1].keys() == {"weight"} and seen[1]["weight"].tolist() == [1, 3, 1, 1]


def test_soft_targets_win_over_labels():
    model = build(img=None, head={**LINEAR, "loss": {"type": "CrossEntropyLoss"}}).eval()
    data = model.data_preprocessor(with_targets(batch(2, img=False), soft=True), training=True)
    log_p = model(**data).log_softmax(1)
    expected = -(0.5 * log_p[0, 0] + 0.25 * log_p[0, 1] + 0.25 * log_p[0, 2] + log_p[1, 1]) / 2
    assert_close(model(**data, mode="loss")["loss"], expected)
    metric = Accuracy(topk=(1,))
    predicted = model(**data, mode="predict")
    metric.process(None, [sample.to_dict() for sample in predicted])
    assert [sample.gt_label.item() for sample in predicted] == [0, 1]  # what metrics count stays
    right = sum(sample.pred_score.argmax().item() == i for i, sample in enumerate(predicted))
    assert metric.evaluate(2)["accuracy/top1"] == 50 * right


def test_training_without_labels_is_named():
    data = batch(2, img=False)
    data["data_samples"][1] = DataSample(metainfo={"img_path": "test/x.jpg"})
    message = (
        r"^training met an image without a label, test/x.jpg: name a list with labels in train_dataloader, or give its "
        r"dataset a soft_label_file$"
    )
    with pytest.raises(UserError, match=message):
        build(img=None)(**data, mode="loss")


@pytest.mark.parametrize(("mode", "task"), [("loss", "training"), ("predict", "prediction")])
def test_without_a_head_there_are_features_only(mode, task):
    data = batch(2, img=False)
    message = (
        f"^ImageTextClassifier: {task} needs a head, and model.head is None, which gives features only: set "
        r"model.head=dict\(type='MoEClsHead', ...\)$"
    )
    with pytest.raises(UserError, match=message):
        build(img=None, head=None)(**data, mode=mode)


def test_pretrained_weights(tmp_path):
    source = build()
    torch.nn.init.normal_(source.image_backbone.conv1.weight)
    torch.save({"state_dict": source.state_dict()}, tmp_path / "whole.pth")
    torch.save(source.image_backbone.state_dict(), tmp_path / "backbone.pth")
    init = {"type": "Pretrained", "checkpoint": str(tmp_path / "backbone.pth")}
    for model in (build(pretrained=str(tmp_path / "whole.pth")), build(img={**RESNET, "init_cfg": init})):
        model.init_weights()
        assert_close(model.image_backbone.conv1.weight, source.image_backbone.conv1.weight)


def test_missing_weights_name_the_file(tmp_path):
    missing = str(tmp_path / "missing.pth")
    init = {"type": "Pretrained", "checkpoint": missing}
    for model in (build(pretrained=missing), build(img={**RESNET, "init_cfg": init})):
        with pytest.raises(UserError, match=r"checkpoint .*missing\.pth does not exist; check the path"):
            model.init_weights()


def test_layer_depths():
    model = build(img=BACKBONES["SwinTransformer"][0])
    assert model.get_layer_depth("image_backbone.patch_embed.projection.weight") == (0, 6)
    assert model.get_layer_depth("head.experts.fc.weight") == (5, 6)
    with pytest.raises(UserError, match=r"layer-wise learning rates need .* Word2VecEncoder does not"):
        build(img=None).get_layer_depth("head.experts.fc.weight")


def test_missing_parts():
    with pytest.raises(UserError, match="give one of image_backbone, text_encoder, table_encoder, or several"):
        ImageTextClassifier(head=LINEAR)
    with pytest.raises(UserError, match="fusion needs two of image_backbone, .*, and there is text_encoder alone"):
        ImageTextClassifier(text_encoder=TEXT, fusion={"type": "ConcatFusion"})


def test_missing_inputs():
    model = build()
    inputs = prepared(model, batch())
    with pytest.raises(UserError, match="the batch has no 'img', which image_backbone needs: add LoadImage"):
        model({key: inputs[key] for key in ("text", "text_weight")})
    with pytest.raises(UserError, match=r"no 'text_weight', which text_encoder \(Word2VecEncoder\) needs"):
        model({key: inputs[key] for key in ("img", "text")})
    with pytest.raises(UserError, match=r"no 'text', .* add TokenizeOCR with LookUpWordVectors or HashNgrams, or T"):
        model(inputs["img"])


def test_hits_of_mixed_samples_are_not_counted():
    mixup = {"augments": {"type": "Mixup", "alpha": 0.4}}
    with pytest.raises(UserError, match=r"head.cal_acc counts samples of one class, but .*set cal_acc=False"):
        build(head={**MOE, "cal_acc": True}, train_cfg=mixup)
    build(head={**MOE, "cal_acc": True})


def test_mixed_targets_are_those_of_the_head():
    mixup = {"augments": {"type": "Mixup", "alpha": 0.4}}
    wrong = {"num_classes": MOE["num_classes"] + 1}
    message = r"mix targets of data_preprocessor.num_classes=(\d+), but the head has (\d+) classes; set both alike"
    with pytest.raises(UserError, match=message):
        build(train_cfg=mixup, data_preprocessor=wrong)
    build(data_preprocessor=wrong)


def test_unpooled_image_features():
    model = build(image_neck=None)
    with pytest.raises(UserError, match=r"shape \(4, 64, 1, 1\), fusion needs \(N, C\): set image_neck"):
        model(prepared(model, batch()))


class Tokens(torch.nn.Module):
    """The word vectors as they are."""

    input_keys = ("text", "text_weight")

    def encode_tokens(self, text, weight):
        return text, weight


class Sequences(torch.nn.Module):
    """Joins the largest place and the first word, and remembers what it took."""

    takes_sequences = True

    def forward(self, image_map, tokens, weight):
        self.taken = image_map, tokens, weight
        return torch.cat([image_map.amax((2, 3)), tokens[:, 0] * weight[:, :1]], 1)


def build_sequences(**options):
    parts = {"image_neck": None, "text_encoder": Tokens(), "fusion": Sequences(), "head": None, **options}
    return build(**parts)


def test_fusion_of_sequences():
    model = build_sequences(head={**MOE, "in_channels": 64 + D}).eval()
    inputs = prepared(model, batch())
    logits = model(inputs)
    image_map, tokens, weight = model.fusion.taken
    assert_close(image_map, model.image_backbone(inputs["img"])[-1])
    assert tokens is inputs["text"] and weight is inputs["text_weight"]
    assert_close(logits, model.head((model.fusion(image_map, tokens, weight),)))
    logs = model.train().train_step(batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    assert torch.isfinite(logs["loss"])


def test_words_and_places_attend_to_each_other_in_bfloat16():
    fusion = {"type": "CrossAttentionFusion", "image_channels": 64, "text_channels": 6, "embed_dims": 8, "num_heads": 2}
    model = build_sequences(text_encoder=TEXT, fusion=fusion, head={**MOE, "in_channels": 16}, channels_last=True)
    data = batch()
    data["inputs"]["text_weight"][1] = 0
    data = model.data_preprocessor(data, training=True)
    with torch.autocast("cpu", torch.bfloat16):
        model(**data, mode="loss")["loss"].backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    assert model.fusion.no_text.grad.any()


def test_parts_that_do_not_fit_a_fusion_of_sequences():
    with pytest.raises(UserError, match="Sequences takes the unpooled image map, set image_neck=None"):
        build_sequences(image_neck=GAP)
    with pytest.raises(UserError, match=r"text_encoder \(Linear\) does not give: take one with encode_tokens, such as"):
        build_sequences(text_encoder=torch.nn.Linear(1, 1))
    pooled = torch.nn.Sequential(MODELS.build(RESNET), MODELS.build(GAP))
    model = build_sequences(image_backbone=pooled)
    with pytest.raises(UserError, match=r"shape \(4, 64\), fusion needs \(N, C, H, W\): take a backbone, or its out_t"):
        model(prepared(model, batch()))


@pytest.mark.parametrize("backbone", list(BACKBONES))
def test_backbones_under_a_fusion_of_sequences(backbone):
    config, channels = BACKBONES[backbone]
    model = build_sequences(image_backbone=config)
    assert model(prepared(model, batch()))[-1].shape == (4, channels + D)


def test_unknown_mode():
    model = build()
    with pytest.raises(ValueError, match="mode must be 'tensor', 'loss' or 'predict', got 'train'"):
        model(prepared(model, batch()), mode="train")


TABLE = {"type": "TabularEncoder", "in_channels": 5, "embed_dims": 7}


@pytest.mark.parametrize("img", [True, False])
@pytest.mark.parametrize("text", [True, False])
def test_a_table_joins_whatever_there_is(img, text):
    width = (64 if img else 0) + (6 if text else 0) + 7
    model = build(
        img=RESNET if img else None, text=text, head={**MOE, "in_channels": width}, table_encoder=TABLE
    ).eval()
    data = batch(img=img, text=text)
    data["inputs"]["table"] = torch.randn(4, 5)
    inputs = prepared(model, data)
    (feature,) = model.extract_feat(inputs)
    assert feature.shape == (4, width)
    assert_close(feature[:, -7:], model.table_encoder(data["inputs"]["table"]))
    assert model.loss(inputs, data["data_samples"])["loss"].isfinite()
    with pytest.raises(UserError, match=r"no 'table', which table_encoder \(TabularEncoder\) needs: add EncodeTable"):
        model({**{key: value for key, value in inputs.items() if key != "table"}})


def test_three_modalities_with_gates():
    fusion = {"type": "GatedFusion", "image_channels": 64, "text_channels": 6, "table_channels": 7, "out_channels": 9}
    model = build(head={**MOE, "in_channels": 9}, table_encoder=TABLE, fusion=fusion).eval()
    data = batch()
    data["inputs"]["table"] = torch.zeros(4, 5)
    assert model(prepared(model, data)).shape == (4, K)


def test_cross_attention_takes_no_table():
    fusion = {"type": "CrossAttentionFusion", "image_channels": 64, "text_channels": 6, "embed_dims": 8, "num_heads": 2}
    with pytest.raises(
        UserError, match="CrossAttentionFusion joins an image and a text, and no table: leave table_enc"
    ):
        build(table_encoder=TABLE, fusion=fusion)


def test_losses_on_the_joint_feature_are_added_to_the_heads():
    losses = {"contrastive": {"type": "SupervisedContrastiveLoss", "loss_weight": 0.5}}
    plain, model = build(), build(feature_losses=losses)
    data = batch()

    def losses_of(one):
        torch.manual_seed(2)  # of dropout
        return one(**one.data_preprocessor(copy.deepcopy(data)), mode="loss")

    own, found = losses_of(plain), losses_of(model)
    assert found.keys() == {*own, "contrastive_loss"} and model.state_dict().keys() == plain.state_dict().keys()
    assert_close({key: found[key] for key in own}, dict(own))
    assert found["contrastive_loss"] > 0
    prepared = model.data_preprocessor(copy.deepcopy(data))
    model.data_preprocessor.batch_augments = object()  # as SwitchRecipeHook sets it
    with pytest.raises(UserError, match=r"feature_losses \(contrastive\) compare whole samples by their class, and"):
        model(**prepared, mode="loss")


def test_distillation_needs_its_teachers():
    distillation = {"type": "Distillation", "teachers": [{"config": "a.py", "checkpoint": "a.pth"}]}
    model = build(distillation=distillation)
    data = model.data_preprocessor(batch())
    assert model(**data, mode="predict")
    with pytest.raises(UserError, match="distillation: no teacher is loaded"):
        model(**data, mode="loss")
