"""The fingerprint of a checkpoint, in a file beside it: the data that it was validated on."""

from pathlib import Path

from kdxf.io.checkpoint_notes import note_file, read_note, write_note
from kdxf_runtime.drift.fingerprint import Fingerprint, fingerprint_to_json, parse_fingerprint

_KIND = "fingerprint"


def fingerprint_file(checkpoint: str | Path) -> Path:
    """Return the file beside a checkpoint that holds its fingerprint."""
    return note_file(checkpoint, _KIND)


def write_fingerprint(fingerprint: Fingerprint, checkpoint: str | Path) -> Path:
    """Write a fingerprint beside its checkpoint, with the checkpoint's digest."""
    return write_note(checkpoint, _KIND, fingerprint_to_json(fingerprint))


def read_fingerprint(checkpoint: str | Path) -> Fingerprint | None:
    """Read the fingerprint of a checkpoint; None where it has none.

    Raises:
        UserError: The file is no fingerprint, or that of another checkpoint.
    """
    return read_note(checkpoint, _KIND, parse_fingerprint)
