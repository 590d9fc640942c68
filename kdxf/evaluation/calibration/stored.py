"""The calibration of a checkpoint (:mod:`kdxf_runtime.trust.calibration`), in a file beside it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kdxf.datasets.image_keys import are_among, image_keys
from kdxf.io.checkpoint_notes import note_file, read_note, write_note
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.trust.calibration import Calibration, calibration_to_json, parse_calibration

_KIND = "calibration"

CALIBRATED_BY = "calibration"
"""Key of a file of predictions' ``source``: the digest of the calibration that its scores went through."""


def calibration_file(checkpoint: str | Path) -> Path:
    """Return the file beside a checkpoint that holds its calibration."""
    return note_file(checkpoint, _KIND)


def write_calibration(calibration: Calibration, checkpoint: str | Path) -> Path:
    """Write a calibration beside its checkpoint, with the checkpoint's digest."""
    return write_note(checkpoint, _KIND, calibration_to_json(calibration))


def read_calibration(checkpoint: str | Path) -> Calibration | None:
    """Read the calibration of a checkpoint; None where it has none.

    Raises:
        UserError: The file is no calibration, or that of another checkpoint.
    """
    return read_note(
        checkpoint, _KIND, lambda content: parse_calibration(content, file_digest(calibration_file(checkpoint)))
    )


def used_images(calibration: Calibration, paths: Sequence[str]) -> np.ndarray:
    """Tell which images a calibration was fitted on, by their paths as the pipeline opens them: bool (n,)."""
    return are_among(image_keys(paths), calibration.images)
