import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.vectors import train as module
from kdxf.text.vectors.index import neighbours
from kdxf.text.vectors.train import TrainingOptions, character_vectors, train_vectors
from kdxf_runtime.vectors.subwords import ngram_buckets
from kdxf_runtime.vectors.word_vectors import WordVectors

TEXT = "纯牛奶 3.0% 伊利\n手机 5G 新品 手机\n手机 5G 促销 ¥99\n手机壳 促销 ¥99\n***\n"
JIEBA = {"type": "JiebaTokenizer"}
WORD = {"type": "WordTokenizer"}
SMALL = {"dim": 6, "epochs": 3, "min_count": 1, "trees": 2}


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def swedish(tmp_path):
    path = tmp_path / "swedish.txt"
    path.write_text("mellanmjölk arla\nstandardmjölk arla\nlättyoghurt arla ko\n" * 5, encoding="utf-8")
    return path


def test_word2vec(corpus, tmp_path):
    report = train_vectors([corpus], tmp_path / "v", JIEBA, TrainingOptions(**SMALL))
    assert (report.documents, report.empty_documents, report.tokens, report.distinct_words) == (5, 1, 15, 9)
    assert (report.words, report.coverage) == (9, 1.0)
    assert report.top_words[0] == ("手机", 4)
    assert "documents       5 (1 without words)" in str(report)
    assert "most frequent   手机 4" in str(report)

    store = WordVectors.open(tmp_path / "v")
    counts = dict(zip(store.words, store.counts.tolist(), strict=True))
    trained = {"手机": 4, "5G": 2, "促销": 2, "¥99": 2, "纯牛奶": 1, "3.0%": 1, "伊利": 1, "新品": 1, "壳": 1}
    # Characters of words that are no words themselves: composed words need them.
    added = dict.fromkeys("手机促销纯牛奶伊利新品", 0)
    assert counts == trained | added
    assert report.added_characters == len(added)
    assert (store.meta.kind, store.meta.compose, store.meta.dim) == ("word2vec", "characters", 6)
    assert store.meta.tokenizer == JIEBA
    assert store.meta.source == [str(corpus)]
    assert store.meta.details["options"]["epochs"] == 3
    assert not (store.folder / "tokens.txt").exists()
    assert len(neighbours(store, "手机", 3)) == 3


def test_characters_are_means_of_their_words(corpus, tmp_path):
    train_vectors([corpus], tmp_path / "v", JIEBA, TrainingOptions(**SMALL))
    store = WordVectors.open(tmp_path / "v")
    vectors, _ = store.lookup(["销", "促销", "促新"])
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-6)  # only 促销 holds 销
    own = store.lookup(["促", "新"])[0]
    np.testing.assert_allclose(vectors[2], own[0] + own[1], rtol=1e-6)


def test_rare_words_get_no_vector(corpus, tmp_path):
    report = train_vectors([corpus], tmp_path / "v", JIEBA, TrainingOptions(**SMALL | {"min_count": 2}))
    store = WordVectors.open(tmp_path / "v")
    assert set(store.words) == {"手机", "5G", "促销", "¥99", "手", "机", "促", "销"}
    assert report.words == 4
    assert report.coverage == pytest.approx(10 / 15)  # 手机 4, 5G 2, 促销 2, ¥99 2


def test_several_sources(corpus, swedish, tmp_path):
    report = train_vectors([corpus, swedish], tmp_path / "v", JIEBA, TrainingOptions(**SMALL))
    assert report.documents == 20
    assert WordVectors.open(tmp_path / "v").counts.max() == 15  # arla


@pytest.mark.parametrize("method", ["word2vec", "fasttext"])
def test_one_seed_gives_the_same_store(corpus, tmp_path, method):
    options = TrainingOptions(method=method, buckets=100, seed=3, **SMALL)
    for name in ("a", "b"):
        train_vectors([corpus], tmp_path / name, JIEBA, options)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    train_vectors([corpus], tmp_path / "c", JIEBA, TrainingOptions(method=method, buckets=100, seed=4, **SMALL))
    assert (tmp_path / "a" / "vectors.npy").read_bytes() != (tmp_path / "c" / "vectors.npy").read_bytes()


