import numpy as np
import pytest

from kdxf.text.spelling.index import SPELLING_FILE, SpellingIndex, build_spelling_index, is_indexed
from kdxf.text.vectors.vocabulary import VocabularyWriter

WORDS = ["banana", "bananas", "yoghurt", "牛奶", "3.0%", "ost", "Banana", "band"]


@pytest.fixture
def make_index(tmp_path):
    def make(words):
        writer = VocabularyWriter(tmp_path)
        writer.add([word.encode() for word in words])
        writer.close()
        build_spelling_index(tmp_path)
        return SpellingIndex(tmp_path)

    return make


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("banana", {"banana", "bananas", "Banana"}),
        ("bananna", {"banana", "Banana", "bananas"}),  # added; replaced, from bananas
        ("banna", {"banana", "Banana"}),  # dropped
        ("yoghjrt", {"yoghurt"}),  # replaced
        ("yxxhurt", set()),  # two edits
        ("ban", {"band"}),
    ],
)
def test_words_one_letter_away(make_index, word, expected):
    found = {WORDS[row] for row in make_index(WORDS).near(word)}
    assert found == expected


def test_what_is_in_the_index(make_index):
    assert [is_indexed(word) for word in ("banana", "band", "牛奶", "3.0%", "ost")] == [True, True, False, False, False]
    # "band": itself and ban, bad, bnd, and
    assert len(make_index(["band", "牛奶", "3.0%"])._entries) == 5


def test_a_store_of_numbers_has_an_empty_index(make_index):
    assert make_index(["3.0%", "牛奶"]).near("banana") == set()


def test_the_most_frequent_words_of_a_key(make_index):
    """All hundred words share the key 'miek'."""
    words = [f"miek{chr(0x1200 + i)}" for i in range(100)]
    assert make_index(words).near("miek") == set(range(64))


def test_many_words_are_written_in_parts_and_found(make_index):
    random = np.random.default_rng(0)
    words = sorted({"".join(random.choice(list("abdefghk"), 9)) for _ in range(15_000)})
    index = make_index(words)
    for row in random.integers(0, len(words), 50).tolist():
        word = words[row]
        assert row in index.near(word[:4] + "x" + word[5:])


def test_another_file_is_refused(tmp_path):
    np.save(tmp_path / SPELLING_FILE, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="spelling.npy is not an index of spellings"):
        SpellingIndex(tmp_path)
    (tmp_path / SPELLING_FILE).unlink()
    with pytest.raises(OSError, match="spelling.npy"):
        SpellingIndex(tmp_path)
