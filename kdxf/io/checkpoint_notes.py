"""JSON files beside a checkpoint that say something of it, and of no other one: ``<checkpoint>.<kind>.json``."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kdxf.errors import UserError
from kdxf.version import __version__
from kdxf_runtime.io.digests import file_digest, known_digest
from kdxf_runtime.io.files import read_json, write_json

T = TypeVar("T")

# What reading values of the wrong kinds raises.
_FAULTS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def note_file(checkpoint: str | Path, kind: str) -> Path:
    """Return the file beside a checkpoint that holds its note of a kind, such as ``calibration``."""
    return Path(f"{checkpoint}.{kind}.json")


def write_note(checkpoint: str | Path, kind: str, content: Mapping[str, Any]) -> Path:
    """Write a note, with the checkpoint's digest, and return its file."""
    path = note_file(checkpoint, kind)
    write_json({"kdxf_version": __version__, "checkpoint": file_digest(checkpoint), **content}, path)
    return path


def read_note(checkpoint: str | Path, kind: str, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Read a note; None where the checkpoint has none.

    Args:
        checkpoint: The checkpoint.
        kind: The kind of the note, which messages call it by.
        parse: Makes of its content what is returned; it need not expect values of the right kinds.

    Raises:
        UserError: The file is no such note, or that of another checkpoint.
    """
    path = note_file(checkpoint, kind)
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        owner, parsed = content["checkpoint"], parse(content)
    except _FAULTS as error:
        raise UserError(f"{path}: no {kind} ({error}); remove it, or make it anew with kdxf calibrate") from error
    if owner != known_digest(checkpoint):
        raise UserError(
            f"{path}: belongs to another checkpoint than {checkpoint} is now; remove it, or make it anew with kdxf "
            "calibrate"
        )
    return parsed
