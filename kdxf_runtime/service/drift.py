"""Whether the last pictures that the service has answered are still like those that its bundle was calibrated on."""

import json
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone

from kdxf_runtime.drift.changes import LEAST_IMAGES, compare, engine_changes, find_changes, say_changes
from kdxf_runtime.drift.fingerprint import MOST, Fingerprint, Measured, joined
from kdxf_runtime.service.log_lines import write_line

EVERY = LEAST_IMAGES
"""After so many pictures the last ones are compared again."""

FALSE_ALARMS = 0.001
"""Of each comparison; a service makes many of them."""


class DriftMonitor:
    """Compares the last pictures with a fingerprint.

    Drift is logged once, as a line of JSON when it begins, and again only after a comparison that found none.

    Args:
        before: The pictures that the bundle was calibrated on.
        log: Writes a line.
        window: How many pictures count, the last ones.

    Attributes:
        message: What the last comparison found, in a sentence; None where nothing has changed.
        distances: Of each statistic that was compared the distance of Kolmogorov and Smirnov, from 0 to 1.
    """

    def __init__(self, before: Fingerprint, log: Callable[[str], object] | None = None, window: int = MOST) -> None:
        self._before = before
        self._log = log or write_line
        self._last: deque[Measured] = deque(maxlen=window)
        self._new = 0
        self.message: str | None = None
        self.distances: dict[str, float] = {}

    @property
    def pictures(self) -> int:
        """How many pictures the next comparison has."""
        return len(self._last)

    def add(self, measured: Measured) -> None:
        """Take in a picture."""
        self._last.append(measured)
        self._new += 1
        if self._new >= EVERY:
            self._new = 0
            self._compare()

    def _compare(self) -> None:
        now, had = joined(self._last, self._before), self.message
        changes = find_changes(self._before, now, FALSE_ALARMS)
        self.distances = {name: found.distance for name, found in compare(self._before, now).items()}
        self.message = say_changes(engine_changes(self._before.engines, now.engines), changes)
        if self.message is not None and had is None:
            time = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            self._log(json.dumps({"time": time, "drift": self.message, "pictures": self.pictures}))
