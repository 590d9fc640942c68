import copy
import math

import pytest
import torch
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from kdxf.errors import UserError
from kdxf.models import Distillation
from kdxf.models.distillation import TeacherAnswer

MODEL = dict(config="a.py", checkpoint="a.pth")


class Says:
    """A teacher that always answers the same."""

    sees_inputs = True

    def __init__(self, logits, feature=None):
        self.given = TeacherAnswer(torch.tensor(logits), None if feature is None else torch.tensor(feature))

    def answer(self, inputs, samples):
        return self.given


def learn(distillation, *teachers, logits, feature=None, mixed=False, weight=None):
    distillation.set_teachers(teachers)
    logits = torch.tensor(logits, requires_grad=True)
    feature = torch.zeros(len(logits), 2) if feature is None else feature
    samples = [DataSample() for _ in logits]
    return logits, distillation(logits, feature, {}, samples, mixed=mixed, weight=weight)


def test_the_divergence_by_hand():
    # With temperature 2 the teacher's probabilities are 3/4 and 1/4, the student's 1/2 each.
    teacher = Says([[2 * math.log(3), 0.0]])
    _, losses = learn(Distillation([MODEL], temperature=2.0, loss_weight=0.5), teacher, logits=[[1.0, 1.0]])
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert list(losses) == ["distillation_loss"]
    assert_close(losses["distillation_loss"], torch.tensor(0.5 * 4 * divergence))


def test_the_gradient_does_not_shrink_with_the_temperature():
    """d/dz of T^2 KL is T (q - p)."""
    logits, losses = learn(Distillation([MODEL], temperature=2.0), Says([[2 * math.log(3), 0.0]]), logits=[[1.0, 1.0]])
    losses["distillation_loss"].backward()
    assert_close(logits.grad, torch.tensor([[2 * (0.5 - 0.75), 2 * (0.5 - 0.25)]]))


def test_teachers_are_averaged_by_their_weights_and_samples_weighted():
    sources = [MODEL, dict(MODEL, weight=3.0)]
    sure, unsure = Says([[math.log(3), 0.0], [0.0, 0.0]]), Says([[0.0, 0.0], [0.0, 0.0]])
    distillation = Distillation(sources, temperature=1.0)
    weight = torch.tensor([4.0, 1.0])
    _, losses = learn(distillation, sure, unsure, logits=[[0.0, 0.0], [0.0, math.log(3)]], weight=weight)
    p = (0.75 + 3 * 0.5) / 4
    first = p * math.log(p / 0.5) + (1 - p) * math.log((1 - p) / 0.5)
    second = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert_close(losses["distillation_loss"], torch.tensor((4 * first + second) / 2))


def test_equal_logits_give_0():
    _, losses = learn(Distillation([MODEL]), Says([[5.0, -60.0, 1.0]]), logits=[[5.0, -60.0, 1.0]])
    assert losses["distillation_loss"].item() == pytest.approx(0, abs=1e-6)


def test_features_through_a_linear_layer_where_widths_differ():
    distillation = Distillation(
        [MODEL, MODEL], feature_loss_weight=2.0, loss_weight=0.0, in_channels=2, teacher_channels=[2, 1]
    )
    assert [name for name, _ in distillation.named_parameters()] == ["projections.1.weight", "projections.1.bias"]
    with torch.no_grad():
        distillation.projections[1].weight.copy_(torch.tensor([[1.0, 2.0]]))
        distillation.projections[1].bias.zero_()
    same, narrow = Says([[0.0]], [[1.0, 0.0]]), Says([[0.0]], [[4.0]])
    _, losses = learn(distillation, same, narrow, logits=[[0.0]], feature=torch.tensor([[3.0, 1.0]]))
    # (2^2 + 1^2) / 2 and (3 + 2 - 4)^2.
    assert_close(losses["distillation_feature_loss"], torch.tensor(2.0 * (2.5 + 1.0) / 2))
    with pytest.raises(UserError, match="in_channels is 2, but the feature has 3"):
        learn(distillation, same, narrow, logits=[[0.0]], feature=torch.zeros(1, 3))
    with pytest.raises(UserError, match="a teacher has a feature of 1 channels, and teacher_channels say 2; correct"):
        learn(distillation, narrow, narrow, logits=[[0.0]])


def test_teachers_are_shared_by_averages_and_belong_to_no_checkpoint():
    distillation = Distillation([MODEL])
    learn(distillation, Says([[0.0]]), logits=[[0.0]])
    twin = copy.deepcopy(distillation)
    assert twin._teachers is distillation._teachers
    assert not list(distillation.parameters()) and not distillation.state_dict()


def test_faults_have_one_line():
    with pytest.raises(UserError, match=r"teachers is empty; give dict\(config=..., checkpoint=...\)"):
        Distillation([])
    with pytest.raises(UserError, match="a teacher has config, predictions; give dict"):
        Distillation([dict(config="a.py", predictions="b.parquet")])
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        Distillation([MODEL], temperature=0)
    with pytest.raises(ValueError, match="factors must be 0 or more, got -1 and 0"):
        Distillation([MODEL], loss_weight=-1)
    with pytest.raises(ValueError, match=r"the weight of a teacher must be above 0, got 0\.0"):
        Distillation([dict(MODEL, weight=0)])
    with pytest.raises(UserError, match="feature_loss_weight needs in_channels, teacher_channels with one width"):
        Distillation([dict(predictions="a.parquet")], feature_loss_weight=1, in_channels=2, teacher_channels=[2])
    with pytest.raises(UserError, match=r"no teacher is loaded; train with tools/train\.py"):
        Distillation([MODEL])(torch.zeros(1, 2), torch.zeros(1, 2), {}, [], mixed=False)
    with pytest.raises(UserError, match="a teacher has 3 classes, the student 2"):
        learn(Distillation([MODEL]), Says([[0.0, 0.0, 0.0]]), logits=[[0.0, 0.0]])
    blind = Says([[0.0, 0.0]])
    blind.sees_inputs = False
    with pytest.raises(UserError, match="a file of predictions knows nothing of the images that batch_augments"):
        learn(Distillation([MODEL]), blind, logits=[[0.0, 0.0]], mixed=True)
