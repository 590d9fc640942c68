import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from kdxf.errors import UserError
from kdxf.text.vectors import word2vec_format as word2vec_binary
from kdxf.text.vectors import word2vec_format as word2vec_text
from kdxf.text.vectors.word2vec_format import open_word2vec, read_binary, read_text

NAME = Path("v.bin")


def body(count, dim=3, line_end=b"", seed=0):
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype("<f4")
    words = [f"词{number}" for number in range(count)]
    data = b"".join(
        word.encode() + b" " + vector.tobytes() + line_end for word, vector in zip(words, vectors, strict=True)
    )
    return words, vectors, data


def read(data, words, dim=3, wanted=None):
    chunks = list(read_binary(io.BytesIO(data), NAME, words, wanted or words, dim))
    return [word.decode() for found, _ in chunks for word in found], np.concatenate([v for _, v in chunks])


@pytest.mark.parametrize("line_end", [b"", b"\n"])
@pytest.mark.parametrize("at_once", [1, 3, 1024])
def test_words_and_vectors(monkeypatch, line_end, at_once):
    monkeypatch.setattr(word2vec_binary, "_WORDS_AT_ONCE", at_once)
    words, vectors, data = body(100, line_end=line_end)
    found_words, found_vectors = read(data, 100)
    assert found_words == words
    np.testing.assert_array_equal(found_vectors, vectors)


def test_numbers_that_look_like_spaces_and_line_ends():
    # The lower three bytes of a number may be anything: here spaces and line ends only; 0x3d makes it about 0.04.
    spaces, line_ends = b"   \x3d" * 2, b"\n\n\n\x3d" * 2
    words, vectors = read(b"a " + spaces + b"b " + line_ends, 2, dim=2)
    assert words == ["a", "b"]
    assert vectors.tobytes() == spaces + line_ends


@pytest.mark.parametrize("line_end", [b"", b"\n"])
@pytest.mark.parametrize("word", ["New York", "Le Mans", "纽约 市", "北京 大学", "a b", "of the"])
def test_a_word_with_a_space(word, line_end):
    """The numbers of the second word are read from the letters after its space on."""
    _, vectors, _ = body(3)
    named = zip(["a", word, "c"], vectors, strict=True)
    data = b"".join(name.encode() + b" " + vector.tobytes() + line_end for name, vector in named)
    first = word.split()[0]
    with pytest.raises(UserError, match=rf"v\.bin: what follows word 2 \('{first}'\) is no vector: does the word"):
        read(data, 3)


def test_first_words():
    words, _, data = body(5)
    assert read(data, 5, wanted=2)[0] == words[:2]


def test_too_short():
    _, _, data = body(5)
    with pytest.raises(UserError, match=r"v\.bin ends inside word 5 of 5; is the file complete\?"):
        read(data[:-1], 5)


def test_too_few_words():
    _, _, data = body(5)
    with pytest.raises(UserError, match=r"v\.bin: no end of word 6 of 6; does line 1 give the right dimension\?"):
        read(data, 6)


def test_too_many_words():
    _, _, data = body(5)
    with pytest.raises(UserError, match=r"v\.bin goes on after its 4 words; does line 1 give the right number"):
        read(data, 4)


TEXT_NAME = Path("v.txt")


def read_as_text(text, words, dim=2, wanted=None):
    data = text if isinstance(text, bytes) else text.encode()
    chunks = list(read_text(io.BytesIO(data), TEXT_NAME, words, wanted or words, dim))
    return [word.decode() for found, _ in chunks for word in found], np.concatenate([v for _, v in chunks])


@pytest.mark.parametrize("at_once", [1, 2, 1024])
def test_lines(monkeypatch, at_once):
    monkeypatch.setattr(word2vec_text, "_LINES_AT_ONCE", at_once)
    words, vectors = read_as_text("a 1 2\n手机 -1.5 2e-3 \r\nc\t5\t6\nd  7   8\nlast 9 10", 5)
    assert words == ["a", "手机", "c", "d", "last"]
    np.testing.assert_array_equal(vectors, np.float32([[1, 2], [-1.5, 2e-3], [5, 6], [7, 8], [9, 10]]))
    assert vectors.dtype == np.float32


