"""What a calibration achieved, as figures and as a text. n images, K classes."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kdxf.errors import UserError
from kdxf.evaluation.calibration.reliability import (
    debiased_calibration_error,
    error_by_chance,
    expected_calibration_error,
)
from kdxf.evaluation.calibration.temperature import surprise
from kdxf.io.pages import markdown_table
from kdxf_runtime.trust.calibration import Calibration
from kdxf_runtime.trust.confidences import confidences
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.selective import Accepted
from kdxf_runtime.trust.temperature import apply_temperature

if TYPE_CHECKING:
    from kdxf.evaluation.routing.fit import RoutingReport

HALVES = 100
_BUDGETS = (0.05, 0.1, 0.2, 0.5)
_PRECISIONS = (0.95, 0.98, 0.99)


@dataclass(frozen=True, eq=False)
class CalibrationReport:
    """The outcome of :func:`kdxf.apis.calibrate.calibrate`; ``str()`` returns it as a text.

    Attributes:
        calibration: What was stored.
        file: Where.
        before: Figures of the model's own scores, see :func:`figures`.
        after: The same of the cross-fitted scores.
        coverage: Of sets that were fitted on one half of the images and judged on the other: the share that holds the
            true class, a mean over random halves; NaN of fewer than four images.
        size: The mean number of classes in them.
        warnings: What is doubtful, each a sentence.
        routing: Which images need their text read; None where the model does not take image and text, or nobody
            predicted the images without text.
    """

    calibration: Calibration
    file: Path
    before: dict[str, float]
    after: dict[str, float]
    coverage: float
    size: float
    warnings: Sequence[str]
    routing: "RoutingReport | None" = None

    def summary(self) -> str:
        """Return the temperature and the calibration errors, in one line."""
        temperature = self.calibration.temperature
        if isinstance(temperature, float):
            shown = f"temperature {temperature:.3f}"
        else:
            shown = f"temperatures from {temperature.min():.3f} to {temperature.max():.3f}, by the class that it gives"
        return f"{shown}; ECE {self.before['ece']:.3f}, cross-fitted {self.after['ece']:.3f}"

    def __str__(self) -> str:
        sets = self.calibration.sets
        title = [f"{len(self.calibration.right)} images", "ECE", "by chance", "without bias", "NLL", "confidence"]
        names = ("ece", "by chance", "without bias", "nll", "confidence")
        kinds = (("scores of the model", self.before), ("calibrated, cross-fitted", self.after))
        rows = [[name, *(f"{found[key]:.4f}" for key in names)] for name, found in kinds]
        limits = [_row(limit) for limit in self._limits()]
        lines = [
            f"{self.file}: {self.summary()}",
            "",
            markdown_table(title, rows),
            "ECE in 15 bins of equally many images. True probabilities would have the one by chance; without bias is",
            f"the root mean square of what is left. {self.after['top-1']:.1%} of the images are right.",
            "",
            f"sets ({sets.kind}) for {sets.level:.0%}: {self.size:.2f} classes on average; {self.coverage:.1%} hold "
            f"the true class, over {HALVES} random halves",
            "",
            "Which predictions to accept, with inference --review or --precision:",
            "",
            markdown_table(["to a person", "score from", "right of the rest", "95 %"], limits),
            *self._back_off(),
            *([] if self.routing is None else ["", str(self.routing)]),
        ]
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])

    def _back_off(self) -> list[str]:
        if self.calibration.parents is None:
            return []
        lines = ["", "With the class tree, by inference --precision P --back-off:", ""]
        for precision in _PRECISIONS:
            with suppress(UserError):
                lines.append(f"{precision:.0%}: {self.calibration.back_off(precision)}")
        return lines

    def _limits(self) -> list[Accepted]:
        limits = [self.calibration.for_budget(share) for share in _BUDGETS]
        for precision in _PRECISIONS:
            with suppress(UserError):  # the table shows what there is
                limits.append(self.calibration.for_precision(precision))
        once = {limit.threshold: limit for limit in limits if limit.count}
        return [once[threshold] for threshold in sorted(once)]


def _row(limit: Accepted) -> list[str]:
    interval = f"{limit.low:.1%} to {limit.high:.1%}"
    least = f"{limit.threshold:.3f}" if limit.threshold >= 0 else f"0, and {limit.threshold + 1:.3f} where spread"
    return [f"{1 - limit.coverage:.1%}", least, f"{limit.accuracy:.1%}", interval]


def figures(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Measure how far scores are from true probabilities.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).

    Returns:
        ``ece``, in 15 bins of equally many images, and ``by chance``, what it would be for a perfect model; ``without
        bias``, the root mean square; ``nll`` in nats; ``confidence``, its mean, and ``top-1``, the share that is right.
    """
    confidence, right = confidences(scores, labels)
    return {
        "ece": expected_calibration_error(scores, labels, equal_mass=True),
        "by chance": error_by_chance(scores, equal_mass=True)[0],
        "without bias": debiased_calibration_error(scores, labels),
        "nll": float(surprise(scores, labels).mean()),
        "confidence": float(confidence.mean()),
        "top-1": float(right.mean()),
    }


def repeated_halves(
    scores: np.ndarray,
    labels: np.ndarray,
    fit: Callable[[np.ndarray, np.ndarray], Any],
    sets: Callable[[np.ndarray, np.ndarray], ConformalSets],
    apply: Callable[[np.ndarray, Any], np.ndarray] = apply_temperature,
) -> tuple[float, float]:
    """Fit temperature and sets on random halves of the images, and judge them on the others.

    Args:
        scores: The model's own, float (n, K), or whatever ``fit`` takes of n images.
        labels: True classes, int (n,).
        fit: Fits a temperature, or whatever ``apply`` takes.
        sets: Fits sets by calibrated scores.
        apply: Gives the calibrated scores (n, K) of such scores and what was fitted.

    Returns:
        The share of sets that hold the true class, and the mean number of classes in one; NaN of fewer than 4 images.
    """
    if len(labels) < 4:
        return float("nan"), float("nan")
    random, found = np.random.default_rng(0), []
    for _ in range(HALVES):
        order = random.permutation(len(labels))
        fitted, judged = order[: len(order) // 2], order[len(order) // 2 :]
        found_fit = fit(scores[fitted], labels[fitted])
        fitted_sets = sets(apply(scores[fitted], found_fit), labels[fitted])
        inside = fitted_sets.of(apply(scores[judged], found_fit))
        found.append((inside[np.arange(len(judged)), labels[judged]].mean(), inside.sum(axis=1).mean()))
    coverage, size = np.mean(found, axis=0)
    return float(coverage), float(size)
