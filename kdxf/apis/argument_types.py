"""Types of command-line arguments, light enough for tools that need neither torch nor MMPretrain."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from kdxf.errors import UserError


def count(text: str) -> int:
    """Read a whole number from 1; anything else ends in a usage error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


def named_files(words: Iterable[str], option: str) -> dict[str, Path]:
    """Read ``NAME=FILE``, or ``FILE``, which is named after its stem.

    Args:
        words: What stands on the command line.
        option: Where, for the message.

    Raises:
        UserError: Two files have one name.
    """
    files: dict[str, Path] = {}
    for word in words:
        name, equals, rest = word.partition("=")
        path = Path(rest) if equals and "/" not in name else Path(word)  # a folder may be called lr=0.1
        name = name if path != Path(word) else path.stem
        if name in files:
            raise UserError(f"{option}: two files are called {name!r}; give one another name, as NAME={path}")
        files[name] = path
    return files
