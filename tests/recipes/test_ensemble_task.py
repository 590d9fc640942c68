import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensemble_task import read_task
from kdxf.recipes.ensemble_units import make_units

ONE = [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]
TWO = [[0.25, 0.75], [0.125, 0.875], [0.5, 0.5]]
LABELS = [0, 0, 1]


def task(*files, mean="arithmetic", metric="accuracy"):
    return read_task(make_units(files), mean, metric)


def test_what_is_read(write):
    a, b, c = write("a", ONE, LABELS), write("b", TWO, seen=[0, 0, 0]), write("c", ONE)
    found = read_task(make_units([c], [("g", [a, b])]), "arithmetic", "accuracy")
    assert found.names == ["g", "c"] and found.labels.tolist() == LABELS and found.silent == [a, c]
    np.testing.assert_array_equal(found.stack, np.array([(np.array(ONE) + TWO) / 2, ONE], np.float32))
    np.testing.assert_allclose(found.mix(np.array([0.25, 0.75])), 0.875 * np.array(ONE) + 0.125 * np.array(TWO))
    # The first two images: 0.75 > 0.25 is right, 0.5 = 0.5 takes the first class, which is right too.
    some = found.only(np.array([0, 1]))
    assert some.loss(some.mix(np.array([0.0, 1.0]))) == some.loss(some.alone(1)) == -100


def test_log_loss_keeps_the_true_class_alone(write):
    found = task(write("a", ONE, LABELS), write("b", TWO), metric="log-loss")
    assert found.stack[:, :, 0].tolist() == [[0.75, 0.5, 0.75], [0.25, 0.125, 0.5]]
    loss = found.loss(found.mix(np.array([0.5, 0.5])))
    assert loss == pytest.approx(-np.log(0.5 * 0.3125 * 0.625) / 3, rel=1e-6)


def test_nothing_to_weigh(write):
    with pytest.raises(UserError, match="--fit: there is nothing to weigh but a; give several models or groups"):
        task(write("a", ONE, LABELS))


@pytest.mark.parametrize("metric", ["accuracy", "log-loss", "GAP"])
def test_ranks_are_no_probabilities(write, metric):
    with pytest.raises(UserError, match=f"--fit {metric}: needs probabilities, and --mean rank gives ranks; take roc"):
        task(write("a", ONE, LABELS), write("b", TWO), mean="rank", metric=metric)


def test_seen_images_are_refused(write):
    message = r"b.parquet: its model was trained on 2 of these 3 images, such as 1.jpg; weights are fitted only on imag"
    with pytest.raises(UserError, match=message):
        task(write("a", ONE, LABELS), write("b", TWO, seen=[0, 1, 1]))


def test_targets_are_refused(write):
    with pytest.raises(UserError, match=r"b.parquet: holds targets, with the ground truth in them; give predictions"):
        task(write("a", ONE, LABELS), write("b", TWO, source={"ground_truth_ratio": 0.7}))


def test_labels_are_needed(write):
    with pytest.raises(UserError, match=r"--fit: .*a.parquet has no labels; give predictions of a labelled list"):
        task(write("a", ONE), write("b", TWO))
    with pytest.raises(UserError, match=r"--fit: 1 of the 3 images of .*a.parquet have no label, such as 1.jpg; give"):
        task(write("a", ONE, [0, -1, 1]), write("b", TWO))


def test_accuracy_of_several_labels(write):
    hot = [[1, 0], [1, 1], [0, 0]]
    files = [write(name, ONE, hot, predicted=hot) for name in "ab"]
    with pytest.raises(UserError, match="--fit accuracy: takes one label per image; for several take mAP, roc-auc or"):
        task(*files)
    assert task(*files, metric="mAP").labels.dtype == bool


def test_metric_that_is_not_defined(write):
    with pytest.raises(UserError, match="--fit roc-auc: is not defined on these images: no class has some of them"):
        task(write("a", ONE, [1, 1, 1]), write("b", TWO), metric="roc-auc")