def test_fasttext_equals_gensim(swedish, tmp_path, monkeypatch):
    models = []
    fit = module._fit
    monkeypatch.setattr(module, "_fit", lambda *args: models.append(fit(*args)) or models[-1])
    options = TrainingOptions(method="fasttext", buckets=10, ngrams=(2, 4), **SMALL)
    train_vectors([swedish], tmp_path / "v", WORD, options)
    store, wv = WordVectors.open(tmp_path / "v"), models[0].wv
    assert store.meta.compose == "ngrams"
    np.testing.assert_array_equal(store.lookup(list(store.words))[0], wv[list(store.words)])
    # With 10 buckets every n-gram falls into one that training knows.
    assert np.load(tmp_path / "v" / "ngrams.npy").any(axis=1).all()
    unknown = ["lättmjölk", "mjök", "arl", "y", "手机"]
    vectors, found = store.lookup(unknown)
    assert found.all()
    for word, vector in zip(unknown, vectors, strict=True):
        assert word not in wv.key_to_index
        np.testing.assert_allclose(vector, wv.get_vector(word), rtol=1e-5)


def test_unseen_ngrams_are_zero(swedish, tmp_path):
    options = TrainingOptions(method="fasttext", buckets=50_000, **SMALL)
    train_vectors([swedish], tmp_path / "v", WORD, options)
    store = WordVectors.open(tmp_path / "v")
    vectors, found = store.lookup(["mjölk", "xyzzy"])
    assert found.tolist() == [True, False]
    ngrams = np.load(tmp_path / "v" / "ngrams.npy")
    buckets = ngram_buckets("mjölk", 3, 6, 50_000)
    # <mj <mjö <mjöl <mjölk and what continues them are unknown; mjö .. ölk> stand in mellanmjölk and standardmjölk.
    assert 0 < ngrams[buckets].any(axis=1).sum() < len(buckets)
    np.testing.assert_allclose(vectors[0], ngrams[buckets].sum(axis=0) / len(buckets), rtol=1e-5)


def test_float16(corpus, tmp_path):
    options = TrainingOptions(method="fasttext", buckets=50, dtype="float16", **SMALL)
    train_vectors([corpus], tmp_path / "v", JIEBA, options)
    store = WordVectors.open(tmp_path / "v")
    assert store.vectors.dtype == np.float16
    assert np.load(tmp_path / "v" / "ngrams.npy").dtype == np.float16
    vectors, found = store.lookup(["手机", "手表"])
    assert vectors.dtype == np.float32
    assert found.all()


def test_taken_folder_is_reported_before_any_work(corpus, tmp_path):
    train_vectors([corpus], tmp_path / "v", JIEBA, TrainingOptions(**SMALL))
    with pytest.raises(UserError, match="add --overwrite"):
        train_vectors([tmp_path / "nowhere.txt"], tmp_path / "v", JIEBA)


def test_no_frequent_word(corpus, tmp_path):
    with pytest.raises(UserError, match="no word occurs 5 times in the text: choose a smaller --min-count"):
        train_vectors([corpus], tmp_path / "v", JIEBA, TrainingOptions(min_count=5))
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "dim must be at least 1, got 0"),
        ({"min_count": 0}, "min-count must be at least 1, got 0"),
        ({"trees": -1}, "trees must be at least 0, got -1"),
        ({"ngrams": (4, 3)}, "ngrams must be the least and the greatest length, got 4 3"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        TrainingOptions(**options)


def test_unknown_method():
    with pytest.raises(UserError, match="method must be one of word2vec, fasttext, got 'glove'"):
        TrainingOptions(method="glove")


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
