"""The interface of a tokenizer: cleaning, normalized units, and the cache that all tokenizers share."""

import re
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

from kdxf_runtime.errors import UserError
from kdxf_runtime.tokenizers.chinese_numerals import digits_for_numerals
from kdxf_runtime.tokenizers.cleaning import CURRENCY, LETTER, NUMBER, clean_text

# Each unit with its spellings. Chinese units of one character are left out, because words begin with them (升级, 克拉),
# and so is m, which is a clothes size. A g joins its number but keeps its case: 5G and 512G are not weights.
_SPELLINGS = {
    "ml": "ml 毫升",
    "cl": "cl",
    "dl": "dl",
    "l": "l 公升",
    "mg": "mg 毫克",
    "kg": "kg 公斤 千克",
    "mm": "mm 毫米",
    "cm": "cm 厘米",
    "kcal": "kcal 千卡",
    "kj": "kj 千焦",
    "mah": "mah 毫安时",
    "kr": "kr",
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_END = rf"(?!{LETTER}|[\d'&])"
_QUANTITY = re.compile(
    rf"(?<!{LETTER})(?<![\d.,])(?P<before>[{CURRENCY}])?(?P<number>{NUMBER})"
    rf"(?:\s?(?P<unit>{'|'.join(_UNITS)}){_END}"
    rf"|\s?(?P<sign>g{_END}|[%‰])"
    rf"|(?(before)(?!)|\s?(?P<after>[{CURRENCY}])(?!\d)))?",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"\d+,\d\d?")


def normalize_units(text: str) -> str:
    """Write each number that has a unit, a currency or a per cent sign in one way.

    ========================= ======================= ================================================================
    text                      normalized              rule
    ========================= ======================= ================================================================
    ``500 ml 1 L 2 Kg``       ``500ml 1l 2kg``        a unit joins its number, in lower case: ml, cl, dl, l, mg, kg,
                                                      mm, cm, kcal, kJ, mAh, kr
    ``净含量500毫升``         ``净含量500ml``         Chinese units of two or more characters become Latin
    ``80 g 5G``               ``80g 5G``              g joins, but keeps its case: ``5G`` is no weight
    ``3,0 %``                 ``3.0%``                a per cent sign joins; a comma before one or two digits is decimal
    ``2,99 €``                ``€2.99``               a currency sign goes in front
    ``1,000 ml``              ``1,000ml``             a comma before three digits may group them, and stays
    ``2 lager, size 3,5``     ``2 lager, size 3,5``   other numbers stay as they are
    ========================= ======================= ================================================================

    Args:
        text: A line that :func:`~kdxf_runtime.tokenizers.cleaning.clean_text` has cleaned.
    """
    return _QUANTITY.sub(_write, text)


def _write(match: re.Match[str]) -> str:
    before, number, unit, sign, after = match.groups(default="")
    if not (before or unit or sign or after):
        return match[0]
    if _DECIMAL_COMMA.fullmatch(number):
        number = number.replace(",", ".")
    return f"{before or after}{number}{_UNITS.get(unit.lower(), '')}{sign}"


class BaseTokenizer(ABC):
    """Base class of tokenizers, which cut a line of text into words.

    A subclass implements one method, :meth:`split`. The base class cleans the text first
    (:func:`~kdxf_runtime.tokenizers.cleaning.clean_text`) and caches the words of recent lines: brand names, prices and
    slogans repeat, and every epoch reads the same lines again. A tokenizer is pickled without its cache.

    Args:
        cache_size: The number of lines to remember; 0 remembers none.
        normalize_units: Whether to write numbers with units, currencies and per cent signs in one way, so that
            ``500 ml`` and ``500ML`` are one word: see :func:`~kdxf_runtime.tokenizers.base.normalize_units`.
        normalize_numerals: Whether to write numbers that are spelled in Chinese in digits, before units are normalized:
            see :func:`~kdxf_runtime.tokenizers.chinese_numerals.digits_for_numerals`.

    Raises:
        UserError: ``cache_size`` is negative.
    """

    def __init__(
        self, cache_size: int = 16384, normalize_units: bool = False, normalize_numerals: bool = False
    ) -> None:
        if cache_size < 0:
            raise UserError(f"cache_size must be 0 or more, got {cache_size}")
        self.cache_size = cache_size
        self.normalize_units = normalize_units
        self.normalize_numerals = normalize_numerals
        self._remember()

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """Cut cleaned text into words."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a line of text in reading order; an empty list if it has none."""
        return list(self._cached(text))

    def _remember(self) -> None:
        self._cached = lru_cache(maxsize=self.cache_size)(self._clean_and_split)

    def _clean_and_split(self, text: str) -> tuple[str, ...]:
        text = clean_text(text)
        if self.normalize_numerals:
            text = digits_for_numerals(text)
        return tuple(self.split(normalize_units(text) if self.normalize_units else text))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_cached"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._remember()
