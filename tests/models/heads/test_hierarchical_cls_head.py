import pytest
import torch
from mmpretrain.models.heads import LinearClsHead
from mmpretrain.structures import DataSample
from torch.nn.functional import cross_entropy, one_hot
from torch.testing import assert_close

from kdxf.apis.test import test as run_test
from kdxf.apis.train import train
from kdxf.engine.config import load_config
from kdxf.engine.publish import publish_checkpoint
from kdxf.errors import UserError
from kdxf.inference.inferencer import KDXFInferencer
from kdxf.models import ArcFaceClsHead, BatchedClsScoreTTA, HierarchicalClsHead, MoEClsHead
from kdxf.registry import MODELS

N, C, K = 6, 5, 4
CSV = "fine,coarse,shelf\ntea,drinks,dry\nmilk,drinks,cold\npear,fruit,cold\nrice,grain,dry\n"
CLASSES = ["milk", "pear", "rice", "tea"]
COARSE, SHELF = [0, 1, 2, 0], [0, 0, 1, 1]  # drinks, fruit, grain; cold, dry


@pytest.fixture
def make_head(tmp_path):
    (tmp_path / "tree.csv").write_text(CSV)

    def make(**kwargs):
        torch.manual_seed(0)
        fine = kwargs.pop("fine", {"type": "LinearClsHead", "in_channels": C})
        head = HierarchicalClsHead(fine, tmp_path / "tree.csv", CLASSES, **kwargs)
        for parameter in head.parameters():
            torch.nn.init.normal_(parameter)
        return head

    return make


def feats():
    torch.manual_seed(1)
    return (torch.randn(N, C),)


LABELS = torch.tensor([0, 1, 2, 3, 3, 0])


def labelled():
    return [DataSample().set_gt_label(int(label)) for label in LABELS]


def test_loss_is_the_weighted_sum_of_the_levels(make_head):
    head = make_head(levels={"coarse": 0.6, "shelf": 0.25})
    losses = head.loss(feats(), labelled())
    assert set(losses) == {"loss", "coarse_loss", "shelf_loss"}
    assert_close(losses["loss"], cross_entropy(head.fine(feats()), LABELS))
    coarse, shelf = (branch(feats()) for branch in head.branches)
    assert coarse.shape == (N, 3) and shelf.shape == (N, 2)
    assert_close(losses["coarse_loss"], 0.6 * cross_entropy(coarse, torch.tensor([0, 1, 2, 0, 0, 0])))
    assert_close(losses["shelf_loss"], 0.25 * cross_entropy(shelf, torch.tensor([0, 0, 1, 1, 1, 0])))


