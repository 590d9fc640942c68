import numpy as np
import pytest

from kdxf.errors import UserError
from kdxf.text.vectors.convert import convert_vectors
from kdxf.text.vectors.index import neighbours
from kdxf_runtime.vectors.word_vectors import WordVectors


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "published.txt"
    path.write_bytes(
        "5 2\n牛 1 2\nNew York 3 4\n奶 10 20\n牛 7 7\n".encode() + b"\xff\xfe 8 8\n",
    )
    return path


def test_convert(published, tmp_path):
    report = convert_vectors(published, tmp_path / "v")
    assert (report.read, report.words, report.dim) == (5, 3, 2)
    assert (report.duplicates, report.undecodable, report.with_spaces) == (1, 1, 1)
    assert str(report).splitlines() == [
        "3 words of 2 numbers, from 5 in the file",
        "warning: 1 repeated words left out, the first of each stays",
        "warning: 1 words left out that are not UTF-8",
        "warning: 1 words hold a space",
    ]
    store = WordVectors.open(tmp_path / "v")
    assert list(store.words) == ["牛", "New York", "奶"]
    assert store.lookup(["牛", "New York", "奶", "奶牛"])[0].tolist() == [[1, 2], [3, 4], [10, 20], [11, 22]]
    assert (store.meta.kind, store.meta.compose, store.counts) == ("converted", "characters", None)
    assert store.meta.source == [str(published)]
    assert store.meta.details["duplicates"] == 1
    assert neighbours(store, "牛", 1)[0][0] == "奶"


def test_no_warnings_about_a_clean_file(tmp_path):
    path = tmp_path / "clean.txt"
    path.write_text("1 2\na 1 2\n")
    assert str(convert_vectors(path, tmp_path / "v")) == "1 words of 2 numbers, from 1 in the file"


def test_many_chunks(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((3000, 4)).astype("<f4")
    path = tmp_path / "v.bin"
    path.write_bytes(b"3000 4\n" + b"".join(b"w%d " % i + vectors[i].tobytes() for i in range(3000)))
    convert_vectors(path, tmp_path / "v", trees=0)
    store = WordVectors.open(tmp_path / "v")
    np.testing.assert_array_equal(store.lookup([f"w{i}" for i in range(3000)])[0], vectors)


def test_first_words(published, tmp_path):
    report = convert_vectors(published, tmp_path / "v", max_words=2)
    assert report.words == 2
    assert list(WordVectors.open(tmp_path / "v").words) == ["牛", "New York"]


def test_float16(published, tmp_path):
    convert_vectors(published, tmp_path / "v", dtype="float16")
    store = WordVectors.open(tmp_path / "v")
    assert store.vectors.dtype == np.float16
    assert store.lookup(["奶牛"])[0].tolist() == [[11, 22]]


@pytest.mark.parametrize(("number", "dtype"), [("nan", "float32"), ("1e5", "float16")])
def test_number_that_is_not_finite(tmp_path, number, dtype):
    path = tmp_path / "v.txt"
    path.write_text(f"2 2\na 1 2\nb 1 {number}\n")
    with pytest.raises(UserError, match=rf"v\.txt: word 2 \('b'\) has a number that is not finite in {dtype}"):
        convert_vectors(path, tmp_path / "v", dtype=dtype)
    assert [item.name for item in tmp_path.iterdir()] == ["v.txt"]


def test_an_error_leaves_nothing(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("2 2\na 1 2\nb 1\n")
    with pytest.raises(UserError, match="line 3 holds 1 numbers"):
        convert_vectors(path, tmp_path / "v")
    assert [item.name for item in tmp_path.iterdir()] == ["v.txt"]


def test_no_usable_word(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes(b"1 2\n\xff 1 2\n")
    with pytest.raises(UserError, match="none of its 1 words is UTF-8"):
        convert_vectors(path, tmp_path / "v")


def test_bad_options(published, tmp_path):
    with pytest.raises(UserError, match="max-words must be at least 1, got 0"):
        convert_vectors(published, tmp_path / "v", max_words=0)
    with pytest.raises(UserError, match="trees must be at least 0, got -1"):
        convert_vectors(published, tmp_path / "v", trees=-1)


def test_taken_folder(published, tmp_path):
    convert_vectors(published, tmp_path / "v")
    with pytest.raises(UserError, match="add --overwrite"):
        convert_vectors(published, tmp_path / "v")
    assert convert_vectors(published, tmp_path / "v", max_words=1, overwrite=True).words == 1
