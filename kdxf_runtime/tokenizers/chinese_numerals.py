"""Numbers that are spelled in Chinese, written in digits where the text around them shows that they are numbers.

Many words begin with or hold a numeral: 一定, 万一, 三星, 十三香. A numeral is therefore only touched where it is a
complete number (二百五 is none) and a unit, a sign word or the end of the Chinese characters stands beside it.
"""

import re

_ONE_TO_NINE = "一二三四五六七八九"
_DIGITS = {"〇": 0, "零": 0, **{digit: value for value, digit in enumerate(_ONE_TO_NINE, 1)}, "两": 2, "兩": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_NUMERAL = f"[{''.join((*_DIGITS, *_PLACES, *_GROUPS))}]"

# A number as it is counted: 十二, 两千三百, 一百零五, 三千万.
_D = f"[{_ONE_TO_NINE}两兩]"
_TENS = f"{_D}?十{_D}?"
_HUNDREDS = f"{_D}百(?:[零〇]{_D}|{_TENS})?"
_THOUSANDS = f"{_D}千(?:[零〇](?:{_TENS}|{_D})|{_HUNDREDS})?"
_SECTION = f"(?:{_THOUSANDS}|{_HUNDREDS}|{_TENS}|{_D})"
_REST = f"(?:{_THOUSANDS}|[零〇](?:{_HUNDREDS}|{_TENS}|{_D}))"
_MYRIADS = f"(?:{_SECTION}[万萬]{_REST}?)"
_COUNTED = f"(?:{_SECTION}[亿億](?:[零〇]?{_MYRIADS}|{_REST})?|{_MYRIADS}|{_SECTION})"
# A number as it is dialled: 二〇二六, 九零.
_ANY = f"[〇零{_ONE_TO_NINE}]"
_DIALLED = f"(?:{_ANY}{{4,}}|[{_ONE_TO_NINE}]{{1,2}}[〇零]|[{_ONE_TO_NINE}][〇零]{_ANY}|[〇零]{_ANY}{{1,2}})"
_DECIMALS = f"(?:点{_ANY}+)?"

# Behind a single digit only what nothing but an amount has.
_MEASURE = (
    "(?:毫升|公升|升(?![级降值学温])|毫克|千克|公斤|克(?![拉力])|斤|毫米|厘米|千卡|千焦|毫安时"
    "|(?:ml|mL|ML|kg|KG|Kg|cm|mm|L|g)(?![A-Za-z]))"
)
_UNIT = "[元块年月日号天岁米瓦度寸吋只片粒枚包盒瓶袋支条件个張张抽人名位种款倍次层期届周秒页]|英寸|小时|分钟|周年"
_SIGN = "[满减第共约仅售价送省滿減約僅價]"
_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff"

_BEFORE = f"(?<!{_NUMERAL}|[数几幾數点])"
_AFTER = f"(?!{_NUMERAL}|点{_ANY})"
_SEVERAL = f"(?={_NUMERAL}{{2}})"
_WRITTEN = re.compile(
    rf"百分之(?P<percent>(?:{_COUNTED}|百|[零〇]){_DECIMALS}){_AFTER}"
    rf"|{_BEFORE}(?P<thousands>{_D})(?=千[克卡焦])"  # 三千克 is 3 千克
    rf"|{_BEFORE}(?P<amount>(?:{_COUNTED}|[零〇]){_DECIMALS})(?=\s?{_MEASURE})"
    rf"|{_BEFORE}(?P<share>[{_ONE_TO_NINE}]{{1,2}})(?=折)"
    rf"|{_BEFORE}{_SEVERAL}(?P<counted>{_COUNTED})(?=\s?(?:{_UNIT}))"
    rf"|(?<={_SIGN}){_SEVERAL}(?P<signed>{_COUNTED}){_AFTER}"
    rf"|{_BEFORE}{_SEVERAL}(?P<last>{_COUNTED})(?![{_HAN}])"
    rf"|{_BEFORE}(?P<dialled>{_DIALLED}){_AFTER}"
)


def digits_for_numerals(text: str) -> str:
    """Write the numbers of a line that are spelled in Chinese in digits.

    ============================ ======================= =============================================================
    text                         written                 rule
    ============================ ======================= =============================================================
    ``五百毫升 三千克 零点五升`` ``500毫升 3千克 0.5升`` any number in front of a measure: volume, mass, length, energy
    ``十二个 两千三百元``        ``12个 2300元``         from two characters on, in front of a counter or 元
    ``满五百减五十 第十二``      ``满500减50 第12``      or behind 满, 减, 第, 共, 约, 仅, 售, 价, 送, 省
    ``库存五百, 一百零五``       ``库存500, 105``        or where no Chinese character follows
    ``二〇二六年 九零后``        ``2026年 90后``         four digits in a row, or two with a zero
    ``九折 八五折``              ``9折 85折``            a discount
    ``百分之五``                 ``5%``                  a per cent sign
    ``一定 万一 三星 十三香``    ``一定 万一 三星 十三香`` a part of a word stays
    ``二百五 三五斤 三元牛奶``   ``二百五 三五斤 三元牛奶`` so does what is no complete number, or may be a name
    ============================ ======================= =============================================================

    Args:
        text: A line that :func:`~kdxf_runtime.tokenizers.cleaning.clean_text` has cleaned, in simplified or traditional
            characters.
    """
    return _WRITTEN.sub(_write, text)


def _write(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    whole, point, decimals = match[kind].partition("点")
    if kind in ("share", "dialled"):
        return _dialled(whole)
    number = _counted("一百" if whole == "百" else whole)  # 百分之百
    return f"{number}{point and '.'}{_dialled(decimals)}{'%' if kind == 'percent' else ''}"


def _dialled(number: str) -> str:
    return "".join(str(_DIGITS[digit]) for digit in number)


def _counted(number: str) -> int:
    """Return the value of a number: the places below each group are summed, then multiplied by it."""
    total = section = digit = 0
    for character in number:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _PLACES:
            section += (digit or 1) * _PLACES[character]  # 十二 is 12
            digit = 0
        else:
            total += (section + digit) * _GROUPS[character]
            section = digit = 0
    return total + section + digit
