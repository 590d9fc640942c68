import mmap

import numpy as np
import pytest

from kdxf_runtime.vectors import vocabulary
from kdxf_runtime.vectors.vocabulary import Vocabulary, VocabularyWriter, word_hashes


def write(folder, words):
    writer = VocabularyWriter(folder)
    for chunk in (words[:2], words[2:]):
        writer.add([word.encode() for word in chunk])
    return writer.close()


def test_words_and_rows(tmp_path):
    words = ["手机", "5G", "New York", "mjölk", "a"]
    assert write(tmp_path, words).tolist() == [True] * 5
    found = Vocabulary(tmp_path)
    assert len(found) == 5
    assert list(found) == words
    assert [found[row] for row in range(5)] == words
    assert found.rows_of(["a", "nope", "手机", "", "mjölk", "a"]).tolist() == [4, -1, 0, -1, 3, 4]
    assert found.rows_of([]).tolist() == []
    assert found.rows_of(["a"]).dtype == np.int64
    assert "5G" in found
    assert "5g" not in found
    assert 5 not in found


def test_many_words(tmp_path):
    words = [f"word{number}" for number in range(5000)]
    write(tmp_path, words)
    found = Vocabulary(tmp_path)
    assert found.rows_of(words).tolist() == list(range(5000))
    assert (found.rows_of([word + "x" for word in words]) == -1).all()


def test_files_are_mapped(tmp_path):
    write(tmp_path, ["a", "b"])
    found = Vocabulary(tmp_path)
    assert isinstance(found._bytes, mmap.mmap)
    for array in (found._offsets, found._hashes, found._rows):
        assert isinstance(array.base, np.memmap)


def test_repeated_words_keep_their_first_row(tmp_path):
    assert write(tmp_path, ["b", "a", "b", "c", "a", "b"]).tolist() == [True, True, False, True, False, False]
    found = Vocabulary(tmp_path)
    assert list(found) == ["b", "a", "c"]
    assert found.rows_of(["a", "b", "c"]).tolist() == [1, 0, 2]


def test_words_with_one_hash_are_told_apart(tmp_path, monkeypatch):
    # Every word of one length gets the same hash.
    monkeypatch.setattr(vocabulary, "word_hashes", lambda words: np.array([len(word) for word in words], dtype="<u8"))
    words = ["aa", "b", "cc", "d", "dd", "aa", "e", "d"]
    assert write(tmp_path, words).tolist() == [True, True, True, True, True, False, True, False]
    found = Vocabulary(tmp_path)
    assert list(found) == ["aa", "b", "cc", "d", "dd", "e"]
    assert found.rows_of(["e", "dd", "d", "cc", "b", "aa"]).tolist() == [5, 4, 3, 2, 1, 0]
    assert found.rows_of(["ee", "f", "long"]).tolist() == [-1, -1, -1]


def test_hash_is_the_published_one():
    # `printf abc | b2sum -l 64`; the hash is part of the format.
    assert word_hashes([b"", b"abc"]).tolist() == [
        int.from_bytes(bytes.fromhex(digest), "little") for digest in ("e4a6a0577479b2b4", "d8bb14d833d59559")
    ]


@pytest.mark.parametrize("row", [-1, 2])
def test_no_such_row(tmp_path, row):
    write(tmp_path, ["a", "b"])
    with pytest.raises(IndexError, match=f"row {row} of a vocabulary of 2 words"):
        Vocabulary(tmp_path)[row]


def test_files_that_do_not_fit(tmp_path):
    write(tmp_path, ["a", "b"])
    (tmp_path / "words.bin").write_bytes(b"a")
    with pytest.raises(ValueError, match="do not fit each other"):
        Vocabulary(tmp_path)
