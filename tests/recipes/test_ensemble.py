import numpy as np

from kdxf.digests import file_digest
from kdxf.recipes.ensemble import average
from kdxf.recipes.ensemble_units import Unit


def test_mean_inside_a_group_and_weights_between(write):
    a, b = write("a", [[0.5, 0.5]]), write("b", [[1, 0]], source={"config": "b.py"})
    c = write("c", [[0, 1]], [1], seen=[False])
    found = average([Unit("image", (a, b)), Unit("text", (c,))], [0.6, 0.4], origin="given")
    # 0.6 * (0.5 + 1) / 2 = 0.45
    np.testing.assert_allclose(found.scores, [[0.45, 0.55]], rtol=1e-6)
    assert found.labels.tolist() == [1] and found.seen is None and found.predicted is None
    assert found.source["mean"] == "arithmetic" and found.source["weights"] == "given"
    assert found.source["inputs"][1] == {
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
    assert found.scores.tolist() == [[1, 0]] and len(found.source["inputs"]) == 1


def test_several_labels_by_half_of_the_weight(write):
    scores = [[0.9, 0.8, 0.1]]
    units = [
        Unit(name, (write(name, scores, predicted=[given]),))
        for name, given in (("a", [1, 1, 0]), ("b", [1, 0, 0]), ("c", [0, 0, 1]))
    ]
    assert average(units, [1 / 3] * 3).predicted.tolist() == [[True, False, False]]
    assert average(units, [0.5, 0.25, 0.25]).predicted.tolist() == [[True, True, False]]
    np.testing.assert_allclose(average(units, [0.5, 0.25, 0.25], "geometric").scores, scores, rtol=1e-5)
