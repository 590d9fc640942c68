"""Where the words of a text get their vectors from."""

import re

import pytest

from kdxf.errors import UserError
from kdxf.text.tokenizers import WordTokenizer
from kdxf.text.vectors.report import report_vocabulary
from kdxf_runtime.vectors.word_vectors import WordVectors

TABLE = {"牛": [1.0, 0.0], "yoghurt": [0.0, 1.0], "b": [1.0, 1.0]}


def test_words_by_frequency(make_store, tmp_path):
    (tmp_path / "t.txt").write_text("yoghurt yoghurt b\nyoghnrt 马 b b\n\n马", encoding="utf-8")
    found = report_vocabulary(make_store(TABLE), [tmp_path / "t.txt"], WordTokenizer())
    assert (found.documents, found.empty_documents, found.uncovered_documents) == (4, 1, 1)
    rows = [tuple(row) for row in found.words[["word", "count", "vector", "instead"]].itertuples(index=False)]
    assert rows == [
        ("b", 3, "own", ""),
        ("yoghurt", 2, "own", ""),
        ("马", 2, "none", ""),
        ("yoghnrt", 1, "respelled", "yoghurt"),
    ]
    assert found.words["share"].tolist() == [3 / 8, 2 / 8, 2 / 8, 1 / 8]
    assert (
        str(found).splitlines()[2] == "own             62.5% of the tokens, 50.0% of the different words have a vector"
    )
    assert str(found).splitlines()[-1] == "unknown, by frequency: 马 2  yoghnrt 1"


def test_without_respelling(make_store, tmp_path):
    (tmp_path / "t.txt").write_text("yoghnrt 牛b\n", encoding="utf-8")
    store = WordVectors.open(make_store(TABLE).folder, respell=False)

    class Whole(WordTokenizer):
        def split(self, text):
            return text.split()

    found = report_vocabulary(store, [tmp_path / "t.txt"], Whole())
    assert dict(zip(found.words["word"], found.words["vector"], strict=True)) == {"yoghnrt": "none", "牛b": "composed"}


def test_text_without_a_word(make_store, tmp_path):
    (tmp_path / "t.txt").write_text("***\n")
    message = f"{tmp_path / 't.txt'}: no words in 1 documents; is this the right table and tokenizer?"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        report_vocabulary(make_store(TABLE), [tmp_path / "t.txt"], WordTokenizer())
