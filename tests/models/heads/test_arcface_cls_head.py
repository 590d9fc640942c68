import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmpretrain.engine.hooks import SetAdaptiveMarginsHook
from mmpretrain.models.heads import ArcFaceClsHead as HostHead
from mmpretrain.structures import DataSample
from torch.nn.functional import cross_entropy, one_hot
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import ArcFaceClsHead, LabelSmoothFocalLoss
from kdxf.models.heads import Embedding
from kdxf.registry import MODELS


def test_the_batch_has_mean_0_and_variance_1_whatever_came_in():
    torch.manual_seed(0)
    feature = torch.rand(64, 3) * torch.tensor([1.0, 100.0, 10.0]) + 5
    embedding = Embedding(3)
    assert embedding.out_channels == 3
    result = embedding(feature)
    assert_close(result, (feature - feature.mean(0)) / feature.std(0, correction=0), atol=1e-3, rtol=1e-3)
    assert [name for name, _ in embedding.named_parameters()] == ["norm.weight"]


def test_linear_layer_and_running_statistics():
    torch.manual_seed(0)
    embedding = Embedding(3, 2)
    feature = torch.randn(8, 3)
    for _ in range(200):
        trained = embedding(feature)
    linear = feature @ embedding.fc.weight.T
    assert_close(trained, (linear - linear.mean(0)) / linear.std(0, correction=0), atol=1e-3, rtol=1e-3)
    # Prediction takes the running mean and the unbiased running variance, for one sample too.
    expected = (linear - linear.mean(0)) / torch.sqrt(linear.var(0) + 1e-5)
    assert_close(embedding.eval()(feature[:1]), expected[:1])


def test_a_batch_of_one_is_refused_in_training():
    with pytest.raises(UserError, match="batch norm cannot train on a batch of one: raise train_dataloader.batch_size"):
        Embedding(3)(torch.randn(1, 3))


N, C, W, K = 6, 5, 8, 4


def make_head(**kwargs):
    torch.manual_seed(0)
    return ArcFaceClsHead(**{"num_classes": K, "in_channels": C, "embedding_channels": W, **kwargs})


def feats(n=N):
    torch.manual_seed(1)
    return (torch.randn(n, C),)


def head_with_angles(degrees, **kwargs):
    """A head of two classes at 0 and 90 degrees in the plane, and features at the given angles."""
    head = ArcFaceClsHead(2, 2, embedding_channels=None, scale=10.0, **kwargs)
    head.embedding = torch.nn.Identity()
    head.norm_product.weight.data = torch.eye(2) * 7
    angles = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return head, (3 * torch.stack([angles.cos(), angles.sin()], dim=1).float(),)


def cos(degrees):
    return math.cos(math.radians(degrees))


def test_margin_by_hand():
    # 60 degrees from class 0 and 30 from class 1; a margin of 20 degrees for the true class alone.
    head, x = head_with_angles([60.0, 60.0], margins=math.radians(20))
    expected = [[10 * cos(80), 10 * cos(30)], [10 * cos(60), 10 * cos(50)]]
    assert_close(head(x, torch.tensor([0, 1])), torch.tensor(expected))
    assert_close(head(x), torch.tensor([[10 * cos(60), 10 * cos(30)]] * 2))
    head.margin_factor.fill_(0.5)
    assert_close(head(x, torch.tensor([0, 1]))[0], torch.tensor([10 * cos(70), 10 * cos(30)]))


@pytest.mark.parametrize(
    ("easy_margin", "expected"),
    # A margin of 60 degrees at 100 and at 170 degrees. Easy: none beyond 90. Else cos 160, and, as 230 degrees would be
    # past 180, cos 170 - m sin m.
    [(True, [cos(100), cos(170)]), (False, [cos(160), cos(170) - math.pi / 3 * math.sin(math.pi / 3)])],
)
def test_wide_angles_by_hand(easy_margin, expected):
    head, x = head_with_angles([100.0, 170.0], margins=math.pi / 3, easy_margin=easy_margin)
    assert_close(head(x, torch.tensor([0, 0]))[:, 0], 10 * torch.tensor(expected))


@pytest.mark.parametrize("easy_margin", [False, True])
@pytest.mark.parametrize("num_subcenters", [1, 3])
def test_equals_the_host_away_from_its_singularities(easy_margin, num_subcenters):
    options = {"num_subcenters": num_subcenters, "margins": [0.1, 0.2, 0.3, 0.4], "easy_margin": easy_margin}
    head, host = make_head(**options).eval(), HostHead(K, W, scale=32.0, **options)
    host.norm_product.load_state_dict(head.norm_product.state_dict())
    embedding = (head.pre_logits(feats()),)
    target = torch.tensor([0, 1, 2, 3, 0, 1])
    assert_close(head(feats(), target), host(embedding, target))
    assert_close(head(feats()), host(embedding))


