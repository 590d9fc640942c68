import stat

import numpy as np
import pytest

from kdxf.text.vector_index import VectorIndex, build_index


def test_neighbours_are_those_of_brute_force(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    build_index(tmp_path / "vectors.npy", trees=5)
    index = VectorIndex(tmp_path, 8, 300)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for query in range(0, 300, 37):
        cosines = units @ units[query]
        expected = np.argsort(-cosines)[:6]
        rows, found = index.nearest(vectors[query] * 3, 6)  # length does not matter
        assert rows == expected.tolist()
        np.testing.assert_allclose(found, cosines[expected], atol=1e-5)


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
        VectorIndex(tmp_path, 3, 4)


def test_no_index(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        VectorIndex(tmp_path, 3, 3)
