"""Chinese numerals, by the table of the docstring and against cn2an, which spells numbers."""

import random
import re

import pytest

from kdxf.text.tokenizers import JiebaTokenizer, WordTokenizer
from kdxf_runtime.tokenizers.chinese_numerals import digits_for_numerals


def test_the_table():
    rows = [re.findall("``(.*?)``", line) for line in digits_for_numerals.__doc__.splitlines()]
    rows = [row for row in rows if len(row) == 2]
    assert len(rows) == 9
    for text, written in rows:
        assert digits_for_numerals(text) == written


def test_numbers_that_stand_alone():
    cn2an = pytest.importorskip("cn2an", reason="needs the extra 'dev'")
    draw = random.Random(0)
    numbers = [*range(11, 300), 1001, 1010, 1100, 10_001, 10_010, 100_000, 110_000, 10**8, 10**8 + 1]
    numbers += [draw.randrange(10 ** draw.randint(2, 11)) + 11 for _ in range(300)]
    for number in numbers:
        spelled = cn2an.an2cn(number)
        assert digits_for_numerals(spelled) == str(number), spelled
        assert digits_for_numerals(f"共{spelled}元") == f"共{number}元", spelled


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("五 毫升", "5 毫升"),
        ("五百千卡", "500千卡"),
        ("三千克", "3千克"),
        ("三千五百克", "3500克"),
        ("一百十五克", "115克"),
        ("两L装", "2L装"),
        ("十五天", "15天"),
        ("百分之百", "100%"),
        ("百分之三点五", "3.5%"),
        ("三千萬元", "30000000元"),
        ("双十一", "双11"),
        ("一零五 一二〇 零零七", "105 120 007"),
        ("一九九八年一月", "1998年一月"),
        ("零点五升", "0.5升"),
    ],
)
def test_numbers(text, written):
    assert digits_for_numerals(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "一定要买",
        "一心一意",
        "一五一十",
        "十分好吃",
        "千万不要",
        "百事可乐",
        "五粮液",
        "八宝粥",
        "五十铃",
        "第三方",
        "零食",
        "零一万物",
        "九九八十一",
        "一万二",
        "三点五十分",
        "数十万元",
        "几十个",
        "三升级",
        "三克拉",
        "五月花",
        "一一对应",
        "乱七八糟",
        "买一送一",
        "老三",
        "初五",
        "十",
        "三百五",
        "三个g",
    ],
)
def test_what_stays(text):
    assert digits_for_numerals(text) == text


def test_an_endless_line_takes_no_time():
    line = "一" * 20_000 + "点一"
    assert digits_for_numerals(line) == line


def test_tokenizers_have_it_as_an_option():
    assert JiebaTokenizer().tokenize("净含量五百毫升")[-1] == "毫升"
    both = {"normalize_numerals": True, "normalize_units": True}
    assert JiebaTokenizer(**both).tokenize("净含量五百毫升") == ["净含量", "500ml"]
    assert WordTokenizer(**both).tokenize("五百 ML") == ["500ml"]
