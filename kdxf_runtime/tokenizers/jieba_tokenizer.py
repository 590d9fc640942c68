"""Chinese word segmentation that also keeps the foreign words, numbers and prices of Chinese advertisements.

jieba keeps a marshalled copy of its dictionary in the shared temporary folder, where anybody may replace it. Reading
that copy takes as long as reading the dictionary itself (about a third of a second), so it is not used.
"""

import re
import warnings
from functools import cache
from itertools import pairwise
from pathlib import Path

from kdxf_runtime.errors import UserError
from kdxf_runtime.tokenizers.base import BaseTokenizer
from kdxf_runtime.tokenizers.cleaning import HAN_RUN, SPACED_WORD, clean_text, converter

with warnings.catch_warnings():
    # jieba imports pkg_resources and writes regular expressions in a way that newer Pythons warn of.
    warnings.simplefilter("ignore")
    import jieba

_ENTRY = re.compile(r"(?P<word>.+?)(?:\s(?P<frequency>\d+))?(?:\s[a-z]+)?")


SIMPLIFY = "the option simplify of JiebaTokenizer"
"""The option that needs OpenCC, as error messages name it."""


def load_segmenter(user_dict: str | None = None, simplify: bool = False) -> jieba.Tokenizer:
    """Return jieba's segmenter, with the words of a user's dictionary added to its own.

    Args:
        user_dict: A UTF-8 file with one word per line, optionally followed by a frequency and a tag.
        simplify: Whether to write the traditional characters in that file simplified.

    Raises:
        UserError: The file is missing or is not UTF-8 text, or OpenCC is not installed.
    """
    return _own_segmenter() if user_dict is None else _extended_segmenter(user_dict, simplify)


@cache
def _own_segmenter() -> jieba.Tokenizer:
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = _read_own_dictionary(segmenter)
    segmenter.initialized = True
    return segmenter


def _read_own_dictionary(segmenter: jieba.Tokenizer) -> tuple[dict[str, int], int]:
    """Return what jieba's ``gen_pfdict`` does, in half the time: frequencies, 0 for beginnings of words, and their sum.

    Each line of the file has a word, its frequency and a tag.
    """
    with segmenter.get_dict_file() as file:
        fields = file.read().decode().split()
    words, numbers = fields[::3], list(map(int, fields[1::3]))
    frequencies = dict(zip(words, numbers, strict=True))
    for word in words:
        beginning = word[:-1]
        while beginning and beginning not in frequencies:  # those of a word that is there are, or will be
            frequencies[beginning] = 0
            beginning = beginning[:-1]
    return frequencies, sum(numbers)


@cache
def _extended_segmenter(user_dict: str, simplify: bool) -> jieba.Tokenizer:
    words = _read_user_dict(Path(user_dict))
    base = _own_segmenter()
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total, segmenter.initialized = dict(base.FREQ), base.total, True
    for word, frequency in words:
        segmenter.add_word(converter("t2s", SIMPLIFY)(word) if simplify else word, frequency)
    return segmenter


def _read_user_dict(path: Path) -> list[tuple[str, int | None]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"user dictionary {path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"user dictionary {path} cannot be read: {error.strerror}") from None
    words = []
    for line in map(clean_text, lines):
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            frequency = entry["frequency"]
            words.append((entry["word"], None if frequency is None else int(frequency)))
    return words


class JiebaTokenizer(BaseTokenizer):
    """Tokenizer of Chinese text with jieba (exact mode); it keeps words of other scripts, numbers and prices.

    =============================== ============================================== ===============================
    text                            words                                          with ``chinese_only``
    =============================== ============================================== ===============================
    ``iPhone13 仅售￥ 5,999元！``     ``iPhone13`` ``仅售`` ``¥5,999`` ``元``            ``仅售`` ``元``
    ``【５Ｇ手机】ＯＰＰＯ新品``      ``5G`` ``手机`` ``OPPO`` ``新品``                  ``手机`` ``新品``
    ``纯牛奶3.0%脂肪``               ``纯牛奶`` ``3.0%`` ``脂肪``                     ``纯牛奶`` ``脂肪``
    ``夏季T恤，满100，减50``          ``夏季`` ``T恤`` ``满`` ``100`` ``减`` ``50``       ``夏季`` ``满`` ``减``
    ``L’Oréal 巴黎欧莱雅``           ``L'Oréal`` ``巴黎`` ``欧莱雅``                   ``巴黎`` ``欧莱雅``
    ``★☆···``                      (none)                                         (none)
    =============================== ============================================== ===============================

    Args:
        user_dict: A UTF-8 file with one word per line, optionally followed by a frequency and a tag
            (``新品 100 n``), in addition to jieba's own dictionary.
        chinese_only: Whether to drop every word that does not consist of Chinese characters. Brands,
            numbers and prices say much about an advertisement, so the default keeps them.
        lowercase: Whether to put Latin letters in lower case, as some published word vectors want.
        cache_size: The number of lines whose words are remembered.
        simplify: Whether to write traditional characters simplified (``優惠價`` as ``优惠价``), in the user dictionary
            as well; needs the extra ``chinese``. Published Chinese vectors and jieba's own dictionary are simplified.
        normalize_units: Whether to write numbers with units, currencies and per cent signs in one way
            (:func:`~kdxf_runtime.tokenizers.base.normalize_units`): ``500 ml`` and ``500毫升`` both give ``500ml``.
        normalize_numerals: Whether to write numbers that are spelled in Chinese in digits
            (:func:`~kdxf_runtime.tokenizers.chinese_numerals.digits_for_numerals`): ``五百毫升`` as ``500毫升``.

    Raises:
        UserError: The user dictionary is missing, or cannot be read, or OpenCC is not installed.
    """

    def __init__(
        self,
        user_dict: str | None = None,
        chinese_only: bool = False,
        lowercase: bool = False,
        cache_size: int = 16384,
        simplify: bool = False,
        normalize_units: bool = False,
        normalize_numerals: bool = False,
    ) -> None:
        super().__init__(cache_size, normalize_units, normalize_numerals)
        self.user_dict = user_dict
        self.chinese_only = chinese_only
        self.lowercase = lowercase
        self.simplify = simplify
        # Loaded now: errors are reported at once, and workers that are forked later share the memory.
        self.split("")

    def split(self, text: str) -> list[str]:
        """Cut cleaned text into words."""
        if self.simplify:
            text = converter("t2s", SIMPLIFY)(text)
        words = [text[start:end] for start, end in pairwise(self._cuts(text))]
        if self.chinese_only:
            words = [word for word in words if HAN_RUN.fullmatch(word)]
        else:
            words = [word for word in words if any(map(str.isalnum, word))]
        return [word.lower() for word in words] if self.lowercase else words

    def _cuts(self, text: str) -> list[int]:
        """Return the sorted positions at which to cut the text: jieba's, except inside a foreign word or number.

        jieba itself splits prices and accented words. Where it sees no cut inside such a word, it may have matched a
        dictionary word that mixes scripts, such as ``T恤``, which then stays whole.
        """
        cuts = {0}
        position = 0
        for word in load_segmenter(self.user_dict, self.simplify).cut(text):
            position += len(word)
            cuts.add(position)
        for match in SPACED_WORD.finditer(text):
            inside = cuts.intersection(range(match.start() + 1, match.end()))
            if inside:
                cuts -= inside
                cuts |= {match.start(), match.end()}
        return sorted(cuts)
