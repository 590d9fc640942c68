"""The routing of a checkpoint, in a file beside it: which images need their text read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.errors import UserError
from kdxf.evaluation.calibration.stored import (
    Calibration,
    calibration_file,
    calibration_to_json,
    parse_calibration,
    read_calibration,
    temperature_from_json,
    temperature_to_json,
)
from kdxf.evaluation.routing.rule import Rule
from kdxf.io.checkpoint_notes import note_file, read_note, write_note
from kdxf_runtime.io.digests import file_digest

_KIND = "routing"

ROUTED_BY = "routing"
"""Key of a file of predictions' ``source``: the digest of the routing by which some texts were not read."""


@dataclass(frozen=True, eq=False)
class Routing:
    """Which images need their text read, and what the scores of the system of both answers mean.

    Attributes:
        rule: Who answers.
        budget: The accuracy that may be lost, from 0 to 1.
        calibration: Of the system: its sets, limit and sureness are those of routed scores.
        of: The digest of the checkpoint's calibration that it was fitted with; None of one that was not read.
        about: What was measured: JSON values by name.
        digest: The SHA-256 of the file that it was read from; None of one that was not.
    """

    rule: Rule
    budget: float
    calibration: Calibration
    of: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    digest: str | None = None


def routing_file(checkpoint: str | Path) -> Path:
    """Return the file beside a checkpoint that holds its routing."""
    return note_file(checkpoint, _KIND)


def write_routing(routing: Routing, checkpoint: str | Path) -> Path:
    """Write a routing beside its checkpoint, with the digests of the checkpoint and of its calibration."""
    threshold = routing.rule.threshold
    return write_note(
        checkpoint,
        _KIND,
        {
            **routing.about,
            "calibration": file_digest(calibration_file(checkpoint)),
            "budget": routing.budget,
            "threshold": threshold if np.isfinite(threshold) else None,  # JSON has no infinity
            "image_temperature": temperature_to_json(routing.rule.image),
            "system": calibration_to_json(routing.calibration),
        },
    )


def read_routing(checkpoint: str | Path) -> Routing | None:
    """Read the routing of a checkpoint; None where it has none.

    Raises:
        UserError: The file is no routing, or that of another checkpoint.
    """
    return read_note(checkpoint, _KIND, lambda content: _parsed(content, file_digest(routing_file(checkpoint))))


_READ = ("calibration", "budget", "threshold", "image_temperature", "system")


def _parsed(content: Mapping[str, Any], digest: str) -> Routing:
    system = parse_calibration(content["system"], digest)
    image = temperature_from_json(content["image_temperature"], len(system.classes))
    threshold = float("inf") if content["threshold"] is None else float(content["threshold"])
    if not threshold >= 0:
        raise ValueError("threshold is no score")
    about = {key: value for key, value in content.items() if key not in _READ}
    rule = Rule(threshold, system.temperature, image)
    return Routing(rule, float(content["budget"]), system, str(content["calibration"]), about, digest)


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
