import itertools

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensembles import search
from kdxf.recipes.ensembles.average import MEANS
from kdxf.recipes.ensembles.members import make_units
from kdxf.recipes.ensembles.search import find_weights, fit_weights, left_out, select_greedily, select_within
from kdxf.recipes.ensembles.task import METRICS, Task
from kdxf.recipes.ensembles.times import Times

# The true class is the first of two. Model 0 is right on images 0 and 1, model 1 on 2 and 3 (and barely wrong on 1),
# model 2 on none.
TRUE = np.array([[0.9, 0.9, 0.3, 0.3], [0.3, 0.4, 0.8, 0.8], [0.1, 0.1, 0.1, 0.1]], np.float32)


def task(metric="accuracy", mean="arithmetic"):
    stack = MEANS[mean].enter(np.stack([TRUE, 1 - TRUE], axis=2).reshape(12, 2)).reshape(3, 4, 2)
    return Task(["0", "1", "2"], stack, np.zeros(4, int), MEANS[mean], METRICS[metric])


def test_by_hand():
    # First model 0 (50 %, as model 1, but earlier). Then model 1: means 0.6 0.65 0.55 0.55, all right.
    assert select_greedily(task(), 3).tolist() == [0.5, 0.5, 0]
    assert select_greedily(task(), 1).tolist() == [1, 0, 0]


def test_a_model_may_be_picked_again():
    # Images 0 and 2: model 0 gives 0.9 0.3, model 1 gives 0.3 0.8. The product of the means is highest at
    # 0.3 + 0.6 w = 0.6 (1 - (0.5 w - 0.3) ...): w = 0.55; of the fractions with up to ten picks 5/9 is nearest.
    weights = select_greedily(task("log-loss").only(np.array([0, 2])), 2)
    grid = [(a / n, 1 - a / n) for n in range(1, 11) for a in range(n + 1)]
    losses = [-np.log([0.3 + 0.6 * a, 0.8 - 0.5 * a]).mean() for a, _ in grid]
    assert weights[2] == 0
    found = -np.log([0.3 + 0.6 * weights[0], 0.8 - 0.5 * weights[0]]).mean()
    assert found <= min(losses) + 1e-3


def test_at_most_so_many_models():
    random = np.random.default_rng(0)
    stack = random.dirichlet(np.ones(3), (6, 50)).astype(np.float32)
    several = Task(list("abcdef"), stack, random.integers(0, 3, 50), MEANS["arithmetic"], METRICS["log-loss"])
    weights = select_greedily(several, 3)
    assert np.count_nonzero(weights) == 3 and np.isclose(weights.sum(), 1)


def test_geometric_mean():
    # Only after exp and division by the sum are these scores that can be compared with the labels.
    assert select_greedily(task("GAP", "geometric"), 2).tolist() == [0.5, 0.5, 0]


def fit_task(stack, labels, metric, mean="arithmetic"):
    stack = np.array(stack, np.float32)
    names = [str(index) for index in range(len(stack))]
    return Task(names, stack, np.array(labels), MEANS[mean], METRICS[metric])


def test_log_loss_by_hand():
    # One model gives the true class (of two) 0.8 and 0.4, the other 0.2 and 0.8. With weight w on the first,
    # log(0.2 + 0.6 w) + log(0.8 - 0.4 w) is highest where 0.6 / (0.2 + 0.6 w) = 0.4 / (0.8 - 0.4 w): w = 5/6.
    found = fit_task([[[0.8, 0.2], [0.4, 0.6]], [[0.2, 0.8], [0.8, 0.2]]], [0, 0], "log-loss")
    assert fit_weights(found) == pytest.approx([5 / 6, 1 / 6], abs=2e-3)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_log_loss_finds_the_lowest_on_a_grid(mean):
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.ones(3), (2, 40)).astype(np.float32)
    scores[0, :, 0] += 1
    scores /= scores.sum(axis=2, keepdims=True)
    labels = random.choice(3, 40, p=[0.7, 0.2, 0.1])
    found = fit_task(MEANS[mean].enter(scores), labels, "log-loss", mean)
    losses = [found.loss(found.mix(np.array([w, 1 - w]))) for w in np.linspace(0, 1, 1001)]
    weights = fit_weights(found)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert found.loss(found.mix(weights)) == pytest.approx(min(losses), abs=1e-4)


