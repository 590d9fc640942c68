"""Words of the scripts that put spaces between words."""

import re

from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.tokenizers.cleaning import HAN_CHARACTER, SPACED_WORD

_WORD = re.compile(f"{HAN_CHARACTER.pattern}|{SPACED_WORD.pattern}")


class WordTokenizer(BaseTokenizer):
    """Tokenizer that cuts at spaces and punctuation and folds case: for Latin, Cyrillic, Greek, Arabic, Hangul, etc.

    =========================== =======================================
    text                        words
    =========================== =======================================
    ``STANDARDMJÖLK 3.0%``      ``standardmjölk`` ``3.0%``
    ``Arla® Ko, 500 ml/1L``     ``arla`` ``ko`` ``500`` ``ml`` ``1l``
    ``L’Oréal - H&M``           ``l'oréal`` ``h&m``
    ``NY! 2,99 € (ca 30 kr)``   ``ny`` ``2,99`` ``ca`` ``30`` ``kr``
    ``新品 New``                ``新`` ``品`` ``new``
    ``*** --``                  (none)
    =========================== =======================================

    Chinese has no spaces: each of its characters becomes a word. :class:`JiebaTokenizer` cuts Chinese properly.

    Args:
        cache_size: The number of lines whose words are remembered.
        normalize_units: Whether to write numbers with units, currencies and per cent signs in one way
            (:func:`~kdxf_runtime.tokenizers.base.normalize_units`): ``500 ml`` and ``500ML`` both give ``500ml``,
            ``3,0 %`` gives ``3.0%`` and ``2,99 €`` gives ``€2.99``.
        normalize_numerals: Whether to write numbers that are spelled in Chinese in digits
            (:func:`~kdxf_runtime.tokenizers.chinese_numerals.digits_for_numerals`).
    """

    def split(self, text: str) -> list[str]:
        """Cut cleaned text into words."""
        return _WORD.findall(text.casefold())
