import numpy as np
import pytest

from kdxf.recipes.ensemble_fit import fit_weights
from kdxf.recipes.ensemble_means import MEANS
from kdxf.recipes.ensemble_metrics import METRICS
from kdxf.recipes.ensemble_task import Task


def task(stack, labels, metric, mean="arithmetic"):
    stack = np.array(stack, np.float32)
    names = [str(index) for index in range(len(stack))]
    return Task(names, stack, np.array(labels), MEANS[mean], METRICS[metric])


def test_log_loss_by_hand():
    # One model gives the true class (of two) 0.8 and 0.4, the other 0.2 and 0.8. With weight w on the first,
    # log(0.2 + 0.6 w) + log(0.8 - 0.4 w) is highest where 0.6 / (0.2 + 0.6 w) = 0.4 / (0.8 - 0.4 w): w = 5/6.
    found = task([[[0.8, 0.2], [0.4, 0.6]], [[0.2, 0.8], [0.8, 0.2]]], [0, 0], "log-loss")
    assert fit_weights(found) == pytest.approx([5 / 6, 1 / 6], abs=2e-3)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_log_loss_finds_the_lowest_on_a_grid(mean):
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.ones(3), (2, 40)).astype(np.float32)
    scores[0, :, 0] += 1
    scores /= scores.sum(axis=2, keepdims=True)
    labels = random.choice(3, 40, p=[0.7, 0.2, 0.1])
    found = task(MEANS[mean].enter(scores), labels, "log-loss", mean)
    losses = [found.loss(found.mix(np.array([w, 1 - w]))) for w in np.linspace(0, 1, 1001)]
    weights = fit_weights(found)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert found.loss(found.mix(weights)) == pytest.approx(min(losses), abs=1e-4)


def test_accuracy_needs_a_weight_from_a_window():
    # Weight w on the first: image 0 needs 0.375 + 0.375 w > 0.5, image 1 needs 0.7 - 0.5 w > 0.5: 1/3 < w < 2/5.
    first = [[0.75, 0.25], [0.2, 0.8]]
    second = [[0.375, 0.625], [0.7, 0.3]]
    found = task([first, second], [0, 0], "accuracy")
    weights = fit_weights(found)
    assert 1 / 3 < weights[0] < 0.4
    assert found.loss(found.mix(weights)) == -100


def test_equal_weights_unless_others_are_better():
    same = [[0.9, 0.1], [0.2, 0.8]]
    for metric in METRICS:
        found = task([same, same, same], [0, 1], metric)
        assert fit_weights(found) == pytest.approx([1 / 3] * 3)


def test_a_useless_model_gets_nothing():
    found = task([[[0.9, 0.1]] * 4, [[0.1, 0.9]] * 4], [0, 0, 0, 0], "log-loss")
    assert fit_weights(found).tolist() == [1, 0]


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
@pytest.mark.parametrize("metric", list(METRICS))
def test_weights_are_shares_and_the_best_of_many_models_counts_most(metric, mean):
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200)
    logits = random.normal(size=(6, 200, 4))
    logits += np.array([0, 1, 0.5, 2, 0, 1])[:, None, None] * np.eye(4)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    found = task(MEANS[mean].enter(scores.astype(np.float32)), labels, metric, mean)
    before = found.stack.copy()
    weights = fit_weights(found)
    assert (weights >= 0).all() and weights.sum() == pytest.approx(1) and weights.argmax() == 3
    others = [found.mix(np.full(6, 1 / 6)), *map(found.alone, range(6))]
    assert found.loss(found.mix(weights)) <= min(map(found.loss, others))
    np.testing.assert_array_equal(found.stack, before)


def test_only_the_images_of_the_task_are_looked_at():
    found = task([[[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.9, 0.1]]], [0, 0], "log-loss")
    assert fit_weights(found.only(np.array([0]))).tolist() == [1, 0]
    assert fit_weights(found.only(np.array([1]))).tolist() == [0, 1]
