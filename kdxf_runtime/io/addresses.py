"""Pictures at addresses that fsspec knows: ``s3://bucket/photos``, ``memory://photos``, ``file:///data/photos``."""

import os
import re
from pathlib import Path
from typing import Any

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.folders import is_hidden
from kdxf_runtime.io.images import IMAGE_EXTENSIONS
from kdxf_runtime.optional import require

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# The packages that fsspec loads for a protocol and that an extra installs.
_EXTRAS = {"s3": "s3", "s3a": "s3"}


def is_address(path: str | Path) -> bool:
    """Tell whether a path is an address, by its ``protocol://``."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def list_address(address: str) -> tuple[str, list[str]]:
    """List the pictures at an address.

    Args:
        address: Of a folder, whose pictures count by their extension, or of one picture.

    Returns:
        The address of the folder, and the paths below it, sorted.

    Raises:
        UserError: A package is missing, or nothing can be listed there.
    """
    files, place = _files(address)
    try:
        if files.isfile(place):
            folder, _, name = address.rpartition("/")
            return folder, [name]
        names = [name.removeprefix(f"{place.rstrip('/')}/") for name in files.find(place)]
    except Exception as error:  # each file system has its own exceptions
        raise UserError(f"{address}: cannot be listed ({_reason(error)})") from error
    pictures = sorted(name for name in names if _is_picture(name))
    if not pictures:
        raise UserError(f"{address}: no images there; known are {', '.join(sorted(IMAGE_EXTENSIONS))}")
    return address.rstrip("/"), pictures


def read_address(address: str) -> bytes:
    """Read what lies at an address.

    Raises:
        UserError: A package is missing.
        OSError: It cannot be read.
    """
    files, place = _files(address)
    try:
        return bytes(files.cat_file(place))
    except Exception as error:  # each file system has its own exceptions
        raise OSError(_reason(error)) from error


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS and not any(map(is_hidden, name.split("/")))


def _files(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    core: Any = require("fsspec.core", "fsspec", address)
    protocol = address.partition("://")[0]
    try:
        files, place = core.url_to_fs(address)
    except ImportError as error:
        if protocol in _EXTRAS:
            require("s3fs", _EXTRAS[protocol], address)
        raise UserError(f"{address}: {_reason(error)}") from error
    except ValueError as error:
        raise UserError(f"{address}: {_reason(error)}") from error
    return files, str(place)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