def test_soft_targets_are_summed_over_the_tree_and_weights_reach_every_level(make_head):
    head = make_head()
    scores = torch.tensor([[0.1, 0.2, 0.3, 0.4]] * 5 + [[1.0, 0.0, 0.0, 0.0]])
    weight = torch.tensor([2.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    losses = head.loss(feats(), [DataSample().set_gt_score(score) for score in scores], weight=weight)
    coarse = torch.tensor([[0.5, 0.2, 0.3]] * 5 + [[1.0, 0.0, 0.0]])
    each = cross_entropy(head.branches[0](feats()), coarse, reduction="none")
    assert_close(losses["coarse_loss"], 0.5 * (2 * each[0] + each[5]) / N)
    each = cross_entropy(head.fine(feats()), scores, reduction="none")
    assert_close(losses["loss"], (2 * each[0] + each[5]) / N)


def test_predictions_of_independent_branches(make_head):
    head = make_head(levels={"shelf": 1.0})
    given = labelled()
    samples = head.predict(feats(), given)
    assert samples[0] is given[0]
    for sample, fine, shelf in zip(samples, head.fine(feats()), head.branches[0](feats()), strict=True):
        assert_close(sample.pred_score, fine.softmax(0))
        assert_close(sample.pred_score_shelf, shelf.softmax(0))
        assert sample.pred_label.tolist() == [fine.argmax()]
        assert sample.pred_label_shelf.tolist() == [shelf.argmax()]
    assert_close(head(feats()), head.fine(feats()))


def test_predictions_that_agree_with_the_tree(make_head):
    head = make_head(levels={"coarse": 1.0, "shelf": 1.0}, agree_with_tree=True)
    fine = head.fine(feats()).softmax(1).detach()
    coarse, shelf = (branch(feats()).softmax(1).detach() for branch in head.branches)
    contradictions = 0
    for i, sample in enumerate(head.predict(feats())):
        product = [(fine[i, k] * coarse[i, COARSE[k]] * shelf[i, SHELF[k]]).item() for k in range(K)]
        joint = torch.tensor(product) / sum(product)
        assert_close(sample.pred_score, joint)
        assert_close(sample.pred_score_coarse, torch.stack([joint[0] + joint[3], joint[1], joint[2]]))
        assert_close(sample.pred_score_shelf, torch.stack([joint[0] + joint[1], joint[2] + joint[3]]))
        label = int(joint.argmax())
        assert sample.pred_label.tolist() == [label]
        assert sample.pred_label_coarse.tolist() == [COARSE[label]]
        assert sample.pred_label_shelf.tolist() == [SHELF[label]]
        contradictions += COARSE[int(fine[i].argmax())] != int(coarse[i].argmax())
    assert contradictions  # without the tree some of these would have disagreed
    assert_close(head(feats()).softmax(1)[0], head.predict(feats())[0].pred_score)


def test_sure_contradictions_stay_finite(make_head):
    head = make_head(agree_with_tree=True)
    head.fine.fc.weight.data.mul_(1e4)
    head.branches[0].fc.weight.data.mul_(1e4)
    for sample in head.predict(feats()):
        assert torch.isfinite(sample.pred_score).all()
        assert_close(sample.pred_score.sum(), torch.tensor(1.0))


@pytest.mark.parametrize("agree_with_tree", [False, True])
def test_test_time_augmentation_merges_every_level(make_head, agree_with_tree):
    class Model(torch.nn.Module):
        def __init__(self, head):
            super().__init__()
            self.head = head

        def test_step(self, data):
            return self.head.predict((data["inputs"],), data["data_samples"])

    head = make_head(agree_with_tree=agree_with_tree)
    tta = BatchedClsScoreTTA(module=Model(head))
    (first,) = feats()
    views = [first, 3 * first.flip(0)]
    merged = tta.test_step({"inputs": views, "data_samples": [labelled(), labelled()]})
    alone = [head.predict((view,)) for view in views]
    for i, sample in enumerate(merged):
        assert_close(sample.pred_score, (alone[0][i].pred_score + alone[1][i].pred_score) / 2)
        coarse = (alone[0][i].pred_score_coarse + alone[1][i].pred_score_coarse) / 2
        assert_close(sample.pred_score_coarse, coarse)
        expected = COARSE[int(sample.pred_label)] if agree_with_tree else int(coarse.argmax())
        assert sample.pred_label_coarse.tolist() == [expected]


def test_branches_are_ordinary_heads(make_head):
    moe = {"type": "MoEClsHead", "in_channels": C, "hidden_channels": 8, "num_experts": 2}
    arcface = {"type": "ArcFaceClsHead", "embedding_channels": 4, "loss": {"type": "LabelSmoothFocalLoss"}}
    head = make_head(fine=moe, branches={"coarse": arcface})
    assert isinstance(head.fine, MoEClsHead) and isinstance(head.branches[0], ArcFaceClsHead)
    assert head.num_classes == K and head.branches[0].num_classes == 3 and head.branches[0].in_channels == C
    assert head.pre_logits(feats()).shape == (N, 8)
    losses = head.loss(feats(), labelled())
    assert set(losses) == {"loss", "dummy_gate", "coarse_loss"}
    (losses["loss"] + losses["coarse_loss"]).backward()
    assert all(parameter.grad is not None for parameter in head.parameters())
    assert not [name for name in head.state_dict() if "parents" in name]


def test_branches_are_initialized(make_head, tmp_path):
    make_head()
    config = {"type": "HierarchicalClsHead", "class_tree": str(tmp_path / "tree.csv"), "classes": CLASSES}
    head = MODELS.build({**config, "fine": {"type": "LinearClsHead", "in_channels": 500}})
    head.init_weights()
    assert isinstance(head.branches[0], LinearClsHead)
    assert abs(float(head.branches[0].fc.weight.std()) - 0.01) < 0.002


def test_counts_of_each_level(make_head):
    head = make_head(levels={"coarse": 1.0, "shelf": 1.0})
    counts = head.class_counts(torch.tensor([5, 3, 2, 1]))
    assert [(part, values.tolist()) for part, values in counts] == [
        (head.fine, [5, 3, 2, 1]),
        (head.branches[0], [6, 3, 2]),
        (head.branches[1], [8, 3]),
    ]


def test_hard_and_one_hot_labels_give_one_loss(make_head):
    head = make_head()
    soft = [DataSample().set_gt_score(score) for score in one_hot(LABELS, K).float()]
    assert_close(head.loss(feats(), soft), head.loss(feats(), labelled()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": {"aisle": 1.0}}, r"no level 'aisle' in it \(found: coarse, shelf\)"),
        ({"branches": {"shelf": {}}}, "the branch 'shelf' has no factor in levels"),
        (
            {"fine": {"type": "LinearClsHead", "in_channels": C, "num_classes": 5}},
            "fine has num_classes=5, but the class tree has 4; leave num_classes out",
        ),
        (
            {"branches": {"coarse": {"num_classes": 4}}},
            "branches.coarse has num_classes=4, but the class tree has 3; leave num_classes out",
        ),
        (
            {"fine": {"type": "MultiLabelLinearClsHead", "in_channels": C}},
            "fine is MultiLabelLinearClsHead; take a head with a softmax",
        ),
        (
            {"fine": {"type": "MultiLabelMoEClsHead", "in_channels": C}},
            "fine is MultiLabelMoEClsHead; take a head with a softmax",
        ),
    ],
)
def test_bad_settings(make_head, arguments, message):
    with pytest.raises(UserError, match=message):
        make_head(**arguments)


RUN = """
default_scope = "kdxf"
tree = "{tree}"
arcface = dict(type="ArcFaceClsHead", in_channels=64, embedding_channels=8, loss=dict(type="LabelSmoothFocalLoss"))
model["head"] = dict(type="HierarchicalClsHead", fine=arcface, class_tree=tree, agree_with_tree=True)
metrics = [dict(type="Accuracy", topk=(1,)), dict(type="HierarchicalAccuracy", class_tree=tree)]
val_evaluator = test_evaluator = metrics
custom_hooks = [dict(type="MarginScheduleHook", begin=0, end=1), dict(type="ClassWeightsHook")]
tta_model = dict(type="BatchedClsScoreTTA")
views = [[dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)], [dict(type="PackInputs")]]
tta_pipeline = [dict(type="LoadImageFromFile"), dict(type="TestTimeAug", transforms=views)]
"""


def test_trains_resumes_tests_and_predicts_from_a_published_checkpoint(tiny_config, tiny_images):
    tree = tiny_config.with_name("tree.csv")
    tree.write_text("fine,coarse\nblue,cold\ngreen 绿,cold\nred,warm\n", encoding="utf-8")
    tree.with_name("classes.txt").write_text("blue\ngreen 绿\nred\n", encoding="utf-8")
    tiny_config.write_text(tiny_config.read_text() + RUN.replace("{tree}", str(tree)), encoding="utf-8")
    first = train(load_config(tiny_config, {"train_cfg.max_epochs": 1}))
    result = train(load_config(tiny_config), resume=first.checkpoint)
    assert result.epoch == 2
    published = publish_checkpoint(result.checkpoint, tiny_config.with_name("small.pth"))
    for tta in (False, True):
        scores = run_test(load_config(tiny_config), published, tta=tta)
        assert scores["hierarchy/coarse_disagreement"] == 0
        assert scores["hierarchy/coarse"] == scores["hierarchy/coarse_branch"] >= scores["accuracy/top1"]
    predictions = KDXFInferencer(tiny_config, published, device="cpu")([tiny_images / "val" / "red"])
    assert len(predictions) == 4
