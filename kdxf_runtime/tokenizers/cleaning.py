"""Cleaning of the lines that OCR reads, conversion of Chinese scripts, and the patterns of the words that are kept.

Cleaning changes how characters are written, never the words. Everything else (brackets, stars, bullets, lone
punctuation) is dropped because no pattern below matches it.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Literal

from kdxf_runtime.optional import require
from kdxf_runtime.tokenizers.numbers import spell_numbers

# Chinese characters: 々, 〇, extension A, the main block, compatibility forms, the supplementary planes.
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
CURRENCY = "$¢£¤¥֏฿₠-⃀"
# Marks that belong to the letter before them (accents, Indic and Thai vowel signs); \w does not hold them.
_MARKS = "".join(mark for mark in map(chr, range(0x300, 0xFE00)) if unicodedata.category(mark)[0] == "M")
LETTER = rf"(?:[^\W_{HAN}]|[{_MARKS}])"
# A fraction as Unicode has it as one character: below 10, and no part of a date.
_FRACTION = r"(?<![\d.,/])\d/(?:10|[2-9])(?![\d/])"
NUMBER = rf"(?:{_FRACTION}|\d+(?:[.,]\d+)*)"

HAN_CHARACTER = re.compile(f"[{HAN}]")
"""One Chinese character."""

HAN_RUN = re.compile(f"[{HAN}]+")
"""A run of Chinese characters."""

SPACED_WORD = re.compile(
    rf"[{CURRENCY}]?{NUMBER}(?:[%‰{CURRENCY}]|{LETTER}+)?"  # 3.0%  ¥99  99€  5G  500ml  1,299  1/2
    rf"|{LETTER}+(?:['&]{LETTER}+)*"  # iPhone13  mjölk  L'Oréal  H&M
)
"""One word of a script that puts spaces between words, or one number with its unit, currency or per cent sign."""

# Unicode's compatibility forms (NFKC) would turn a trademark sign into letters ("TM") and a full-width comma, which
# separates items, into the ASCII comma that groups digits. Both become spaces before it is applied.
_BEFORE_NFKC = str.maketrans(dict.fromkeys("™℠©®℗，﹐､", " ") | dict.fromkeys("’‘ʼ´`", "'"))
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_CURRENCY_GAP = re.compile(rf"(?<=[{CURRENCY}])\s+(?=\d)")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def clean_text(text: str) -> str:
    """Normalize the characters of a line of text.

    ===================== ================= ==========================================================
    text                  cleaned           rule
    ===================== ================= ==========================================================
    ``ＮＥＷ　５Ｇ５㎏``   ``NEW 5G5kg``     full-width forms, ligatures, units: Unicode NFKC
    ``㈠①½``              ``(一) 1 1/2``    but numbers keep apart: see :func:`~.numbers.spell_numbers`
    ``10² 5m² CO₂``       ``10^2 5m2 CO2``  powers, units and formulas, by the same function
    ``满100，200减``       ``满100 200减``   a full-width comma separates, it does not group digits
    ``￥ 99``              ``¥99``           a currency sign joins its number
    ``Arla® Ko™``          ``Arla Ko``       trademark signs are dropped
    ``L’Oréal``            ``L'Oréal``       one apostrophe, composed accents
    ``  a \t b ``          ``a b``           one space between words, invisible characters dropped
    ===================== ================= ==========================================================
    """
    text = spell_numbers(_INVISIBLE.sub("", text)).translate(_BEFORE_NFKC)
    text = unicodedata.normalize("NFKC", text)
    return _SPACE.sub(" ", _CURRENCY_GAP.sub("", text)).strip()


@cache
def converter(direction: Literal["s2t", "t2s"], needed_by: str) -> Callable[[str], str]:
    """Return a function that converts text to the other script; everything that is not Chinese stays.

    It converts characters in the context of their words, and never replaces one word by another:
    ``t2s`` makes ``軟體`` to ``软体``, not to the mainland's ``软件``.

    Args:
        direction: ``'t2s'`` traditional to simplified, ``'s2t'`` simplified to traditional.
        needed_by: The option or tool that needs OpenCC, for the message.

    Raises:
        UserError: OpenCC is not installed.
    """
    convert: Callable[[str], str] = require("opencc", "chinese", needed_by).OpenCC(direction).convert
    return convert