def test_accuracy_needs_a_weight_from_a_window():
    # Weight w on the first: image 0 needs 0.375 + 0.375 w > 0.5, image 1 needs 0.7 - 0.5 w > 0.5: 1/3 < w < 2/5.
    first = [[0.75, 0.25], [0.2, 0.8]]
    second = [[0.375, 0.625], [0.7, 0.3]]
    found = fit_task([first, second], [0, 0], "accuracy")
    weights = fit_weights(found)
    assert 1 / 3 < weights[0] < 0.4
    assert found.loss(found.mix(weights)) == -100


def test_equal_weights_unless_others_are_better():
    same = [[0.9, 0.1], [0.2, 0.8]]
    for metric in METRICS:
        found = fit_task([same, same, same], [0, 1], metric)
        assert fit_weights(found) == pytest.approx([1 / 3] * 3)


def test_a_useless_model_gets_nothing():
    found = fit_task([[[0.9, 0.1]] * 4, [[0.1, 0.9]] * 4], [0, 0, 0, 0], "log-loss")
    assert fit_weights(found).tolist() == [1, 0]


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
@pytest.mark.parametrize("metric", list(METRICS))
def test_weights_are_shares_and_the_best_of_many_models_counts_most(metric, mean):
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200)
    logits = random.normal(size=(6, 200, 4))
    logits += np.array([0, 1, 0.5, 2, 0, 1])[:, None, None] * np.eye(4)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    found = fit_task(MEANS[mean].enter(scores.astype(np.float32)), labels, metric, mean)
    before = found.stack.copy()
    weights = fit_weights(found)
    assert (weights >= 0).all() and weights.sum() == pytest.approx(1) and weights.argmax() == 3
    others = [found.mix(np.full(6, 1 / 6)), *map(found.alone, range(6))]
    assert found.loss(found.mix(weights)) <= min(map(found.loss, others))
    np.testing.assert_array_equal(found.stack, before)


def test_only_the_images_of_the_task_are_looked_at():
    found = fit_task([[[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.9, 0.1]]], [0, 0], "log-loss")
    assert fit_weights(found.only(np.array([0]))).tolist() == [1, 0]
    assert fit_weights(found.only(np.array([1]))).tolist() == [0, 1]


GOOD, BAD = [[0.6, 0.4]] * 10, [[0.1, 0.9]] * 10
LABELS = np.zeros(10, int)


def test_fitted_and_greedy(write):
    units = make_units([write("good", GOOD, LABELS, seen=LABELS), write("bad", BAD)])
    report, warnings = find_weights(units, "arithmetic", "accuracy")
    assert report.weights["good"] > 0.8 and report.scores["fitted, held out"] == 100
    assert len(warnings) == 1 and "bad.parquet does not say which images its model was trained on; if" in warnings[0]
    report, _ = find_weights(units, "geometric", "accuracy", greedy=1)
    assert report.weights == {"good": 1, "bad": 0} and report.scores["greedy, at most 1, held out"] == 100


def test_groups_are_not_picked(write):
    units = make_units([write("c", GOOD)], [("image", [write("a", GOOD, LABELS), write("b", BAD)])])
    with pytest.raises(UserError, match="--greedy: picks single models, and image is a group; give its files without"):
        find_weights(units, "arithmetic", "accuracy", greedy=2)


def test_trifling_weights_are_left_out_and_the_others_sum_to_one():
    found = search._tidy(np.array([0.0005, 0.3, 0.6995]))
    np.testing.assert_allclose(found, [0, 0.3 / 0.9995, 0.6995 / 0.9995], rtol=1e-12)
    assert search._tidy(np.array([0.25, 0.75])).tolist() == [0.25, 0.75]


def times(own, takes_text=None, ocr=0.0):
    names = [str(index) for index in range(len(own))]
    return Times(names, np.array(own, float), np.array(takes_text or [False] * len(own)), ocr)


