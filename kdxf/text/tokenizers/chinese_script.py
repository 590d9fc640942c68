"""Conversion between traditional and simplified Chinese characters, with OpenCC."""

from collections.abc import Callable
from functools import cache
from typing import Literal

from kdxf.optional import require


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
