import multiprocessing
import pickle
import subprocess
import sys

import faulty_vectors
import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.vectors.index import neighbours
from kdxf_runtime.vectors.word_vectors import WordVectors

TABLE = {"牛奶": [5.0, 6.0], "牛": [1.0, 2.0], "奶": [10.0, 20.0], "oatly": [-1.0, 0.0], "5G": [0.0, -3.0]}


def test_table_of_the_docstring(make_store):
    vectors, found = make_store(TABLE).lookup(["牛奶", "奶牛", "牛X", "午奶", "XY"])
    # own; 奶 + 牛; 牛 alone; that of 牛奶; nothing known
    assert vectors.tolist() == [[5, 6], [11, 22], [1, 2], [5, 6], [0, 0]]
    assert found.tolist() == [True, True, True, True, False]
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("word", ["牛X", "X牛", "奶牛", "牛奶牛奶"])
def test_unknown_word_is_the_sum_of_its_characters_not_the_last_row(make_store, word):
    vectors, found = make_store(TABLE).lookup([word])
    expected = sum(np.array(TABLE[character]) for character in word if character in TABLE)
    assert vectors[0].tolist() == expected.tolist()
    assert vectors[0].tolist() != TABLE["5G"]
    assert found.all()


def test_all_known(make_store):
    vectors, found = make_store(TABLE).lookup(["5G", "牛奶", "5G"])
    assert vectors.tolist() == [[0, -3], [5, 6], [0, -3]]
    assert found.all()
    vectors[:] = 0  # the caller's own copy
    assert make_store(TABLE).lookup(["5G"])[0].tolist() == [[0, -3]]


def test_no_tokens(make_store):
    vectors, found = make_store(TABLE).lookup([])
    assert vectors.shape == (0, 2)
    assert vectors.dtype == np.float32
    assert found.shape == (0,)
    assert found.dtype == bool


def test_empty_token(make_store):
    vectors, found = make_store(TABLE).lookup([""])
    assert vectors.tolist() == [[0, 0]]
    assert not found[0]


def test_float16_store(make_store):
    store = make_store(TABLE, dtype="float16")
    assert store.vectors.dtype == np.float16
    vectors, found = store.lookup(["牛奶", "奶牛", "XY"])
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[5, 6], [11, 22], [0, 0]]
    assert found.tolist() == [True, True, False]


def test_compose(make_store):
    store = make_store(TABLE)
    assert store.compose("牛奶").tolist() == [11, 22]  # of its pieces, though the word itself is known
    assert store.compose("XY") is None
    assert store.compose("牛奶") is store.compose("牛奶")
    with pytest.raises(ValueError, match="read-only"):
        store.compose("牛奶")[0] = 1


def test_index_and_contains(make_store):
    store = make_store(TABLE)
    assert store.index(["奶", "nope", "牛奶"]).tolist() == [2, -1, 0]
    assert "oatly" in store
    assert "Oatly" not in store
    assert len(store) == 5
    assert store.dim == 2
    assert list(store.words) == list(TABLE)
    assert store.words[3] == "oatly"
    assert store.counts is None


def test_neighbours(make_store):
    rng = np.random.default_rng(0)
    table = {f"w{i}": rng.standard_normal(6).tolist() for i in range(60)}
    store = make_store(table, trees=5)
    matrix = np.array(list(table.values()))
    units = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    cosines = units @ units[7]
    expected = [row for row in np.argsort(-cosines).tolist() if row != 7][:4]
    found = neighbours(store, "w7", 4)
    assert [word for word, _ in found] == [f"w{row}" for row in expected]
    np.testing.assert_allclose([cosine for _, cosine in found], cosines[expected], atol=1e-5)


def test_neighbours_of_an_unknown_word(make_store):
    store = make_store({"牛": [1.0, 0.0], "奶": [0.0, 1.0], "x": [1.0, 1.0], "y": [-1.0, 0.0]})
    assert neighbours(store, "牛奶", 1)[0][0] == "x"


def test_neighbours_of_nothing(make_store):
    with pytest.raises(UserError, match=r"nothing is known of 'XY' in .*store, nor of its pieces"):
        neighbours(make_store(TABLE), "XY")


def test_neighbours_without_index(make_store):
    with pytest.raises(UserError, match="was made without an annoy index: make it anew with --trees 10"):
        neighbours(make_store(TABLE, trees=0), "牛")


def test_vectors_are_mapped(make_store):
    store = make_store(TABLE)
    assert isinstance(store.vectors.base, np.memmap) and type(store.vectors) is np.ndarray


def test_pickle_is_the_path(make_store, monkeypatch, tmp_path):
    store = make_store(TABLE)
    data = pickle.dumps(store)
    assert len(data) < 500 + len(str(store.folder))
    copy = pickle.loads(data)
    assert copy.folder == store.folder
    np.testing.assert_array_equal(copy.lookup(["奶牛"])[0], store.lookup(["奶牛"])[0])


def test_relative_path_survives_a_change_of_folder(make_store, monkeypatch):
    folder = make_store(TABLE).folder
    monkeypatch.chdir(folder.parent)
    data = pickle.dumps(WordVectors.open(folder.name))
    monkeypatch.chdir("/")
    assert "牛" in pickle.loads(data)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes(make_store, method):
    store = make_store(TABLE)
    with multiprocessing.get_context(method).Pool(1) as pool:
        vectors, found = pool.apply(store.lookup, (["牛奶", "奶牛", "XY"],))
    assert vectors.tolist() == [[5, 6], [11, 22], [0, 0]]
    assert found.tolist() == [True, True, False]


