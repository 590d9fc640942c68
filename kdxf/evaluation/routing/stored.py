"""The routing of a checkpoint, in a file beside it: which images need their text read."""

from dataclasses import replace
from pathlib import Path

from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import calibration_file, read_calibration
from kdxf.io.checkpoint_notes import note_file, read_note, write_note
from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.trust.routing import Routing, parse_routing, routing_to_json

_KIND = "routing"

ROUTED_BY = "routing"
"""Key of a file of predictions' ``source``: the digest of the routing by which some texts were not read."""


def routing_file(checkpoint: str | Path) -> Path:
    """Return the file beside a checkpoint that holds its routing."""
    return note_file(checkpoint, _KIND)


def write_routing(routing: Routing, checkpoint: str | Path) -> Path:
    """Write a routing beside its checkpoint, with the digests of the checkpoint and of its calibration."""
    of = file_digest(calibration_file(checkpoint))
    return write_note(checkpoint, _KIND, routing_to_json(replace(routing, of=of)))


def read_routing(checkpoint: str | Path) -> Routing | None:
    """Read the routing of a checkpoint; None where it has none.

    Raises:
        UserError: The file is no routing, or that of another checkpoint.
    """
    return read_note(checkpoint, _KIND, lambda content: parse_routing(content, file_digest(routing_file(checkpoint))))


def fitting_routing(checkpoint: str | Path, *, tta: bool) -> Routing:
    """Return the routing of a checkpoint, for predictions of this kind.

    Args:
        checkpoint: Path or URL of the checkpoint; a URL has none.
        tta: Whether the model averages several views of each image.

    Raises:
        UserError: It has none, was calibrated anew since, was fitted for the other kind, or as of :func:`read_routing`.
    """
    routing = read_routing(checkpoint)
    if routing is None:
        raise UserError(
            f"--read-text auto: {checkpoint} has no routing, which says which images need no text read; make one with "
            "kdxf calibrate, of a model of image and text"
        )
    calibration = read_calibration(checkpoint)
    if calibration is None or calibration.digest != routing.of:
        raise UserError(
            f"{routing_file(checkpoint)}: was fitted with another calibration than {calibration_file(checkpoint)} is "
            "now; make both anew with kdxf calibrate"
        )
    if routing.calibration.tta != tta:
        made, now = ("with" if with_tta else "without" for with_tta in (routing.calibration.tta, tta))
        raise UserError(
            f"--read-text auto: {routing_file(checkpoint)} was made {made} test-time augmentation, and this is {now} "
            f"it; run kdxf calibrate {'with' if tta else 'without'} --tta"
        )
    return routing
