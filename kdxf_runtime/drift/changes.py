"""What has changed between two sets of images, with few false alarms.

Each statistic is compared by the two-sample test of Kolmogorov and Smirnov: its distance is the largest difference,
over all values, between the shares of images at or below it. The p-values of all statistics together are corrected by
Holm's method, so that of two random parts of the same data at most one pair in 20 raises an alarm
(``benchmarks/drift.py`` counts them), and a distance that is small does not count, however many images show it.

The engine that read the text needs no test: its name says what it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kdxf_runtime.drift.fingerprint import Fingerprint
from kdxf_runtime.drift.kolmogorov import TwoSampleTest, two_sample_test
from kdxf_runtime.drift.statistics import STATISTICS

FALSE_ALARMS = 0.05
LEAST_IMAGES = 30
"""With fewer images that have a statistic, on either side, it is not compared."""

LEAST_DISTANCE = 0.2
"""Of Kolmogorov and Smirnov, from 0 to 1; of a normal distribution, a shift by half a standard deviation."""

_SHOWN = 4


@dataclass(frozen=True)
class Change:
    """A statistic that has changed.

    Attributes:
        name: The statistic.
        distance: Of Kolmogorov and Smirnov, from 0 to 1.
        before: Its numbers in the data that the model was validated on, float64 (n,), sorted.
        now: Its numbers in the data to predict, float64 (m,), sorted.
    """

    name: str
    distance: float
    before: np.ndarray
    now: np.ndarray

    def __str__(self) -> str:
        summed = [_summed_up(STATISTICS.get(self.name, "mean"), numbers) for numbers in (self.now, self.before)]
        if summed[0] == summed[1]:  # the same centre, another spread
            summed = [_range(numbers) for numbers in (self.now, self.before)]
        return f"{self.name} {summed[0]} instead of {summed[1]}"


def compare(before: Fingerprint, now: Fingerprint) -> dict[str, TwoSampleTest]:
    """Compare the statistics that enough images on both sides have; return the outcomes by their names."""
    return {
        name: two_sample_test(numbers, now.values[name])
        for name, numbers in before.values.items()
        if min(len(numbers), len(now.values.get(name, ()))) >= LEAST_IMAGES
    }


def find_changes(before: Fingerprint, now: Fingerprint, false_alarms: float = FALSE_ALARMS) -> list[Change]:
    """Find the statistics that have changed, the one that has changed most first.

    Args:
        before: The data that the model was validated on.
        now: The data to predict.
        false_alarms: How often, of two random parts of the same data, any change may be found; from 0 to 1.
    """
    tests = compare(before, now)
    found = []
    for place, name in enumerate(sorted(tests, key=lambda name: tests[name].chance)):
        if tests[name].chance > false_alarms / (len(tests) - place):
            break
        if tests[name].distance >= LEAST_DISTANCE:
            found.append(Change(name, tests[name].distance, before.values[name], now.values[name]))
    return sorted(found, key=lambda change: -change.distance)


def engine_changes(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """Say which engines have read text now that have read none before, and in what they differ from the usual one.

    Args:
        before: How many images each engine has read, by its name, of the data that the model was validated on.
        now: The same of the data to predict.
    """
    if not before:
        return []
    usual, total = max(before, key=lambda name: before[name]), sum(now.values())
    lines = []
    for name in sorted(now.keys() - before.keys()):
        part = "" if now[name] == total else f" for {now[name]} of {total} images"
        lines.append(f"{_difference(usual, name)}{part}")
    return lines


def describe_changes(before: Fingerprint, now: Fingerprint) -> str | None:
    """Say in one sentence what has changed, and by how much; None where nothing has."""
    return say_changes(engine_changes(before.engines, now.engines), find_changes(before, now))


def say_changes(engines: Sequence[str], changes: Sequence[Change]) -> str | None:
    """Say what has changed, of the results of :func:`engine_changes` and :func:`find_changes`, in one sentence."""
    parts = [*engines, *map(str, changes[:_SHOWN])]
    if not parts:
        return None
    more = f", and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    return f"this data differs from that of the model's validation: {', '.join(parts)}{more}; predictions may be worse"


def _difference(usual: str, name: str) -> str:
    """Tell two names of engines apart: by the words in which they differ, or as a whole where the package differs."""
    old, new = usual.split(), name.split()
    if old[:1] != new[:1]:
        return f"OCR engine {name} instead of {usual}"
    gone = [word for word in old if word not in new]
    come = [word for word in new if word not in old]
    if not (gone and come):
        return f"OCR engine with{'' if come else 'out'} {' '.join(come or gone)}"
    return f"OCR engine with {' '.join(come)} instead of {' '.join(gone)}"


def _summed_up(kind: str, numbers: np.ndarray) -> str:
    if kind == "share":
        return f"{100 * numbers.mean():.0f} %"
    return _written(float(np.median(numbers) if kind == "median" else numbers.mean()))


def _range(numbers: np.ndarray) -> str:
    low, high = np.quantile(numbers, (0.1, 0.9))
    return f"{_written(low)} to {_written(high)}"


def _written(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