def test_opening_needs_neither_torch_nor_gensim(make_store):
    folder = make_store(TABLE).folder
    code = (
        f"import sys; from kdxf_runtime.vectors.word_vectors import WordVectors; WordVectors.open({str(folder)!r}); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'gensim', 'jieba')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", ["vectors", "words.bin", "words.hashes", "words.offsets", "words.rows"])
def test_incomplete_folder(make_store, name):
    name = name if name.endswith(".bin") else name + ".npy"
    folder = make_store(TABLE).folder
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"store is not complete .*{name}.*: make the vectors anew"):
        WordVectors.open(folder)


def test_other_vectors(make_store):
    folder = make_store(TABLE).folder
    np.save(folder / "vectors.npy", np.zeros((5, 3), dtype=np.float32))
    with pytest.raises(UserError, match=r"vectors\.npy has the shape \(5, 3\), not 5 x 2"):
        WordVectors.open(folder)


def test_damaged_index(make_store):
    store = make_store(TABLE)
    (store.folder / "words.ann").write_bytes(b"abc")
    with pytest.raises(UserError, match=r"store is not complete .*: make the vectors anew"):
        neighbours(store, "牛")


def test_missing_folder(tmp_path):
    with pytest.raises(UserError, match="nowhere is not a word vector folder"):
        WordVectors.open(tmp_path / "nowhere")


def test_a_misread_word_is_respelled(make_store):
    vectors = make_store({"yoghurt": [1.0, 2.0], "牛奶": [3.0, 4.0], "牛": [5.0, 6.0], "3.0%": [7.0, 8.0]})
    assert vectors.respell("yoghxrt") == "yoghurt"
    assert vectors.respell("午奶") == "牛奶"
    assert vectors.respell("3.8%") is None
    found, known = vectors.lookup(["yoghxrt", "午奶", "3.8%", "牛羊"])
    assert found.tolist() == [[1, 2], [3, 4], [0, 0], [5, 6]]
    assert known.tolist() == [True, True, False, True]
    assert vectors.compose("午奶") is None  # its pieces stay what they are
    found[:] = 0  # the caller's own copy
    assert vectors.lookup(["午奶"])[0].tolist() == [[3, 4]]


def test_a_store_without_an_index_of_spellings_opens(make_store):
    folder = make_store({"yoghurt": [1.0, 2.0], "牛奶": [3.0, 4.0]}).folder
    (folder / "spelling.npy").unlink()
    vectors = WordVectors.open(folder)
    assert vectors.respell("yoghxrt") is None
    assert vectors.respell("yoqhurt") == "yoghurt"
    assert vectors.respell("午奶") == "牛奶"


def test_a_damaged_index_of_spellings_is_one_line(make_store):
    folder = make_store(TABLE).folder
    np.save(folder / "spelling.npy", np.zeros(3))
    with pytest.raises(UserError, match=r"is not complete \(spelling.npy holds float64, not uint64\): make the ve"):
        WordVectors.open(folder)


READ = {  # sound files with other content, which nothing in them tells
    *("words.bin: zeros", "words.rows.npy: the same row twice", "ngrams.npy: one row less"),
    *("words.hashes.npy: not sorted", "words.offsets.npy: not ascending"),
    "words.offsets.npy: beyond the words",
    *("spelling.npy: one row less", "spelling.npy: no rows", "spelling.npy: rows beyond the words"),
    *("vectors.npy: infinite",),  # of a word that is not looked up
}


@pytest.mark.parametrize("name", faulty_vectors.FAULTY_WORDS)
def test_each_fault_is_one_line(tmp_path, name):
    faulty_vectors.make_words(tmp_path / "v")
    faulty_vectors.FAULTY_WORDS[name](tmp_path / "v")

    def use():
        store = WordVectors.open(tmp_path / "v")
        store.lookup(faulty_vectors.LOOKED_UP)
        assert len(list(store.words)) == len(store)
        return neighbours(store, "milk")

    if name in READ:
        use()
    else:
        with pytest.raises(UserError, match=r"(: |; |--trees 10)") as caught:
            use()
        assert str(tmp_path / "v") in str(caught.value) and "\n" not in str(caught.value)


def test_an_infinite_vector_is_named(tmp_path):
    faulty_vectors.make_words(tmp_path / "v")
    faulty_vectors.FAULTY_WORDS["vectors.npy: infinite"](tmp_path / "v")
    store = WordVectors.open(tmp_path / "v")
    assert store.lookup(["milk"])[0].tolist() == [[0, -3]]
    with pytest.raises(UserError, match=r"v: the vector of '牛' is NaN or infinite: make the vectors anew$"):
        store.lookup(["milk", "牛"])


def test_respelling_can_be_switched_off(make_store):
    folder = make_store({"牛": [1.0, 0.0], "yoghurt": [0.0, 1.0]}).folder
    respelling = WordVectors.open(folder)
    assert respelling.respell("yoghnrt") == "yoghurt" and respelling.lookup(["yoghnrt"])[0].tolist() == [[0, 1]]
    exact = WordVectors.open(folder, respell=False)
    for store in (exact, pickle.loads(pickle.dumps(exact))):
        assert store.respell("yoghnrt") is None
        vectors, found = store.lookup(["yoghnrt", "yoghurt", "牛x"])
        assert vectors.tolist() == [[0, 0], [0, 1], [1, 0]] and found.tolist() == [False, True, True]
    assert pickle.loads(pickle.dumps(respelling)).respell("yoghnrt") == "yoghurt"
