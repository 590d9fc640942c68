"""Characters that OCR mistakes for each other, because they look alike.

Most of the table comes from pictures: ``tools/text/look_alikes.py`` draws the characters and compares them. What that
cannot find is written down here: letters of different height that OCR sees in lines of unknown height (``o``, ``O``,
``0``), and several characters that together look like one (``rn``, ``m``). Traditional and simplified forms of a
character (``買``, ``买``) do not look alike and are not in it.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

LOOK_ALIKES_FILE = Path(__file__).with_name("look_alikes.txt")

# The characters of a group are look-alikes of each other.
_GROUPS = (
    *("0OoDQ", "1lI|!i", "2Zz", "5Ss", "6Gb", "8B", "9gq", "7T?"),
    *("cCe", "aoe", "uvn", "mn", "hb", "ft", "rf", "ij", "sS", "kK", "pP", "wW", "xX", "yY", "vV"),
    *("aäå", "oö", "eé", "uü", "AÄÅ", "OÖ", "EÉ", "口囗", "一-—"),
)

LIGATURES: Mapping[str, str] = MappingProxyType(
    {"rn": "m", "nn": "m", "vv": "w", "VV": "W", "cl": "d", "ci": "a", "li": "h", "iJ": "U", "ri": "n", "fi": "h"}
    | {"女子": "好", "木木": "林", "日月": "明", "亻尔": "你", "口乞": "吃", "讠人": "认"}
)
"""Adjacent characters that look like one, and the one that they look like."""


@lru_cache(maxsize=1)
def look_alikes() -> Mapping[str, str]:
    """Return for each character its look-alikes, most similar first; characters without any have no entry."""
    table: dict[str, str] = {}
    for group in _GROUPS:
        for character in group:
            table[character] = table.get(character, "") + group.replace(character, "")
    for line in LOOK_ALIKES_FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            character, alike = line.split("\t")
            table[character] = table.get(character, "") + alike
    return MappingProxyType({character: "".join(dict.fromkeys(alike)) for character, alike in table.items()})


def is_look_alike(one: str, other: str) -> bool:
    """Return whether one of two characters may be mistaken for the other."""
    table = look_alikes()
    return other in table.get(one, "") or one in table.get(other, "")
