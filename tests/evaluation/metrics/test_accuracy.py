import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.evaluation import Accuracy as HostAccuracy

from kdxf.evaluation.metrics import Accuracy
from kdxf.registry import METRICS


def test_by_hand(score):
    # The true class is first, second, third.
    result = score(Accuracy(topk=(1, 2)), [[0.5, 0.3, 0.2]] * 3, [0, 1, 2])
    assert result == {"accuracy/top1": pytest.approx(100 / 3), "accuracy/top2": pytest.approx(200 / 3)}


@pytest.mark.parametrize("options", [{}, {"topk": (1, 3, 6)}, {"topk": (1, 2), "thrs": (0.0, 0.3, None)}])
def test_like_mmpretrain(score, options):
    torch.manual_seed(0)
    scores, labels = torch.softmax(2 * torch.randn(50, 6), dim=1), torch.randint(6, (50,)).tolist()
    assert score(Accuracy(**options), scores, labels) == score(HostAccuracy(**options), scores, labels)


def test_more_than_there_are(score):
    with pytest.raises(ValueError, match="Top-5 accuracy is unavailable since the number of categories is 3"):
        score(Accuracy(topk=(1, 5)), [[0.5, 0.3, 0.2]], [0])


def test_keeps_the_best_scores_alone():
    metric = Accuracy(topk=(1, 5))
    metric.process(None, [{"pred_score": torch.rand(50030), "gt_label": torch.tensor([7])}])
    assert metric.results[0]["pred_score"].untyped_storage().nbytes() == 5 * 4


def test_configs_get_it():
    with DefaultScope.overwrite_default_scope("kdxf"):
        assert type(METRICS.build({"type": "Accuracy"})) is Accuracy
