"""Numbers that Unicode has as one character, such as ①, ㈠, ½ and ², in a spelling that keeps them apart from others.

Unicode's compatibility form (NFKC) puts them next to their neighbours as they are: ``㈠①½`` becomes ``(一)11⁄2``, and
``10²`` becomes ``102``.
"""

import re
import unicodedata

# Latin-1, super- and subscripts, fractions, circled numbers, dingbats, East Asian units and dates, "1." and "1,".
_BLOCKS = (
    (0xA0, 0x100),
    (0x2070, 0x20A0),
    (0x2150, 0x2190),
    (0x2460, 0x2500),
    (0x2776, 0x2794),
    (0x3200, 0x3400),
    (0x1F100, 0x1F10D),
)
_RAISED = {"<super>": "^", "<sub>": "_"}
# A raised digit after one of these belongs to the unit, and is commonly typed as a plain one: m2.
_UNIT = re.compile(r"(?<![^\W\d_])(?:[mcdk]?m|in|ft)$")


def _tag(character: str) -> str:
    return unicodedata.decomposition(character).partition(" ")[0]


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKC", character).replace("\u2044", "/")


def _apart(character: str) -> str | None:
    """Return the spelling of a character that stands for a number, a date or a unit with a digit; else None."""
    tag, plain = _tag(character), _plain(character)
    value = unicodedata.numeric(character, None)
    if tag == "<fraction>":
        return f" {plain}" if plain.endswith("/") else f" {plain} "  # ⅟ goes with the digits that follow
    if not tag and value is not None and unicodedata.category(character) == "No":
        return f" {value:g} "  # ❶, which NFKC leaves as it is
    if tag not in ("<circle>", "<compat>", "<square>"):
        return None
    if value is not None and unicodedata.category(character) == "No":
        return f" {plain} "
    before, after = " " * plain[0].isdigit(), " " * plain[-1].isdigit()
    return f"{before}{plain}{after}" if before or after else None


_CHARACTERS = [chr(code) for start, stop in _BLOCKS for code in range(start, stop)]
_APART = str.maketrans({character: spelling for character in _CHARACTERS if (spelling := _apart(character))})
_DIGITS = {
    tag: "".join(character for character in _CHARACTERS if _tag(character) == tag and _plain(character).isdigit())
    for tag in _RAISED
}
_RAISED_NUMBER = re.compile("|".join((rf"⁻?[{_DIGITS['<super>']}]+", rf"₋?[{_DIGITS['<sub>']}]+")))


def spell_numbers(text: str) -> str:
    """Write numbers that are one character so that they stay numbers of their own.

    ================== ========================= =====================================================================
    text               written                   rule
    ================== ========================= =====================================================================
    ``㈠①❷⒊``          `` (一)  1  2  3. ``      a number in a circle, in brackets or with a full stop is a word
    ``1½ ⅟10``         ``1 1/2   1/10``          a fraction is digits with a slash, apart from the number before it
    ``2024㋀㏠``       ``2024 1月 1日``          so is a date
    ``5㎡ 5m² 5㎏``    ``5m2  5m2 5㎏``          a raised digit joins a unit of length
    ``10² 10⁻²``       ``10^2 10^-2``            after a digit a raised number is a power
    ``Milk¹ CO₂``      ``Milk 1 CO2``            after a word it is a note; a lowered one belongs to the word
    ================== ========================= =====================================================================
    """
    return _RAISED_NUMBER.sub(_write, text).translate(_APART)


def _write(match: re.Match[str]) -> str:
    tag, number = _tag(match[0][-1]), _plain(match[0]).replace("\u2212", "-")
    before, after = match.string[: match.start()], match.string[match.end() :]
    if before[-1:].isdigit():
        number = _RAISED[tag] + number
    elif tag == "<super>" and before[-1:].isalpha() and not _UNIT.search(before[-4:]):
        number = f" {number}"
    return f"{number} " if after[:1].isdigit() else number