def test_words_with_spaces():
    # Published sets hold words such as these; U+3000 and U+0085 are spaces to Python's str, not in this format.
    text = "New York 1 2\niPhone 5 3 4\n4 1.5 7 8\na\u3000b 5 6\n\u0085 7 8\nversion 2.0 9 10\n"
    words, vectors = read_as_text(text, 6)
    assert words == ["New York", "iPhone 5", "4 1.5", "a\u3000b", "\u0085", "version 2.0"]
    assert vectors[:, 0].tolist() == [1, 3, 7, 5, 7, 9]


@pytest.mark.parametrize("at_once", [1, 2, 1024])
@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("a 1 2\nb 1\nc 1 2\n", 3, r"v\.txt: line 3 holds 1 numbers after the word, not 2"),
        ("a 1 2\n\nc 1 2\n", 3, r"v\.txt: line 3 holds 0 numbers after the word, not 2"),
        ("a 1 2\n 1 2\n", 2, r"v\.txt: line 3 holds 1 numbers after the word, not 2"),
        ("a 1 2\nb 0.1 0.2 0.3 0.4\n", 2, r"v\.txt: line 3 holds 4 numbers after the word, not 2"),
        ("a 1 2\nb 1 x,5\n", 2, r"v\.txt: line 3 holds 'x,5' where a number should be"),
        ("a 1 2\nb 1 2\n", 3, r"v\.txt ends after line 3: line 1 promises 3 words, there are 2; is the file complete"),
        ("a 1 2\nb 1 2\nc 1 2\n", 2, r"v\.txt: line 4 is one too many, line 1 promises 2 words"),
    ],
)
def test_wrong_lines(monkeypatch, at_once, text, words, message):
    monkeypatch.setattr(word2vec_text, "_LINES_AT_ONCE", at_once)
    with pytest.raises(UserError, match=message):
        read_as_text(text, words)


def test_a_header_with_a_dimension_too_small():
    """Every word seems to hold a space and to end in a number."""
    with pytest.raises(UserError, match=r"v\.txt: line 2 holds 3 numbers after the word, not 2"):
        read_as_text("a 0.1 2 3\nb 0.1 2 3\n", 2)


def test_the_rest_is_not_looked_at():
    assert read_as_text("a 1 2\nb\n", 2, wanted=1)[0] == ["a"]


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


def read_published(path, **options):
    with open_word2vec(path, **options) as file:
        chunks = list(file.chunks)
    words = [word.decode() for words, _ in chunks for word in words]
    return words, np.concatenate([vectors for _, vectors in chunks])


def test_files_of_gensim(published):
    with open_word2vec(published) as file:
        assert (file.words, file.dim) == (3, 2)
    words, vectors = read_published(published)
    assert words == WORDS
    np.testing.assert_array_equal(vectors, VECTORS)


def test_first_words_of_word2vec_format(published):
    words, vectors = read_published(published, max_words=2)
    assert words == WORDS[:2]
    np.testing.assert_array_equal(vectors, VECTORS[:2])
    assert read_published(published, max_words=9)[0] == WORDS


@pytest.mark.parametrize("header", ["", "手机 1.5 -2.0", "3", "3 0", "-3 2", "3 2 1", "PK\x03\x04"])
def test_first_line_is_no_header(tmp_path, header):
    path = tmp_path / "vectors.txt"
    path.write_text(header + "\na 1 2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"vectors\.txt: line 1 is '.*', not '<number of words> <dimension>'"):
        read_published(path)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.bin cannot be read: No such file or directory"):
        read_published(tmp_path / "nowhere.bin")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_published(tmp_path)


def test_truncated_gzip(tmp_path):
    path = tmp_path / "vectors.gz"
    data = gzip.compress(b"1000 2\n" + b"".join(b"w%d 0.%d 1\n" % (i, i) for i in range(1000)))
    path.write_bytes(data[:-100])
    with pytest.raises(UserError, match=r"vectors\.gz is a damaged gzip file \(.*\): fetch it again"):
        read_published(path)


def test_errors_of_the_reader_of_the_words_pass_by(published):
    with pytest.raises(OSError, match="disk full"), open_word2vec(published) as file:
        for _ in file.chunks:
            raise OSError("disk full")


def test_a_header_that_promises_too_wide_vectors(tmp_path):
    (tmp_path / "v.bin").write_bytes(b"1 999999999999\na " + bytes(8))
    message = r"v.bin: line 1 gives vectors of 999999999999 numbers, and at most 65536 are read"
    with pytest.raises(UserError, match=message), open_word2vec(tmp_path / "v.bin"):
        pass
