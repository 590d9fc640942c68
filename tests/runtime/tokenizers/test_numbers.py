import re

import pytest

from kdxf.text.tokenizers import JiebaTokenizer, WordTokenizer
from kdxf_runtime.tokenizers.cleaning import clean_text
from kdxf_runtime.tokenizers.numbers import spell_numbers


def test_table_of_the_docstring():
    rows = [re.findall("``(.*?)``", line) for line in spell_numbers.__doc__.splitlines()]
    rows = [row for row in rows if row]
    assert len(rows) == 6
    for text, written in rows:
        assert spell_numbers(text) == written


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("㈠①½", "(一) 1 1/2"),
        ("第①章⑳⓪", "第 1 章 20 0"),
        ("⓿➓㉈㊿", "0 10 10 50"),
        ("㊀号㊗", "一 号祝"),
        ("⑴⒈🄂", "(1) 1. 1,"),
        ("满3½折", "满3 1/2 折"),
        ("½㎏", "1/2 kg"),
        ("８²", "8^2"),
        ("9⁹⁹ kr", "9^99 kr"),  # the small öre of a price
        ("km²5", "km2 5"),
        ("Album²", "Album 2"),  # m belongs to the word
        ("H₂O 10₂", "H2O 10_2"),
        ("¹²³", "123"),
        ("⁺a⁻", "+a−"),
        ("Ⅳ Ⓢⓐⓛⓔ", "IV Sale"),  # letters in circles are ornaments of one word
        ("20㎖ 3㏄", "20ml 3cc"),
    ],
)
def test_meaning_is_kept(text, cleaned):
    assert clean_text(text) == cleaned


@pytest.mark.parametrize(
    "tokenizer", [WordTokenizer(), JiebaTokenizer()], ids=lambda tokenizer: type(tokenizer).__name__
)
def test_words(tokenizer):
    assert tokenizer.tokenize("㈠①½") == ["一", "1", "1/2"]
    assert tokenizer.tokenize("10² 5m²") == ["10", "2", "5m2"]


def test_a_fraction_takes_its_unit():
    assert WordTokenizer(normalize_units=True).tokenize("1½ kg ½ L") == ["1", "1/2kg", "1/2l"]
