import pytest
import torch
from mmpretrain.structures import DataSample
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

import kdxf.models  # noqa: F401  (registers the heads)
from kdxf.errors import UserError
from kdxf.registry import MODELS

N, K = 5, 3
WIDTHS = {"image": 4, "text": 2}
LABELS = torch.tensor([0, 2, 1, 1, 0])


def heads(**changes):
    return {name: {"type": "LinearClsHead", "in_channels": width, **changes} for name, width in WIDTHS.items()}


def make_head(**options):
    torch.manual_seed(0)
    head = MODELS.build({"type": "LateFusionClsHead", "num_classes": K, "heads": heads(), **options})
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    return head


def feats():
    torch.manual_seed(1)
    return (torch.randn(N, sum(WIDTHS.values())),)


def labelled():
    return [DataSample().set_gt_label(int(label)) for label in LABELS]


def by_hand(head):
    """The logits of each modality, computed from the weights of its linear layer."""
    image, text = feats()[0][:, :4], feats()[0][:, 4:]
    return [
        part @ layer.fc.weight.T + layer.fc.bias
        for part, layer in zip((image, text), (head.heads["image"], head.heads["text"]), strict=True)
    ]


def test_the_logits_of_the_modalities_are_added():
    head = make_head()
    image, text = by_hand(head)
    assert_close(head(feats()), image + text)
    assert_close(head.modality_logits(feats()), {"image": image, "text": text})
    probabilities = image.softmax(1) * text.softmax(1)
    scores = torch.stack([sample.pred_score for sample in head.predict(feats())])
    assert_close(scores, probabilities / probabilities.sum(1, keepdim=True))


def test_each_modality_has_a_loss_of_its_own():
    head = make_head(own_loss_weight=0.25)
    image, text = by_hand(head)
    losses = head.loss(feats(), labelled())
    assert set(losses) == {"loss", "image_loss", "text_loss"}
    assert_close(losses["loss"], cross_entropy(image + text, LABELS))
    assert_close(losses["image_loss"], 0.25 * cross_entropy(image, LABELS))
    assert_close(losses["text_loss"], 0.25 * cross_entropy(text, LABELS))


def test_the_text_learns_where_the_image_explains_everything():
    """With own losses the text's gradient stays; without them the sum leaves next to none."""
    feature = torch.zeros(N, 6)
    feature[range(N), LABELS] = 100.0
    feature[:, 4:] = torch.randn(N, 2)

    def slope(weight):
        head = make_head(own_loss_weight=weight)
        with torch.no_grad():
            head.heads["image"].fc.weight.copy_(torch.eye(K, 4))
        sum(head.loss((feature,), labelled()).values()).backward()
        return head.heads["text"].fc.weight.grad.abs().max()

    assert slope(0.0) < 1e-6
    assert slope(1.0) > 1e-2


def test_soft_targets_and_sample_weights_reach_every_loss():
    head = make_head()
    image, text = by_hand(head)
    scores = torch.tensor([[0.2, 0.3, 0.5]] * N)
    weight = torch.tensor([2.0, 0.0, 0.0, 0.0, 1.0])
    losses = head.loss(feats(), [DataSample().set_gt_score(score) for score in scores], weight=weight)
    for key, logits in (("loss", image + text), ("image_loss", image), ("text_loss", text)):
        each = cross_entropy(logits, scores, reduction="none")
        assert_close(losses[key], (2 * each[0] + each[4]) / N)


def test_heads_of_other_kinds():
    """A normalized head beside a linear one."""
    normalized = {"type": "ArcFaceClsHead", "in_channels": 4, "embedding_channels": None, "batch_norm": False}
    head = make_head(heads={**heads(), "image": {**normalized, "margins": 0.0, "scale": 8.0}})
    part = torch.nn.functional.normalize(feats()[0][:, :4], dim=1)
    image = 8.0 * part @ torch.nn.functional.normalize(head.heads["image"].norm_product.weight, dim=1).T
    assert_close(head(feats()), image + head.heads["text"]((feats()[0][:, 4:],)))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"heads": {"image": heads()["image"]}}, ValueError, "heads must name two modalities or more"),
        ({"own_loss_weight": -1.0}, ValueError, "own_loss_weight must be 0 or more, got -1.0"),
        (
            {"heads": heads(num_classes=7)},
            UserError,
            "LateFusionClsHead: heads.image has num_classes=7 and this head 3; leave it out there",
        ),
        (
            {"heads": {**heads(), "text": {"type": "MultiLabelMoEClsHead", "in_channels": 2, "hidden_channels": 2}}},
            UserError,
            "LateFusionClsHead: heads.text is MultiLabelMoEClsHead; take a head with a softmax",
        ),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        make_head(**options)


def test_a_feature_of_another_width_is_refused():
    with pytest.raises(UserError, match=r"the feature has 5 channels, but in_channels of its heads are 4 \+ 2"):
        make_head()((torch.zeros(N, 5),))
