"""Files that appear whole or not at all, and file names that are not valid UTF-8."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOT_UTF8 = "backslashreplace"
"""What Python's encoders do with such bytes, which come as lone surrogates: 0xb9 is written as ``\\udcb9``."""


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path, and rename the file that was written there to ``target`` if the block ends well.

    The folders above it are made. A block that fails leaves nothing behind, and an existing ``target`` as it was. An
    ``OSError`` that names no file, such as that of a full disk, gets the name of ``target``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if error.errno is not None:
            error.filename = error.filename or str(target)
        raise
    finally:
        with contextlib.suppress(OSError):  # it was renamed, or could not be written
            temporary.unlink()


def write_whole(data: bytes | memoryview, target: Path) -> None:
    """Write bytes to a file, which is replaced where it exists."""
    with replacing(target) as temporary:
        temporary.write_bytes(data)


def write_json(content: Any, target: Path) -> None:
    """Write indented JSON; bytes of file names that are not valid UTF-8 become JSON's own escapes."""
    write_whole((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode(errors=NOT_UTF8), target)


def read_json(path: Path) -> Any:
    """Read a JSON file; None where it does not exist."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file with its time stamps."""
    with replacing(target) as temporary:
        shutil.copy2(source, temporary)


def link_whole(source: Path, target: Path) -> None:
    """Give a file a second name (a hard link).

    Raises:
        OSError: The two are on different file systems, or the file system knows no hard links.
    """
    with replacing(target) as temporary:
        os.link(source, temporary)


def in_utf8(text: str) -> str:
    """Return text that UTF-8 can hold, with other bytes of file names in it written as :data:`NOT_UTF8` says."""
    return text.encode(errors=NOT_UTF8).decode()
