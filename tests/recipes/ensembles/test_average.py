import numpy as np
import pytest
from scipy.stats import rankdata

from kdxf.recipes.ensembles.average import FLOOR, MEANS, average
from kdxf.recipes.ensembles.members import Unit
from kdxf_runtime.io.digests import file_digest


def mean(name, *scores, weights=(0.5, 0.5), several=False):
    space = MEANS[name]
    parts = [space.enter(np.array(one, np.float32)) * weight for one, weight in zip(scores, weights, strict=True)]
    return space.leave(np.sum(parts, axis=0, dtype=np.float32), several)


def test_arithmetic():
    found = mean("arithmetic", [[0.5, 0.5]], [[1, 0]], weights=(0.6, 0.4))
    np.testing.assert_allclose(found, [[0.7, 0.3]], rtol=1e-6)


def test_geometric():
    # sqrt(0.1 * 0.4) = 0.2 and sqrt(0.9 * 0.6) = 0.7348; their sum is 0.9348.
    one, other = [[0.1, 0.9]], [[0.4, 0.6]]
    np.testing.assert_allclose(mean("geometric", one, other), [[0.2 / 0.934847, 0.734847 / 0.934847]], rtol=1e-5)
    np.testing.assert_allclose(mean("geometric", one, other, several=True), [[0.2, 0.734847]], rtol=1e-5)


def test_no_model_alone_rules_a_class_out():
    found = mean("geometric", [[0.0, 1.0]], [[1.0, 0.0]])
    np.testing.assert_allclose(found, [[0.5, 0.5]], rtol=1e-5)
    found = mean("geometric", [[0.0]], [[1.0]], several=True)
    np.testing.assert_allclose(found, [[np.sqrt(FLOOR)]], rtol=1e-4)


def test_rank():
    one = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.8]]  # ranks 1 2 3 and 3 1.5 1.5
    other = [[0.9, 0.3], [0.5, 0.2], [0.4, 0.1]]  # ranks 3 2 1 and 3 2 1
    expected = np.array([[2, 3], [2, 1.75], [2, 1.25]]) / 3
    np.testing.assert_allclose(mean("rank", one, other), expected, rtol=1e-6)


def test_equal_scores_share_the_mean_of_their_ranks():
    scores = np.random.default_rng(0).integers(-2, 3, (500, 7)).astype(np.float32) / 4
    expected = rankdata(scores, axis=0) / 500
    np.testing.assert_allclose(MEANS["rank"].enter(scores), expected, rtol=1e-6)


def test_ranks_of_many_classes():
    scores = np.random.default_rng(0).random((3, 600)).astype(np.float32)
    expected = (scores.argsort(axis=0).argsort(axis=0) + 1) / 3
    np.testing.assert_allclose(MEANS["rank"].enter(scores.copy()), expected, rtol=1e-6)


@pytest.mark.parametrize("name", list(MEANS))
def test_memory_is_float32(name):
    assert mean(name, [[0.25, 0.75]], [[0.5, 0.5]]).dtype == np.float32


def test_mean_inside_a_group_and_weights_between(write):
    a, b = write("a", [[0.5, 0.5]]), write("b", [[1, 0]], source={"config": "b.py"})
    c = write("c", [[0, 1]], [1], seen=[False])
    found = average([Unit("image", (a, b)), Unit("text", (c,))], [0.6, 0.4], origin="given")
    # 0.6 * (0.5 + 1) / 2 = 0.45
    np.testing.assert_allclose(found.scores, [[0.45, 0.55]], rtol=1e-6)
    assert found.labels.tolist() == [1] and found.seen is None and found.predicted is None
    assert found.source.mean == "arithmetic" and found.source.details["weights"] == "given"
    assert found.source.inputs[1].to_dict() == {
        "file": str(b), "digest": file_digest(b), "unit": "image", "weight": 0.3, "source": {"config": "b.py"},
    }  # fmt: skip


def test_geometric_mean_of_groups_is_a_product_of_powers(write):
    scores = np.random.default_rng(0).dirichlet(np.ones(4), (3, 5))
    files = [write(str(index), one) for index, one in enumerate(scores)]
    found = average([Unit("image", tuple(files[:2])), Unit("text", (files[2],))], [0.6, 0.4], "geometric")
    expected = scores[0] ** 0.3 * scores[1] ** 0.3 * scores[2] ** 0.4
    np.testing.assert_allclose(found.scores, expected / expected.sum(axis=1, keepdims=True), rtol=1e-5)


def test_images_in_any_order(write):
    a, b = write("a", [[1, 0], [0, 1]], [0, 1]), write("b", [[1, 0], [0, 1]], [0, 1], order=[1, 0])
    found = average([Unit("a", (a,)), Unit("b", (b,))], [0.5, 0.5], "rank")
    assert found.scores.tolist() == [[1, 0.5], [0.5, 1]] and found.labels.tolist() == [0, 1]


def test_weight_zero_is_not_read(write, tmp_path):
    a = write("a", [[1, 0]])
    found = average([Unit("a", (a,)), Unit("b", (tmp_path / "missing.parquet",))], [1.0, 0.0])
    assert found.scores.tolist() == [[1, 0]] and len(found.source.inputs) == 1


def test_several_labels_by_half_of_the_weight(write):
    scores = [[0.9, 0.8, 0.1]]
    units = [
        Unit(name, (write(name, scores, predicted=[given]),))
        for name, given in (("a", [1, 1, 0]), ("b", [1, 0, 0]), ("c", [0, 0, 1]))
    ]
    assert average(units, [1 / 3] * 3).predicted.tolist() == [[True, False, False]]
    assert average(units, [0.5, 0.25, 0.25]).predicted.tolist() == [[True, True, False]]
    np.testing.assert_allclose(average(units, [0.5, 0.25, 0.25], "geometric").scores, scores, rtol=1e-5)
