"""Reading of text and JSON that people or strangers wrote: which encoding it has, within bounds.

UTF-8 is read, with a byte order mark or without, and UTF-16 with its mark, as Excel's "Unicode text" has it. Other
encodings have no mark and any of them may look like any other, so they are refused with the command that converts them.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.bounds import JSON_EXPANDS, TEXT_EXPANDS, check_lines, check_size
from kdxf_runtime.io.unicode_names import nfc
from kdxf_runtime.log import LOG

_SHOWN = 12


def read_utf8(path: Path, expands: int = TEXT_EXPANDS) -> bytes:
    """Read a text as UTF-8 without a byte order mark; one in UTF-16 is converted, and that is logged.

    Args:
        path: The file.
        expands: As of :func:`kdxf_runtime.io.bounds.check_size`.

    Raises:
        UserError: It is in another encoding, is no text, has a line without end, or is too large for the memory.
    """
    check_size(path, expands)
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError as error:
            raise UserError(f"{path}: begins like UTF-16 and is none ({error}); save it as UTF-8") from error
        LOG.warning(f"{path}: is UTF-16, and is read as such")
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data:
        raise UserError(f"{path}: has zero bytes, as UTF-16 without its mark and binary files do; save it as UTF-8")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text{_guess(data, error.start, path)}; save it as UTF-8") from error
    check_lines(data, path)
    return data


def read_text(path: Path, expands: int = TEXT_EXPANDS) -> str:
    """Read a text that people wrote, with composed characters (:mod:`kdxf_runtime.io.unicode_names`).

    Raises:
        UserError: See :func:`read_utf8`.
    """
    return nfc(read_utf8(path, expands).decode())


def has_mark(path: Path) -> bool:
    """Tell whether a text begins with the byte order mark of UTF-8, as what Excel shall show does."""
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _guess(data: bytes, place: int, path: Path) -> str:
    """Say which encoding of Chinese the text is likely in, with an example that a person can judge."""
    line = data[data.rfind(b"\n", 0, place) + 1 :].split(b"\n", 1)[0]
    try:
        data.decode("gb18030")
        text = line.decode("gb18030").strip()
    except UnicodeDecodeError:
        return ""
    if not any("\u4e00" <= character <= "\u9fff" for character in text):
        return ""
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return f" but likely GB18030, in which a line is {shown!r} (iconv -f GB18030 -t UTF-8 {path.name} > NEW)"


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text that are not empty, without the spaces around them.

    Raises:
        UserError: See :func:`read_utf8`.
    """
    return [stripped for line in read_text(path).split("\n") if (stripped := line.strip())]


# Half of a character beyond the first 65,536, as JSON may write it.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json_text(path: Path, keys_once: bool = False) -> Any:
    """Read a JSON file that may come from a stranger, with composed characters.

    Args:
        path: The file.
        keys_once: Whether an object that has a key twice is refused; else the last one counts.

    Raises:
        UserError: It is no JSON in UTF-8, is nested too deeply, has half of a character, or is too large for the
            memory.
    """
    text = read_text(path, JSON_EXPANDS)
    try:
        value = json.loads(text, object_pairs_hook=_each_once if keys_once else None)
        if _SURROGATE.search(text):
            # Fails for one half without the other, but for those that stand for bytes of a file name.
            json.dumps(value, ensure_ascii=False).encode(errors="surrogateescape")
        return value
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])[1:-1]
        raise UserError(f"{path}: {half} is half of a character; write both halves, or the character") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON in UTF-8: {error}") from error
    except RecursionError as error:
        raise UserError(f"{path}: JSON whose lists and objects are nested too deeply") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return found


def shown(names: Sequence[object], most: int = 8) -> str:
    """Join names for a message in one line, the first of many."""
    return ", ".join(" ".join(str(name).split()) for name in names[:most]) + (", ..." if len(names) > most else "")