def test_a_soft_target_spreads_the_margin():
    head, x = head_with_angles([60.0], margins=math.radians(20))
    # 20 degrees times 0.75 and 0.25
    assert_close(head(x, torch.tensor([[0.75, 0.25]])), torch.tensor([[10 * cos(75), 10 * cos(35)]]))
    assert_close(head(x, torch.tensor([[1.0, 0.0]])), head(x, torch.tensor([0])))


def test_loss_of_labels_soft_labels_and_weights():
    head = make_head(loss={"type": "LabelSmoothFocalLoss"}).eval()
    labels = torch.tensor([i % K for i in range(N)])
    hard = head.loss(feats(), [DataSample().set_gt_label(int(label)) for label in labels])["loss"]
    assert_close(hard, LabelSmoothFocalLoss()(head(feats(), labels), labels))
    scores = torch.rand(N, K).softmax(1)
    soft = head.loss(feats(), [DataSample().set_gt_score(score) for score in scores])["loss"]
    assert_close(soft, LabelSmoothFocalLoss()(head(feats(), scores), scores))
    pure = head.loss(feats(), [DataSample().set_gt_score(score) for score in one_hot(labels, K).float()])["loss"]
    assert_close(pure, hard)

    head, weight = make_head().eval(), torch.tensor([1.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    loss = head.loss(feats(), [DataSample().set_gt_label(int(label)) for label in labels], weight=weight)["loss"]
    each = cross_entropy(head(feats(), labels), labels, reduction="none")
    assert_close(loss, (each[0] + 2 * each[1]) / N)


@pytest.mark.parametrize("easy_margin", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_gradients_are_finite_at_0_and_180_degrees(easy_margin, soft):
    head, (x,) = head_with_angles([0.0, 180.0, 90.0], easy_margin=easy_margin)
    x[x.abs() < 1e-6] = 0.0
    x.requires_grad_()
    labels = torch.tensor([0, 0, 0])
    logits = head((x,), one_hot(labels, 2).float() if soft else labels)
    assert head.norm_product(x)[:2, 0].tolist() == [1.0, -1.0]
    cross_entropy(logits, labels).backward()
    assert torch.isfinite(x.grad).all() and torch.isfinite(head.norm_product.weight.grad).all()
    assert x.grad[2].abs().sum() > 0


def test_angles_are_float32_under_autocast():
    head = make_head()
    with torch.autocast("cpu", torch.bfloat16):
        assert head.embedding.fc(feats()[0]).dtype == torch.bfloat16
        logits = head(feats(), torch.zeros(N, dtype=torch.long))
        loss = head.loss(feats(), [DataSample().set_gt_label(0) for _ in range(N)])["loss"]
    assert logits.dtype == loss.dtype == torch.float32
    assert_close(logits, head(feats(), torch.zeros(N, dtype=torch.long)), atol=1.0, rtol=0.0)  # of -32 to 32
    loss.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in head.parameters())


def test_prediction_is_the_plain_cosine():
    head = make_head(num_subcenters=2).eval()
    embedding = head.pre_logits(feats()).detach().numpy()
    centres = head.norm_product.weight.detach().numpy().reshape(K, 2, W)
    for sample, row in zip(head.predict(feats()), embedding, strict=True):
        cosines = centres @ row / np.linalg.norm(centres, axis=2) / np.linalg.norm(row)
        exp = np.exp(32 * cosines.max(axis=1))
        np.testing.assert_allclose(sample.pred_score.detach(), exp / exp.sum(), rtol=1e-4)
        assert sample.pred_label.item() == exp.argmax()


def test_without_a_margin_it_is_the_normalised_softmax():
    head = make_head(margins=0.0)
    assert_close(head(feats(), torch.zeros(N, dtype=torch.long)), head(feats()))


def test_state_holds_weights_only():
    names = set(make_head().state_dict())
    statistics = {f"embedding.norm.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    assert names == {"norm_product.weight", "embedding.fc.weight", "embedding.norm.weight"} | statistics


def blobs(classes, per_class, seed):
    """Points around random centres of 16 numbers, in one corner and in different scales as fused features are."""
    generator = torch.Generator().manual_seed(7)
    centres = torch.rand(classes, 16, generator=generator)
    generator.manual_seed(seed)
    labels = torch.arange(classes).repeat(per_class)
    points = centres[labels] + 0.12 * torch.randn(len(labels), 16, generator=generator)
    return points * torch.logspace(-1, 1, 16), labels


def test_it_trains_from_scratch_with_a_rising_margin_of_half_a_radian():
    torch.manual_seed(0)
    head = ArcFaceClsHead(20, 16, embedding_channels=32)
    points, labels = blobs(20, 16, seed=0)
    samples = [DataSample().set_gt_label(int(label)) for label in labels]
    optimizer = torch.optim.SGD(head.parameters(), lr=0.02, momentum=0.9)
    for step in range(150):
        head.margin_factor.fill_(min(max((step - 20) / 60, 0), 1))
        optimizer.zero_grad()
        head.loss((points,), samples)["loss"].backward()
        optimizer.step()
    fresh, fresh_labels = blobs(20, 16, seed=1)
    assert head.margins.tolist() == [0.5] * 20
    accuracy = (head.eval()((fresh,)).argmax(1) == fresh_labels).float().mean()
    assert accuracy > 0.9  # chance is 0.05


def test_margins_by_class_size_from_the_host_hook():
    head = make_head()
    model = torch.nn.Module()
    model.head = head
    dataset = SimpleNamespace(get_gt_labels=lambda: [0] * 16 + [1] + [2] * 16 + [3] * 16)
    loader = SimpleNamespace(dataset=dataset)
    SetAdaptiveMarginsHook(0.1, 0.5, power=-0.25).before_train(SimpleNamespace(model=model, train_dataloader=loader))
    assert head.margins.tolist() == pytest.approx([0.1, 0.5, 0.1, 0.1])
    head.margin_factor.fill_(0.0)
    assert_close(head(feats(), torch.ones(N, dtype=torch.long)), head(feats()))


def test_margins_of_a_file(tmp_path):
    (tmp_path / "margins.txt").write_text("0.1\n0\n0.3\n1\n")
    assert make_head(margins=str(tmp_path / "margins.txt")).margins.tolist() == pytest.approx([0.1, 0.0, 0.3, 1.0])
    with pytest.raises(ValueError, match="^margins must be a number, or one for each of num_classes=3, got 4$"):
        make_head(num_classes=3, margins=str(tmp_path / "margins.txt"))


def test_is_registered():
    head = MODELS.build({"type": "ArcFaceClsHead", "num_classes": 3, "in_channels": 2, "margins": 1})
    assert type(head) is ArcFaceClsHead and head.margins.tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"in_channels": -1}, "in_channels must be at least 1, got -1"),
        ({"num_subcenters": 0}, "num_subcenters must be at least 1, got 0"),
        ({"embedding_channels": -2}, "embedding_channels must be at least 1, got -2"),
        ({"scale": 0}, "scale must be above 0, got 0"),
        ({"margins": [0.5] * 3}, "margins must be a number, or one for each of num_classes=4, got 3"),
        ({"margins": [0.5] * 5}, "margins must be a number, or one for each of num_classes=4, got 5"),
        ({"margins": None}, "margins must be a number, one for each class or a .txt file of them, got None"),
        ({"margins": ["a"] * 4}, "margins must be a number, one for each class or a .txt file of them, got"),
        ({"margins": -0.1}, r"margins must be in \[0, pi\), got -0.1"),
        ({"margins": [0.5, 0.5, 0.5, 3.2]}, r"margins must be in \[0, pi\)"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_head(**arguments)


def test_bad_target():
    with pytest.raises(ValueError, match=r"target must have the shape \(N,\) or \(6, 4\), got \(5,\)"):
        make_head()(feats(), torch.zeros(5, dtype=torch.long))


def test_the_factor_scales_the_margins_of_soft_targets():
    head, x = head_with_angles([60.0], margins=math.radians(20))
    head.margin_factor.fill_(0.5)
    # half of 20 degrees, times 0.75 and 0.25
    assert_close(head(x, torch.tensor([[0.75, 0.25]])), torch.tensor([[10 * cos(67.5), 10 * cos(32.5)]]))


def test_without_embedding_and_batch_norm_the_feature_stays_as_it_is():
    head = ArcFaceClsHead(3, 4, embedding_channels=None, batch_norm=False, scale=16.0, margins=0.0)
    feature = torch.randn(5, 4)
    assert torch.equal(head.pre_logits((feature,)), feature)
    assert torch.equal(head.pre_logits((feature[:1],)), feature[:1])  # a batch of one can be trained on
    assert [name for name, _ in head.named_parameters()] == ["norm_product.weight"]


def test_cosface_takes_the_margin_off_the_cosine():
    head, feature = head_with_angles([30.0, 120.0], margins=0.35, margin_type="cosine")
    # Cosines to the classes at 0 and 90 degrees: cos 30, cos 60; cos 120, cos 30.
    hard = head(feature, torch.tensor([0, 0]))
    expected = [[cos(30) - 0.35, cos(60)], [cos(120) - 0.35, cos(30)]]
    assert_close(hard, 10 * torch.tensor(expected))
    soft = head(feature, torch.tensor([[1.0, 0.0], [0.9, 0.1]]))
    assert_close(soft, 10 * torch.tensor([expected[0], [cos(120) - 0.315, cos(30) - 0.035]]))
    assert_close(head(feature), 10 * torch.tensor([[cos(30), cos(60)], [cos(120), cos(30)]]))
    head.margin_factor.fill_(0.5)
    assert_close(head(feature, torch.tensor([0, 0]))[0, 0], 10 * torch.tensor(cos(30) - 0.175))


def test_kinds_of_margins_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="margin_type must be 'angle' or 'cosine', got 'cos'"):
        make_head(margin_type="cos")
    with pytest.raises(ValueError, match="easy_margin is for margin_type='angle'"):
        make_head(margin_type="cosine", easy_margin=True)
