import gzip

import numpy as np
import pytest
from gensim.models import KeyedVectors

from kdxf.errors import UserError
from kdxf.text.word2vec_format import open_word2vec

WORDS = ["手机", "mjölk", "5G"]
VECTORS = np.array([[1.5, -2.0], [0.25, 3e-5], [0.0, 7.0]], dtype=np.float32)


@pytest.fixture(params=["text", "binary", "text.gz", "binary.gz"])
def published(request, tmp_path):
    """A file as gensim writes it."""
    path = tmp_path / request.param
    vectors = KeyedVectors(2)
    vectors.add_vectors(WORDS, VECTORS)
    vectors.save_word2vec_format(str(path), binary="binary" in request.param)
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == (path.suffix == ".gz")
    return path


def read(path, **options):
    with open_word2vec(path, **options) as file:
        chunks = list(file.chunks)
    words = [word.decode() for words, _ in chunks for word in words]
    return words, np.concatenate([vectors for _, vectors in chunks])


def test_files_of_gensim(published):
    with open_word2vec(published) as file:
        assert (file.words, file.dim) == (3, 2)
    words, vectors = read(published)
    assert words == WORDS
    np.testing.assert_array_equal(vectors, VECTORS)


def test_first_words(published):
    words, vectors = read(published, max_words=2)
    assert words == WORDS[:2]
    np.testing.assert_array_equal(vectors, VECTORS[:2])
    assert read(published, max_words=9)[0] == WORDS


@pytest.mark.parametrize("header", ["", "手机 1.5 -2.0", "3", "3 0", "-3 2", "3 2 1", "PK\x03\x04"])
def test_first_line_is_no_header(tmp_path, header):
    path = tmp_path / "vectors.txt"
    path.write_text(header + "\na 1 2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"vectors\.txt: line 1 is '.*', not '<number of words> <dimension>'"):
        read(path)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.bin cannot be read: No such file or directory"):
        read(tmp_path / "nowhere.bin")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_truncated_gzip(tmp_path):
    path = tmp_path / "vectors.gz"
    data = gzip.compress(b"1000 2\n" + b"".join(b"w%d 0.%d 1\n" % (i, i) for i in range(1000)))
    path.write_bytes(data[:-100])
    with pytest.raises(UserError, match=r"vectors\.gz is a damaged gzip file \(.*\): fetch it again"):
        read(path)


def test_errors_of_the_reader_of_the_words_pass_by(published):
    with pytest.raises(OSError, match="disk full"), open_word2vec(published) as file:
        for _ in file.chunks:
            raise OSError("disk full")
