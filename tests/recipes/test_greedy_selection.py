import numpy as np

from kdxf.recipes.ensemble_means import MEANS
from kdxf.recipes.ensemble_metrics import METRICS
from kdxf.recipes.ensemble_task import Task
from kdxf.recipes.greedy_selection import select_greedily

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
