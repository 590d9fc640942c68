import numpy as np
import pytest

from kdxf_runtime.spelling.speller import SPELLING_FILE, Speller, SpellingIndex, build_spelling_index, is_indexed
from kdxf_runtime.vectors.vocabulary import Vocabulary, VocabularyWriter

INDEXED = ["banana", "bananas", "yoghurt", "牛奶", "3.0%", "ost", "Banana", "band"]


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
    found = {INDEXED[row] for row in make_index(INDEXED).near(word)}
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
    with pytest.raises(ValueError, match="spelling.npy holds float64, not uint64"):
        SpellingIndex(tmp_path)
    (tmp_path / SPELLING_FILE).unlink()
    with pytest.raises(OSError, match="spelling.npy"):
        SpellingIndex(tmp_path)


WORDS = ["牛奶", "未来", "己经", "三千", "3.0%", "M4", "ost", "mjölk", "yoghurt", "bananas", "banana", "纯牛奶", "Milk"]


@pytest.fixture
def make_speller(tmp_path):
    def make(words, indexed=True):
        writer = VocabularyWriter(tmp_path)
        writer.add([word.encode() for word in words])
        writer.close()
        build_spelling_index(tmp_path)
        return Speller(Vocabulary(tmp_path), SpellingIndex(tmp_path) if indexed else None)

    return make


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("午奶", "牛奶"),
        ("末来", "未来"),
        ("纯午奶", "纯牛奶"),
        ("MJOLK", "mjölk"),
        ("mjoik", "mjölk"),
        ("rnilk", "Milk"),
        ("y0ghurt", None),  # has a digit, is one edit away
        ("yoqhurt", "yoghurt"),
        ("yoghxrt", "yoghurt"),
        ("yoghurrt", "yoghurt"),
        ("yghurt", "yoghurt"),
        ("bananss", "bananas"),
        ("ananas", "bananas"),
        ("3.8%", None),
        ("M1", None),
        ("三十", None),  # a number as well
        ("羊奶", None),  # no look-alike
        ("牛奶粉", None),
        ("osl", None),  # too short
        ("mxölk", None),  # short, no look-alike
        ("yoxxurt", None),  # two edits
        ("", None),
    ],
)
def test_what_a_word_is_taken_for(make_speller, word, expected):
    row = make_speller(WORDS).row_of(word)
    assert (WORDS[row] if row >= 0 else None) == expected


def test_without_an_index_look_alikes_alone(make_speller):
    speller = make_speller(WORDS, indexed=False)
    assert WORDS[speller.row_of("午奶")] == "牛奶"
    assert WORDS[speller.row_of("yoqhurt")] == "yoghurt"
    assert speller.row_of("yoghxrt") == -1


def test_nearest_then_fewest_edits_then_most_frequent(make_speller):
    assert make_speller(["bonono", "banano"]).row_of("bananu") == 1  # 1 edit; the other has 3
    assert make_speller(["creamer", "cream", "cremer"]).row_of("crearner") == 0  # equal skeleton before one letter less
    assert make_speller(["Creamer", "creamer"]).row_of("crearner") == 1  # both skeletons are equal
    assert make_speller(["banang", "bananq"]).row_of("bananz") == 0  # one letter each


def test_the_word_itself_does_not_count(make_speller):
    assert make_speller(["creamer", "creamers"]).row_of("creamer") == 1
    assert make_speller(["creamer"]).row_of("creamer") == -1


def test_short_words_are_taken_for_frequent_ones_alone(make_speller):
    """Of 60,000 words the first fifth is frequent, 12,000."""
    fill = [f"{i}" for i in range(60_000)]
    fill[11_999], fill[12_000] = "牛奶", "未来"
    fill[12_001], fill[12_002] = "纯牛奶", "yoghurt"
    speller = make_speller(fill)
    assert speller.row_of("午奶") == 11_999
    assert speller.row_of("末来") == -1
    assert speller.row_of("纯午奶") == 12_001
    assert speller.row_of("yoghxrt") == 12_002
