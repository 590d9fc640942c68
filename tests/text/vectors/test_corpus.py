import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdxf.errors import UserError
from kdxf.text.tokenizers import WordTokenizer
from kdxf.text.vectors.corpus import read_documents, write_token_file


def ocr_table(path, texts):
    """One row per image; None for an image that could not be read."""
    count = len(texts)
    columns = {
        "image": pa.array([f"{i}.jpg" for i in range(count)]),
        "texts": pa.array([lines or [] for lines in texts], pa.list_(pa.string())),
        "scores": pa.array([[0.9] * len(lines or []) for lines in texts], pa.list_(pa.float32())),
        "boxes": pa.array([[[0.0] * 8] * len(lines or []) for lines in texts], pa.list_(pa.list_(pa.float32()))),
        "width": pa.array(np.full(count, 10, np.int32)),
        "height": pa.array(np.full(count, 10, np.int32)),
        "engine": pa.array(["test"] * count),
        "error": pa.array([None if lines is not None else "cannot be read" for lines in texts], pa.string()),
    }
    pq.write_table(pa.table(columns), path)
    return path


def test_documents_of_ocr_tables(tmp_path):
    texts = [["MJÖLK 3%", "Arla"], [], None, ["Arla Ko"]]
    file = ocr_table(tmp_path / "table.parquet", texts)
    assert list(read_documents(file)) == [["MJÖLK 3%", "Arla"], [], [], ["Arla Ko"]]
    (tmp_path / "parts").mkdir()
    ocr_table(tmp_path / "parts" / "part-000.parquet", texts[:1])
    assert list(read_documents(tmp_path / "parts")) == [["MJÖLK 3%", "Arla"]]


def test_documents_of_a_text_file(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_bytes("\ufeffa b\r\n\n手机\u2028x\n".encode())
    assert list(read_documents(path)) == [["a b\r\n"], ["\n"], ["手机\u2028x\n"]]


def test_words_and_counts_of_all_sources(tmp_path):
    table = ocr_table(tmp_path / "table.parquet", [["MJÖLK 3%", "Arla"], None, ["Arla Ko"]])
    text = tmp_path / "more.txt"
    text.write_text("arla yoghurt\n***\n", encoding="utf-8")
    corpus = write_token_file([table, text], WordTokenizer(), tmp_path / "tokens.txt")
    documents = [["mjölk", "3%", "arla"], ["arla", "ko"], ["arla", "yoghurt"]]
    assert list(corpus) == documents
    assert list(corpus) == documents  # it can be read again
    assert dict(corpus.counts) == {"mjölk": 1, "3%": 1, "arla": 3, "ko": 1, "yoghurt": 1}
    assert corpus.tokens == 7
    assert (corpus.documents, corpus.documents_with_words) == (5, 3)


def test_no_words(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("***\n\n")
    with pytest.raises(UserError, match=r"corpus\.txt: no words in 2 documents; is this the right table"):
        write_token_file([path], WordTokenizer(), tmp_path / "tokens.txt")


def test_not_utf8(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_bytes(b"ok\n\xff\xfe\n")
    with pytest.raises(UserError, match=r"corpus\.txt: line 2 is not UTF-8 text: give an OCR table or a UTF-8 text"):
        list(read_documents(path))


def test_missing(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.txt cannot be read: No such file or directory"):
        list(read_documents(tmp_path / "nowhere.txt"))
    with pytest.raises(UserError, match="no OCR table"):
        list(read_documents(tmp_path))
