import json

import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.recipes.ensembles.average import MEANS
from kdxf.recipes.ensembles.members import Unit
from kdxf.recipes.ensembles.search import fit_weights
from kdxf.recipes.ensembles.task import METRICS, Task
from kdxf.recipes.ensembles.weights import Gain, Report, judge, load_weights, save_weights, stratified_folds

SCORES = [[0.75, 0.25]]
REPORT = Report("accuracy", 1, {}, {}, [])


def source(*digests):
    return {"inputs": [{"source": {"checkpoint_digest": digest}} for digest in digests]}


@pytest.fixture
def saved(write, tmp_path):
    """Weights of a group of two, of which b does not know its checkpoint, and of two single models, one without."""
    a, b, c, d = write("a", SCORES, source=source("1", "2")), write("b", SCORES), write("c", SCORES), write("d", SCORES)
    units = [Unit("image", (a, b)), Unit("c", (c,)), Unit("d", (d,))]
    path = tmp_path / "new" / "weights.json"
    assert save_weights(path, units, {"image": 0.6, "c": 0, "d": 0.4}, "geometric", REPORT) == ["a", "b", "d"]
    return path


def test_same_models_of_other_images(saved, write, tmp_path):
    (tmp_path / "test").mkdir()
    files = [write("other", SCORES, source=source("2", "1")), write("test/b", SCORES), write("test/d", SCORES)]
    units, weights, mean = load_weights(saved, files)
    assert units == [Unit("image", tuple(files[:2])), Unit("d", (files[2],))]
    assert weights == [0.6, 0.4] and mean == "geometric"
    assert json.loads(saved.read_text())["report"]["metric"] == "accuracy"


def test_other_models(saved, write):
    files = [write("a", SCORES, source=source("1", "3")), write("b", SCORES), write("d", SCORES)]
    with pytest.raises(
        UserError, match=r"a.parquet: is of other checkpoints than a, which stands at its place in .*we"
    ):
        load_weights(saved, files)
    with pytest.raises(
        UserError, match=r"d.parquet: does not know its checkpoint, and is not called b, as the model at"
    ):
        load_weights(saved, [write("a", SCORES), files[2], files[1]])
    with pytest.raises(UserError, match=r"weights.json: has weights for 3 models, not 2; give, in this order: a, b, d"):
        load_weights(saved, files[:2])


def test_no_file_of_weights(tmp_path):
    path = tmp_path / "w.json"
    with pytest.raises(UserError, match=r"w.json: no such file of weights; give a file that tools/recipes/ensemble.py"):
        load_weights(path, [])
    path.write_text("{")
    with pytest.raises(UserError, match=r"w.json: not JSON in UTF-8: "):
        load_weights(path, [])
    path.write_text('{"mean": 1}')
    with pytest.raises(UserError, match=r"w.json: no file of weights; give a file that"):
        load_weights(path, [])


def random_task(metric, count=100, models=8, seed=0):
    """Models that know nothing: whatever fitting gains on the same images is chance."""
    random = np.random.default_rng(seed)
    stack = random.dirichlet(np.ones(3), (models, count)).astype(np.float32)
    names = [f"m{index}" for index in range(models)]
    return Task(names, stack, random.integers(0, 3, count), MEANS["arithmetic"], METRICS[metric])


def test_folds():
    labels = np.array([0] * 10 + [1] * 5 + [2])
    folds = stratified_folds(labels, 5)
    assert [np.bincount(folds[labels == label], minlength=5).tolist() for label in (0, 1)] == [[2] * 5, [1] * 5]
    assert sorted(np.bincount(folds)) == [3, 3, 3, 3, 4]
    hot = np.array([[1, 0]] * 5 + [[1, 1]] * 5 + [[0, 0]] * 5, bool)
    folds = stratified_folds(hot, 5)
    assert all(sorted(folds[start : start + 5]) == [0, 1, 2, 3, 4] for start in (0, 5, 10))


def test_held_out_scores_are_honest():
    report = judge(random_task("accuracy", seed=1), fit_weights, "fitted")
    honest, flattered = report.scores["fitted, held out"], report.scores["fitted, on the same images"]
    assert flattered > max(report.scores["equal mean"], honest) and flattered - honest > 3
    assert report.gains[0].over == "the equal mean" and report.gains[0].low < 0 < report.gains[0].high


