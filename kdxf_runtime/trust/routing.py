"""The routing of a model: which images need their text read, and what the scores of both ways mean together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kdxf_runtime.trust.calibration import (
    Calibration,
    calibration_to_json,
    parse_calibration,
    temperature_from_json,
    temperature_to_json,
)
from kdxf_runtime.trust.rule import Rule


@dataclass(frozen=True, eq=False)
class Routing:
    """Which images need their text read, and what the scores of the system of both answers mean.

    Attributes:
        rule: Who answers.
        budget: The accuracy that may be lost, from 0 to 1.
        calibration: Of the system: its sets, limit and sureness are those of routed scores.
        alone: Of the scores without text, for pictures whose text is not to count; earlier routings have none.
        of: The digest of the checkpoint's calibration that it was fitted with; None of one that was not read.
        about: What was measured: JSON values by name.
        digest: The SHA-256 of the file that it was read from; None of one that was not.
    """

    rule: Rule
    budget: float
    calibration: Calibration
    alone: Calibration | None = None
    of: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    digest: str | None = None


def routing_to_json(routing: Routing) -> dict[str, Any]:
    """Return a routing as JSON values, which :func:`parse_routing` reads."""
    threshold = routing.rule.threshold
    return {
        **routing.about,
        "calibration": routing.of,
        "budget": routing.budget,
        "threshold": threshold if np.isfinite(threshold) else None,  # JSON has no infinity
        "image_temperature": temperature_to_json(routing.rule.image),
        "system": calibration_to_json(routing.calibration),
        "alone": None if routing.alone is None else calibration_to_json(routing.alone),
    }


_READ = ("calibration", "budget", "threshold", "image_temperature", "system", "alone")


def parse_routing(content: Mapping[str, Any], digest: str) -> Routing:
    """Read what :func:`routing_to_json` returned, from a file of this digest.

    Raises:
        ValueError: It is none; values of wrong kinds raise what they raise.
    """
    system = parse_calibration(content["system"], digest)
    alone = None if content.get("alone") is None else parse_calibration(content["alone"], digest)
    image = temperature_from_json(content["image_temperature"], len(system.classes))
    threshold = float("inf") if content["threshold"] is None else float(content["threshold"])
    if not threshold >= 0:
        raise ValueError("threshold is no score")
    about = {key: value for key, value in content.items() if key not in _READ}
    rule = Rule(threshold, system.temperature, image)
    return Routing(rule, float(content["budget"]), system, alone, str(content["calibration"]), about, digest)
