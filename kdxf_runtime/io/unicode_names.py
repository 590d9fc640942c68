"""File names in either Unicode form.

macOS and archives from it write ``é`` as two characters (NFD), nearly everything else as one (NFC). The two look alike
and are different names. kdxf has one form inside, NFC: lists, folders, class names and OCR tables are brought to it
when they are read. A picture is opened under its own name, whichever form that has (:func:`find_file`).
"""

import os
import unicodedata
from pathlib import Path


def nfc(text: str) -> str:
    """Return a text with composed characters; bytes of names that are not UTF-8 stay as they are."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def find_file(path: str | Path) -> Path:
    """Return the path of a file as the disk has it: ``path``, or one that differs in its Unicode form alone.

    Where there is none, ``path`` comes back, so that opening it names what is missing.
    """
    path = Path(path)
    text = str(path)
    if text.isascii() or os.path.lexists(path):
        return path
    for form in ("NFC", "NFD"):
        candidate = unicodedata.normalize(form, text)
        if os.path.lexists(candidate):
            return Path(candidate)
    return _part_by_part(path) or path


def _part_by_part(path: Path) -> Path | None:
    """Find a path whose parts have different forms."""
    found = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        if not os.path.lexists(found / part):
            try:
                alike = (name for name in os.listdir(found) if nfc(name) == nfc(part))
                part = next(alike, "")
            except OSError:
                return None
            if not part:
                return None
        found /= part
    return found
