import re

import pytest

from kdxf.text.tokenizers import WordTokenizer


def table(docstring):
    rows = [re.findall("``(.*?)``", line) for line in docstring.splitlines() if line.startswith("    ``")]
    return [(text, words) for text, *words in rows]


def test_table_of_the_docstring():
    rows = table(WordTokenizer.__doc__)
    assert len(rows) == 6
    for text, words in rows:
        assert WordTokenizer().tokenize(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("СЛИВКИ 20%", ["сливки", "20%"]),
        ("Straße", ["strasse"]),
        ("우유 1L", ["우유", "1l"]),
        ("O'BOY don’t", ["o'boy", "don't"]),
        ("a_b 12:30", ["a", "b", "12", "30"]),
    ],
)
def test_tokenize(text, words):
    assert WordTokenizer().tokenize(text) == words
