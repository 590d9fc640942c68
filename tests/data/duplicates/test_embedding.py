import numpy as np

from kdxf.data.duplicates.embedding import embedding_candidates


def test_finds_the_rows_that_point_the_same_way():
    features = np.eye(6, 8, dtype=np.float32)
    features[4] = 3 * features[1] + 0.3 * features[5]  # cosine 3 / sqrt(9.09) = 0.995
    features[5] = features[0] + features[2]  # cosine 0.71 with each
    first, second = embedding_candidates(features)
    assert (first.tolist(), second.tolist()) == ([1], [4])


def test_nothing_is_alike():
    first, second = embedding_candidates(np.eye(3, dtype=np.float32))
    assert len(first) == len(second) == 0
