import numpy as np

from kdxf.text.character_vectors import character_vectors


def test_characters_take_the_mean_of_their_words():
    words = ["手机", "手表", "机", "5G"]
    counts = np.array([3, 1, 2, 9])
    vectors = np.array([[1.0, 0.0], [5.0, 4.0], [8.0, 8.0], [7.0, 7.0]], dtype=np.float32)
    characters, means = character_vectors(words, counts, vectors)
    assert characters == ["手", "表"]  # 机 is a word, 5 and G are not Chinese
    # 手: (3 * [1, 0] + 1 * [5, 4]) / 4; 表: [5, 4]
    np.testing.assert_allclose(means, [[2, 1], [5, 4]])


def test_no_characters_to_add():
    characters, means = character_vectors(["5G"], np.array([1]), np.ones((1, 3), dtype=np.float32))
    assert characters == []
    assert means.shape == (0, 3)
