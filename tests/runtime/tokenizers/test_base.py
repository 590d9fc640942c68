import pickle
import re

import pytest

from kdxf.errors import UserError
from kdxf.text.registry import TOKENIZERS
from kdxf.text.tokenizers import BaseTokenizer, JiebaTokenizer, WordTokenizer
from kdxf_runtime.tokenizers.base import normalize_units
from kdxf_runtime.tokenizers.cleaning import clean_text


def table(docstring):
    """The first two literals of each line that begins with one: text and normalized text."""
    rows = [re.findall("``(.*?)``", line)[:2] for line in docstring.splitlines() if line.startswith("    ``")]
    return [row for row in rows if len(row) == 2]


def test_table_of_the_docstring():
    rows = table(normalize_units.__doc__)
    assert len(rows) == 7
    for text, normalized in rows:
        assert normalize_units(text) == normalized
        assert normalize_units(normalized) == normalized


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("", ""),
        ("33 CL/100ML", "33cl/100ml"),
        ("5000 mAh 420 KJ", "5000mah 420kj"),
        ("1,5 L mjölk", "1.5l mjölk"),
        ("29,90 kr/st", "29.90kr/st"),
        ("1.299,00 kr", "1.299,00kr"),
        ("3‰ 3 ‰", "3‰ 3‰"),
        ("¥5,99 99€, 99 €", "¥5.99 €99, €99"),
        ("0.5千克装 5公斤", "0.5kg装 5kg"),
        ("5000毫安时电池", "5000mah电池"),
        ("500㎖", "500ml"),
        ("６００ ＭＬ", "600ml"),
        ("¥ 5,99元", "¥5.99元"),
    ],
)
def test_normalized(text, normalized):
    assert normalize_units(clean_text(text)) == normalized


@pytest.mark.parametrize(
    "text",
    [
        "5G 512G 5G网络",
        "XL 2 lager",
        "2 l'eau",
        "iPhone13 l",
        "5 €99",
        "$5€",
        "满100 50减",
        "5升级 3克拉 100元",
        "3 M 4 m",
        "1,2,3",
        "12:30",
        "5 ml2",
        "€ %",
    ],
)
def test_left_as_it_is(text):
    assert normalize_units(text) == text


def test_spellings_become_one_word():
    for tokenizer in (WordTokenizer(normalize_units=True), JiebaTokenizer(normalize_units=True)):
        for spellings in (["500 ml", "500ML", "500 毫升", "５００ｍｌ"], ["3,0 %", "3.0%"], ["€ 2,99", "2.99 €"]):
            assert len({tuple(tokenizer.tokenize(text)) for text in spellings}) == 1
            assert len(tokenizer.tokenize(spellings[0])) == 1


def test_option_of_the_tokenizers():
    assert WordTokenizer(normalize_units=True).tokenize("Mjölk 3,0 % 500 ML") == ["mjölk", "3.0%", "500ml"]
    assert JiebaTokenizer(normalize_units=True).tokenize("Mjölk 3,0 % 500 ML") == ["Mjölk", "3.0%", "500ml"]
    # as it is by default
    assert WordTokenizer().tokenize("Mjölk 3,0 % 500 ML") == ["mjölk", "3,0", "500", "ml"]
    assert JiebaTokenizer().tokenize("Mjölk 3,0 % 500 ML") == ["Mjölk", "3,0", "500", "ML"]


def test_brands_and_prices_stay_beside_chinese_and_can_be_dropped():
    text = "OPPO手机5,99 € 净含量500毫升"
    assert JiebaTokenizer(normalize_units=True).tokenize(text) == ["OPPO", "手机", "€5.99", "净含量", "500ml"]
    assert JiebaTokenizer(normalize_units=True, chinese_only=True).tokenize(text) == ["手机", "净含量"]


class Counting(BaseTokenizer):
    """Tokenizer that splits at spaces and records its arguments."""

    def __init__(self, **options):
        super().__init__(**options)
        self.asked = []

    def split(self, text):
        self.asked.append(text)
        return text.split()


def test_text_is_cleaned_before_it_is_split():
    tokenizer = Counting()
    assert tokenizer.tokenize("  Ａ \t b ") == ["A", "b"]
    assert tokenizer.asked == ["A b"]


def test_units_are_normalized_where_asked_for():
    assert Counting(normalize_units=True).tokenize("５００ ml") == ["500ml"]
    assert Counting().tokenize("５００ ml") == ["500", "ml"]


def test_a_line_is_split_once_and_its_words_can_be_changed_by_the_caller():
    tokenizer = Counting()
    tokenizer.tokenize("a b").append("c")
    assert tokenizer.tokenize("a b") == ["a", "b"]
    assert tokenizer.asked == ["a b"]


def test_the_cache_forgets_the_line_that_was_seen_longest_ago():
    tokenizer = Counting(cache_size=2)
    for line in ("a", "b", "c", "c", "b", "a"):
        tokenizer.tokenize(line)
    assert tokenizer.asked == ["a", "b", "c", "a"]


def test_no_cache():
    tokenizer = Counting(cache_size=0)
    tokenizer.tokenize("a")
    tokenizer.tokenize("a")
    assert tokenizer.asked == ["a", "a"]


def test_negative_cache_size():
    with pytest.raises(UserError, match="cache_size must be 0 or more, got -1"):
        WordTokenizer(cache_size=-1)


@pytest.mark.parametrize("name", ["JiebaTokenizer", "WordTokenizer"])
def test_registered_and_picklable(name):
    tokenizer = TOKENIZERS.build({"type": name, "cache_size": 7})
    words = tokenizer.tokenize("新品 5G")
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert copy.cache_size == 7
    assert copy.tokenize("新品 5G") == words


def test_the_pickle_leaves_the_cache_behind():
    tokenizer = WordTokenizer()
    empty = len(pickle.dumps(tokenizer))
    for number in range(1000):
        tokenizer.tokenize(f"word {number}")
    assert len(pickle.dumps(tokenizer)) == empty


def test_tokenizers_need_no_torch():
    import subprocess
    import sys

    code = "import sys, kdxf.text.tokenizers; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
