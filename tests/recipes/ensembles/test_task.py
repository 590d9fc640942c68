import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from kdxf.errors import UserError
from kdxf.recipes.ensembles.members import make_units
from kdxf.recipes.ensembles.task import METRICS, read_task

# Three images: the first two belong to class 0, guessed right and wrong; the third to class 1, right.
SCORES = np.array([[0.75, 0.25], [0.4, 0.6], [0.25, 0.75]], np.float32)
LABELS = np.array([0, 0, 1])


def value(name, scores, labels):
    metric = METRICS[name]
    return metric.value(*metric.details(scores, labels))


def test_by_hand():
    assert value("accuracy", SCORES, LABELS) == pytest.approx(200 / 3)
    assert value("log-loss", SCORES, LABELS) == pytest.approx(-np.log(0.75 * 0.4 * 0.75) / 3)
    # Guesses by confidence: 0.75 right and 0.75 right share one precision, 2/2 each; 0.6 is wrong. (1 + 1) / 3.
    assert value("GAP", SCORES, LABELS) == pytest.approx(200 / 3)
    # Class 0 ranks 0.75 0.4 | 0.25, class 1 ranks 0.75 | 0.6 0.25: both perfect.
    assert value("roc-auc", SCORES, LABELS) == 100 and value("mAP", SCORES, LABELS) == 100
    # Class 0: its images rank second (1/2) and third (2/3); class 1: its image ranks third (1/3).
    assert value("mAP", SCORES, np.array([1, 0, 0])) == pytest.approx(100 * ((1 / 2 + 2 / 3) / 2 + 1 / 3) / 2)
    assert value("GAP", SCORES, np.array([1, 0, 0])) == 0


def random_case(several):
    random = np.random.default_rng(0)
    scores = random.integers(1, 9, (60, 5)).astype(np.float32) / 10  # with equal scores
    return scores, random.random((60, 5)) < 0.3 if several else random.integers(0, 4, 60)  # class 4 is empty


@pytest.mark.parametrize("several", [False, True])
def test_classes_as_scikit_learn_has_them(several):
    scores, labels = random_case(several)
    belongs = labels if several else np.eye(5, dtype=bool)[labels]
    columns = [column for column in range(5) if belongs[:, column].any()]
    for name, function in (("roc-auc", roc_auc_score), ("mAP", average_precision_score)):
        expected = np.mean([function(belongs[:, column], scores[:, column]) for column in columns])
        assert value(name, scores, labels) == pytest.approx(100 * expected)


def test_probabilities_as_scikit_learn_has_them():
    scores, labels = random_case(False)
    scores /= scores.sum(axis=1, keepdims=True)
    assert value("log-loss", scores, labels) == pytest.approx(log_loss(labels, scores, labels=range(5)), rel=1e-5)
    right = scores.argmax(axis=1) == labels
    expected = average_precision_score(right, scores.max(axis=1)) * right.mean()
    assert value("GAP", scores, labels) == pytest.approx(100 * expected)


def test_several_labels():
    scores = np.array([[0.75, 0.25], [0.5, 0.125]], np.float32)
    labels = np.array([[True, True], [False, False]])
    expected = -np.log([[0.75, 0.25], [0.5, 0.875]]).mean()
    assert value("log-loss", scores, labels) == pytest.approx(expected)
    # One of the two images has a label, and its guess, the surer one, is right.
    assert value("GAP", scores, labels) == 100


def test_a_class_that_all_images_belong_to():
    assert np.isnan(value("roc-auc", SCORES, np.zeros(3, int)))


def test_zero_is_no_infinite_loss():
    assert value("log-loss", np.array([[0, 1]], np.float32), np.array([0])) == pytest.approx(-np.log(1e-7), rel=1e-5)


ONE = [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]
TWO = [[0.25, 0.75], [0.125, 0.875], [0.5, 0.5]]
TASK_LABELS = [0, 0, 1]


def task(*files, mean="arithmetic", metric="accuracy"):
    return read_task(make_units(files), mean, metric)


def test_what_is_read(write):
    a, b, c = write("a", ONE, TASK_LABELS), write("b", TWO, seen=[0, 0, 0]), write("c", ONE)
    found = read_task(make_units([c], [("g", [a, b])]), "arithmetic", "accuracy")
    assert found.names == ["g", "c"] and found.labels.tolist() == TASK_LABELS and found.files_without_seen == [a, c]
    np.testing.assert_array_equal(found.stack, np.array([(np.array(ONE) + TWO) / 2, ONE], np.float32))
    np.testing.assert_allclose(found.mix(np.array([0.25, 0.75])), 0.875 * np.array(ONE) + 0.125 * np.array(TWO))
    # The first two images: 0.75 > 0.25 is right, 0.5 = 0.5 takes the first class, which is right too.
    some = found.only(np.array([0, 1]))
    assert some.loss(some.mix(np.array([0.0, 1.0]))) == some.loss(some.alone(1)) == -100


def test_log_loss_keeps_the_true_class_alone(write):
    found = task(write("a", ONE, TASK_LABELS), write("b", TWO), metric="log-loss")
    assert found.stack[:, :, 0].tolist() == [[0.75, 0.5, 0.75], [0.25, 0.125, 0.5]]
    loss = found.loss(found.mix(np.array([0.5, 0.5])))
    assert loss == pytest.approx(-np.log(0.5 * 0.3125 * 0.625) / 3, rel=1e-6)


def test_nothing_to_weigh(write):
    with pytest.raises(UserError, match="--fit: there is nothing to weigh but a; give several models or groups"):
        task(write("a", ONE, TASK_LABELS))


@pytest.mark.parametrize("metric", ["accuracy", "log-loss", "GAP"])
def test_ranks_are_no_probabilities(write, metric):
    with pytest.raises(UserError, match=f"--fit {metric}: needs probabilities, and --mean rank gives ranks; take roc"):
        task(write("a", ONE, TASK_LABELS), write("b", TWO), mean="rank", metric=metric)


def test_seen_images_are_refused(write):
    message = r"b.parquet: its model was trained on 2 of these 3 images, such as 1.jpg; weights are fitted only on imag"
    with pytest.raises(UserError, match=message):
        task(write("a", ONE, TASK_LABELS), write("b", TWO, seen=[0, 1, 1]))


def test_targets_are_refused(write):
    with pytest.raises(UserError, match=r"b.parquet: holds targets, with the ground truth in them; give predictions"):
        task(write("a", ONE, TASK_LABELS), write("b", TWO, source={"ground_truth_ratio": 0.7}))


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