def test_each_fold_is_averaged_with_the_others_weights():
    task = random_task("accuracy", count=10, models=2)
    seen = []

    def find(some):
        seen.append({float(score) for score in some.stack[0, :, 0]})
        return np.array([1.0, 0.0]) if len(seen) == 1 else np.array([0.0, 1.0])

    report = judge(task, find, "found")
    assert len(seen) == 6 and len(seen[0]) == 10
    assert all(len(images) == 8 for images in seen[1:]) and set.intersection(*seen) == set()
    assert report.weights == {"m0": 1.0, "m1": 0.0}
    assert report.scores["found, held out"] == report.scores["m1"]
    assert report.scores["found, on the same images"] == report.scores["m0"]


def test_weights_are_found_on_some_of_many_images(monkeypatch):
    monkeypatch.setattr("kdxf.recipes.ensembles.weights.MOST", 20)
    task, seen = random_task("accuracy", models=2), []
    report = judge(task, lambda some: seen.append(some) or np.array([1.0, 0.0]), "found")
    assert [len(some.labels) for some in seen] == [20] * 6
    place = {tuple(scores): index for index, scores in enumerate(task.stack[0].tolist())}
    rows = [[place[tuple(scores)] for scores in some.stack[0].tolist()] for some in seen]
    assert all(len(set(chosen)) == 20 for chosen in rows) and len({row for chosen in rows for row in chosen}) > 60
    assert (seen[1].labels == task.labels[rows[1]]).all()
    assert report.images == 100 and report.scores["found, held out"] == report.scores["m0"]


@pytest.mark.parametrize("metric", ["accuracy", "log-loss"])
def test_gain(metric):
    # The equal mean is wrong on every image, the first model alone right on every one.
    good, bad = [[0.6, 0.4]] * 10, [[0.1, 0.9]] * 10
    task = Task(["a", "b"], np.array([good, bad], np.float32), np.zeros(10, int), MEANS["arithmetic"], METRICS[metric])
    report = judge(task, fit_weights, "fitted")
    gain = {"accuracy": 100, "log-loss": np.log(0.6 / 0.35)}[metric]
    for field in ("value", "low", "high"):
        assert getattr(report.gains[0], field) == pytest.approx(gain, rel=1e-5)
        assert getattr(report.gains[1], field) == pytest.approx(0, abs=1e-6)
    assert report.gains[1].over == "the best alone (a)"


@pytest.mark.parametrize("most", [100, 20])
def test_interval_is_that_of_a_share(monkeypatch, most):
    monkeypatch.setattr("kdxf.recipes.ensembles.weights.MOST", most)
    # 50 of 100 images gain: the standard error of the share is 5 points, the interval 50 +- 9.8.
    right = np.array([[0.9, 0.1]] * 100, np.float32)
    wrong = right.copy()
    wrong[:50] = [0.05, 0.95]
    task = Task(["a", "b"], np.stack([wrong, right]), np.zeros(100, int), MEANS["arithmetic"], METRICS["accuracy"])
    gain = judge(task, lambda task: np.array([0.0, 1.0]), "second").gains[0]
    assert gain.value == 50 and gain.low == pytest.approx(40.2, abs=1.5) and gain.high == pytest.approx(59.8, abs=1.5)


def test_text():
    lines = str(judge(random_task("mAP", 30, 2), fit_weights, "fitted")).splitlines()
    assert lines[0] == "mAP of 30 images" and len(lines) == 8
    assert lines[1].split()[0] == "m0" and len(lines[1].split()) == 3
    assert str(Gain("x", 1.25, 0.5, 2)) == "gain over x: +1.25 (95 % interval +0.5 to +2)"
    assert str(Gain("x", 1.25, -0.5, 2)) == "gain over x: +1.25 (95 % interval -0.5 to +2; it may be chance)"


def test_too_few_images():
    with pytest.raises(UserError, match="--fit: 4 images are too few to find weights and to judge them; give at least"):
        judge(random_task("accuracy", 4), fit_weights, "fitted")
