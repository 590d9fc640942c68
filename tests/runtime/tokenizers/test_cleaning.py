import re
import sys
import unicodedata

import pytest

from kdxf.errors import UserError
from kdxf_runtime.tokenizers.cleaning import HAN_CHARACTER, SPACED_WORD, clean_text, converter


def table(docstring):
    """The first two literals of each line of a table: text and cleaned text."""
    rows = [re.findall("``(.*?)``", line) for line in docstring.splitlines()]
    return [row for row in rows if len(row) == 2]


def test_table_of_the_docstring():
    rows = table(clean_text.__doc__)
    assert len(rows) == 8
    for text, cleaned in rows:
        assert clean_text(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("", ""),
        ("\u200b\ufeff", ""),
        ("a\x00\x07b\nc", "a b c"),
        ("ﬁsk ①", "fisk 1"),
        ("Nike™Air", "Nike Air"),
        ("mjo\u0308lk", "mjölk"),
        ("3．0％", "3.0%"),
        ("€ 5 and 5 €", "€5 and 5 €"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_clean_text(text, cleaned):
    assert clean_text(text) == cleaned


def test_cleaning_twice_changes_nothing():
    for code in range(0x20, 0x30000, 7):
        if unicodedata.category(chr(code)) != "Cs":
            once = clean_text(f"a{chr(code)}1")
            assert clean_text(once) == once, hex(code)


@pytest.mark.parametrize(
    "text",
    ["3.0%", "¥99", "99€", "5G", "500ml", "1,299", "1/2", "1/2kg", "iPhone13", "mjölk", "L'Oréal", "H&M", "हिन्दी"],
)
def test_spaced_word_is_one(text):
    assert SPACED_WORD.findall(f"({text})") == [text]


@pytest.mark.parametrize("text", ["27/5", "1/2/24", "11/2", "1/1", "3/25", "1.1/2"])
def test_dates_are_no_fractions(text):
    assert text not in SPACED_WORD.findall(text) and "1/2" not in SPACED_WORD.findall(text)


@pytest.mark.parametrize("text", ["_", "--", "¥", "%", ".,", "★", "手机"])
def test_not_a_spaced_word(text):
    assert SPACED_WORD.findall(text) == []


def test_han_character():
    assert HAN_CHARACTER.findall("a手々〇𠮷カ한1") == ["手", "々", "〇", "𠮷"]


def test_both_directions():
    pytest.importorskip("opencc", reason="needs the extra 'chinese'")
    # One simplified character may stand for several traditional ones: the word decides.
    assert converter("s2t", "a test")("头发 发财 ¥99 OPPO") == "頭髮 發財 ¥99 OPPO"
    assert converter("t2s", "a test")("乾淨 乾隆 ¥99 OPPO") == "干净 乾隆 ¥99 OPPO"
    assert converter("t2s", "a test")("軟體") == "软体"


def test_it_is_opened_once():
    pytest.importorskip("opencc", reason="needs the extra 'chinese'")
    assert converter("t2s", "a test") is converter("t2s", "a test")


def test_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    with pytest.raises(UserError, match=r"^somebody needs the package opencc: pip install 'kdxf\[chinese\]'"):
        converter("t2s", "somebody")
