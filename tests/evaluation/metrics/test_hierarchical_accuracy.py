import pytest
import torch

from kdxf.errors import UserError
from kdxf.evaluation.metrics import HierarchicalAccuracy


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tree.csv").write_text("fine,coarse,shelf\ntea,drinks,dry\nmilk,drinks,cold\npear,fruit,cold\n")
    (tmp_path / "classes.txt").write_text("milk\npear\ntea\n")  # coarse 0, 1, 0; shelf 0, 0, 1
    return tmp_path / "tree.csv"


def _sample(true: int, predicted: int, **labels: int) -> dict:
    sample = {"gt_label": torch.tensor([true]), "pred_score": torch.eye(3)[predicted]}
    return sample | {f"pred_label_{name}": torch.tensor([label]) for name, label in labels.items()}


def test_levels_by_hand(tree):
    metric = HierarchicalAccuracy(tree)
    metric.process(None, [_sample(0, 0, coarse=0), _sample(0, 2, coarse=1)])
    metric.process(None, [_sample(1, 0, coarse=1), _sample(2, 2, coarse=0)])
    assert metric.evaluate(4) == {
        "hierarchy/coarse": 75.0,  # 0 0, 0 0, 1 0, 0 0
        "hierarchy/coarse_branch": 75.0,  # 0 0, 0 1, 1 1, 0 0
        "hierarchy/coarse_disagreement": 50.0,  # implied 0 0 0 0, said 0 1 1 0
        "hierarchy/shelf": 75.0,  # 0 0, 0 1, 0 0, 1 1
    }


def test_any_classifier_has_the_levels(tree):
    metric = HierarchicalAccuracy(tree, classes=["pear", "milk", "tea"])
    metric.process(None, [_sample(1, 2), _sample(0, 0)])
    assert metric.evaluate(2) == {"hierarchy/coarse": 100.0, "hierarchy/shelf": 50.0}


def test_another_number_of_classes_is_refused(tree):
    with pytest.raises(UserError, match="the model has 3 classes, but the tree .*tree.csv is read for 2; give the"):
        HierarchicalAccuracy(tree, classes=["pear", "milk"]).process(None, [_sample(0, 0)])


def test_a_sample_without_a_label_is_refused(tree):
    with pytest.raises(UserError, match="HierarchicalAccuracy: image a.jpg has no label"):
        HierarchicalAccuracy(tree).process(None, [{"pred_score": torch.ones(3), "img_path": "a.jpg"}])


def test_another_order_of_classes_is_refused(tree):
    metric = HierarchicalAccuracy(tree)
    metric.dataset_meta = {"classes": ("milk", "tea", "pear")}
    metric.process(None, [_sample(0, 0)])
    with pytest.raises(UserError, match="class 1 is 'tea' in the dataset and 'pear' in the class list of"):
        metric.evaluate(1)
    metric.dataset_meta = {"classes": ("milk", "pear", "tea")}
    metric.process(None, [_sample(0, 0)])
    assert metric.evaluate(1)["hierarchy/coarse"] == 100


def test_a_branch_that_only_some_samples_have_is_not_scored(tree):
    metric = HierarchicalAccuracy(tree)
    metric.process(None, [_sample(0, 0, coarse=0), _sample(1, 1)])
    assert metric.evaluate(2) == {"hierarchy/coarse": 100.0, "hierarchy/shelf": 100.0}


def test_the_disagreement_is_with_the_predicted_class(tree):
    metric = HierarchicalAccuracy(tree)
    metric.process(None, [_sample(0, 1, coarse=1), _sample(0, 1, coarse=0), _sample(0, 0, coarse=0)])
    assert metric.evaluate(3)["hierarchy/coarse_disagreement"] == pytest.approx(100 / 3)  # implied 1 1 0, said 1 0 0
