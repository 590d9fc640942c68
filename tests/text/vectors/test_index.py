import stat

import numpy as np
import pytest

from kdxf.text.vectors.index import AXES_FILE, VectorIndex, build_index, principal_axes


def test_neighbours_are_those_of_brute_force(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    build_index(tmp_path / "vectors.npy", trees=5)
    index = VectorIndex(tmp_path, vectors)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for query in range(0, 300, 37):
        cosines = units @ units[query]
        expected = np.argsort(-cosines)[:6]
        rows, found = index.nearest(vectors[query] * 3, 6)  # length does not matter
        assert rows == expected.tolist()
        np.testing.assert_allclose(found, cosines[expected], atol=1e-5)


def test_wide_vectors_are_found_by_their_principal_axes(tmp_path):
    """Most of each vector lies along 60 directions, as in trained ones; the cosines are those of all 130 numbers."""
    random = np.random.default_rng(0)
    vectors = random.standard_normal((500, 60)) @ random.standard_normal((60, 130))
    vectors = (vectors + random.standard_normal((500, 130))).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    build_index(tmp_path / "vectors.npy", trees=5)
    assert np.load(tmp_path / AXES_FILE).shape == (130, 100)
    index = VectorIndex(tmp_path, vectors)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for query in range(0, 500, 83):
        cosines = units @ units[query]
        rows, found = index.nearest(vectors[query], 10)
        assert rows == np.argsort(-cosines)[:10].tolist()
        np.testing.assert_allclose(found, cosines[rows], atol=1e-5)


def test_principal_axes(tmp_path):
    # 4 vectors along (0, 1, 0), whatever their length, 2 along (1, 0, 0), 1 along (0, 0, 1), and one without length
    rows = [[0, 1, 0], [0, -5, 0], [0, 2, 0], [0, 1, 0], [1, 0, 0], [9, 0, 0], [0, 0, 70], [0, 0, 0]]
    np.save(tmp_path / "vectors.npy", np.array(rows, dtype=np.float16))
    axes = principal_axes(tmp_path / "vectors.npy", 2)
    np.testing.assert_allclose(np.abs(axes), [[0, 1], [1, 0], [0, 0]], atol=1e-6)


def test_an_older_index_holds_wide_vectors_as_they_are(tmp_path, monkeypatch):
    vectors = np.random.default_rng(0).standard_normal((50, 130)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    monkeypatch.setattr("kdxf.text.vectors.index._WIDEST", 130)
    build_index(tmp_path / "vectors.npy", trees=1)
    assert not (tmp_path / AXES_FILE).exists()
    assert VectorIndex(tmp_path, vectors).nearest(vectors[7], 1)[0] == [7]


def test_axes_of_other_vectors(three, tmp_path):
    np.save(tmp_path / AXES_FILE, np.eye(4, dtype=np.float32))
    with pytest.raises(ValueError, match=r"axes\.npy has the shape \(4, 4\), not 3 x any"):
        VectorIndex(tmp_path, np.eye(3))


def test_same_index_again(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float16)
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "vectors.npy", vectors)
        build_index(tmp_path / name / "vectors.npy", trees=3, seed=1)
        files.append((tmp_path / name / "words.ann").read_bytes())
    assert files[0] == files[1]


@pytest.fixture
def three(tmp_path):
    np.save(tmp_path / "vectors.npy", np.eye(3, dtype=np.float32))
    build_index(tmp_path / "vectors.npy", trees=1)


def test_others_may_read_it(three, tmp_path):
    (tmp_path / "other").touch()
    assert stat.S_IMODE((tmp_path / "words.ann").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_index_of_other_vectors(three, tmp_path):
    with pytest.raises(ValueError, match=r"words\.ann holds 3 words, the store 4"):
        VectorIndex(tmp_path, np.eye(4, 3))


def test_no_index(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        VectorIndex(tmp_path, np.eye(3))