def test_within_a_time_by_hand():
    # Models 0 and 1 are right on half of the images each, and together on all.
    assert select_within(task(), times([10, 10, 1]), 20).tolist() == [0.5, 0.5, 0]
    assert select_within(task(), times([10, 10, 1]), 19).tolist() == [1, 0, 0]
    assert select_within(task(), times([30, 10, 1]), 20).tolist() == [0, 1, 0]
    assert select_within(task(), times([30, 30, 1]), 20).tolist() == [0, 0, 1]


def test_the_text_is_read_for_all_at_once():
    reading = times([10, 10, 1], [True, True, False], 50)
    assert select_within(task(), reading, 70).tolist() == [0.5, 0.5, 0]
    assert select_within(task(), reading, 69).tolist() == [1, 0, 0]
    assert select_within(task(), reading, 59).tolist() == [0, 0, 1]


def test_most_gain_per_millisecond():
    # Joined to 0, 1 makes image 1 right for 2 ms, and 2 makes images 1 and 2 right for 10 ms: less per millisecond.
    # Within 11 ms the end that begins with 2 is the better one.
    true = np.array([[0.9, 0.4, 0.4, 0.1], [0.4, 0.7, 0.4, 0.1], [0.3, 0.7, 0.7, 0.1]], np.float32)
    stack = np.stack([true, 1 - true], axis=2)
    found = Task(["0", "1", "2"], stack, np.zeros(4, int), MEANS["arithmetic"], METRICS["accuracy"])
    assert select_within(found, times([1, 2, 10]), 3).tolist() == [0.5, 0.5, 0]
    assert select_within(found, times([1, 2, 10]), 11).tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize("metric", ["accuracy", "log-loss"])
def test_within_a_time_against_all_subsets(metric):
    """It fits, is never worse than the best model that does, and as a rule as good as the best subset that does."""
    random, best = np.random.default_rng(0), []
    for _ in range(30):
        labels = random.integers(0, 3, 80)
        stack = np.exp(random.normal(size=(6, 80, 3)) + random.random((6, 1, 1)) * 2 * np.eye(3)[labels])
        stack = (stack / stack.sum(axis=2, keepdims=True)).astype(np.float32)
        several = Task(list("abcdef"), stack, labels, MEANS["arithmetic"], METRICS[metric])
        cost = times(random.integers(1, 20, 6), (random.random(6) < 0.5).tolist(), 10)
        subsets = [np.array(chosen) for chosen in itertools.product([False, True], repeat=6) if any(chosen)]
        losses = {
            tuple(chosen): several.loss(stack[chosen].mean(axis=0)) for chosen in subsets if cost.of(chosen) <= 35
        }
        found = select_within(several, cost, 35)
        assert cost.of(found > 0) <= 35
        loss = losses[tuple(found > 0)]
        assert set(found) == {0.0, found.max()}
        assert loss <= min(loss for chosen, loss in losses.items() if sum(chosen) == 1) + 1e-6
        best.append(loss <= min(losses.values()) + 1e-6)
    assert np.mean(best) >= 0.7


def test_no_model_is_fast_enough():
    with pytest.raises(UserError, match="--limit-ms 5: no model takes so little; the fastest takes 9 ms per image"):
        select_within(task(), times([10, 11, 4], [False, False, True], 5), 5)


def test_what_is_left_out_is_told():
    told = left_out(times([10, 12, 1], [True, False, False], 5), 20, np.array([1.0, 0, 0]))
    assert told.splitlines() == [
        "of 20 ms, 15 ms per image: 0 10, OCR 5",
        "left out for time: 1 (12 ms)",
        "left out as they gain nothing: 2 (1 ms)",
    ]


def test_held_out_within_a_time(write):
    units = make_units([write("good", GOOD, LABELS), write("bad", BAD)])
    report, _ = find_weights(units, "arithmetic", "accuracy", times=times([5, 10]), limit=7)
    assert report.weights == {"good": 1, "bad": 0} and report.scores["within 7 ms, held out"] == 100
    report, _ = find_weights(units, "arithmetic", "accuracy", times=times([10, 5]), limit=7)
    assert report.weights == {"good": 0, "bad": 1} and report.scores["within 7 ms, held out"] == 0
