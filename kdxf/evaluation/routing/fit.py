"""Fitting of the routing of a checkpoint, and what it saves and loses. n images, K classes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kdxf.evaluation.calibration.report import repeated_halves
from kdxf.evaluation.calibration.temperature import choose_temperature, cross_fitted, deal, fitter_of
from kdxf.evaluation.routing.paired import paired_interval
from kdxf_runtime.trust.back_off import fit_parents
from kdxf_runtime.trust.calibration import Calibration, sureness
from kdxf_runtime.trust.confidences import confidences
from kdxf_runtime.trust.conformal import ConformalSets
from kdxf_runtime.trust.none_of_these import fit_limit, spread
from kdxf_runtime.trust.routing import Routing
from kdxf_runtime.trust.rule import Fit, Rule, fit_rule, losses
from kdxf_runtime.trust.temperature import apply_temperature

BUDGET = 0.005


@dataclass(frozen=True)
class Saving:
    """What a rule saves and loses against reading every text.

    Attributes:
        spared: The share of images whose text is not read, from 0 to 1.
        loss: The accuracy that is lost, from -1 to 1.
        low: The lower bound of its 95 % interval, image by image (:func:`paired_interval`).
        high: The upper bound.
    """

    spared: float
    loss: float
    low: float
    high: float

    @classmethod
    def of(cls, by_image: np.ndarray, full_right: np.ndarray, routed_right: np.ndarray) -> "Saving":
        """Count, by who answered n images and which answers are right, all bool (n,)."""
        lost = losses(full_right, routed_right)
        low, high = paired_interval(int((lost == 1).sum()), int((lost == -1).sum()), len(lost))
        return cls(float(by_image.mean()), float(lost.mean()), low, high)

    def __str__(self) -> str:
        return (
            f"{self.spared:.1%} of the images need no text read, at a loss of {100 * self.loss:.2f} points of accuracy "
            f"(95 % interval {100 * self.low:.2f} to {100 * self.high:.2f})"
        )


@dataclass(frozen=True, eq=False)
class RoutingReport:
    """The outcome of :func:`fit_routing`; ``str()`` returns it as a text.

    Attributes:
        routing: What to store.
        cross_fitted: What it saves and loses, each fold of the images at a threshold that the others gave.
        in_sample: The same at the threshold of all images, which was chosen on them: too good.
        coverage: Of sets that were fitted on one half of the images, with all else, and judged on the other: the share
            that holds the true class; NaN of fewer than four images.
        size: The mean number of classes in them.
    """

    routing: Routing
    cross_fitted: Saving
    in_sample: Saving
    coverage: float
    size: float

    def summary(self) -> str:
        """Return the outcome in one line."""
        points = f"{100 * self.routing.budget:g} points"
        if not np.isfinite(self.routing.rule.threshold):
            return f"routing: no text can be spared at a loss of at most {points}; --read-text auto reads every text"
        return f"routing, budget {points}: {self.cross_fitted}"

    def __str__(self) -> str:
        sets = self.routing.calibration.sets
        lines = [self.summary()]
        if np.isfinite(self.routing.rule.threshold):
            lines += [
                "Cross-fitted: each fold of the images at a threshold that the others gave. In-sample, at that of all,",
                f"{self.in_sample}.",
                f"The picture alone answers from a score of {self.routing.rule.threshold:.3f} on "
                "(tools/inference.py --read-text auto).",
                f"sets ({sets.kind}) for {sets.level:.0%}, routed: {self.size:.2f} classes on average; "
                f"{self.coverage:.1%} hold the true class",
            ]
        return "\n".join(lines)


def fit_routing(
    full: np.ndarray,
    image: np.ndarray,
    labels: np.ndarray,
    calibration: Calibration,
    budget: float,
    folds: int,
    sets: Callable[[np.ndarray, np.ndarray], ConformalSets],
) -> RoutingReport:
    """Find which images need their text read, and calibrate the system of both answers, and the scores without text.

    Sets, the limit of spread and sureness are those of routed scores: an image answered by its picture alone is judged
    beside the others, by what the system gave it.

    Args:
        full: The model's own scores with text, float (n, K), of images that it was not trained on.
        image: The same without text.
        labels: True classes, int (n,).
        calibration: Of the scores with text, fitted on the same images.
        budget: The accuracy that may be lost, from 0 to 1.
        folds: Of cross-fitting.
        sets: Fits sets to calibrated scores and labels.
    """
    fits = fitter_of(calibration.temperature), fitter_of(choose_temperature(image, labels, folds))
    rule = fit_rule(full, image, labels, budget, *fits)
    routed, by_image = rule.route(full, image)
    scores, spared = _cross_fitted(full, image, labels, budget, folds, fits)
    confidence, right = confidences(scores, labels)
    full_right = full.argmax(axis=1) == labels
    limit = fit_limit(_own(full, image, by_image))
    tree = calibration.parents
    unlike = spread(_own(full, image, spared)) > limit
    coverage, size = repeated_halves(
        np.stack([full, image], axis=1),
        labels,
        lambda part, truth: fit_rule(part[:, 0], part[:, 1], truth, budget, *fits),
        sets,
        lambda part, fitted: fitted.route(part[:, 0], part[:, 1])[0],
    )
    cross, same = Saving.of(spared, full_right, right), Saving.of(by_image, full_right, routed.argmax(axis=1) == labels)
    system = Calibration(
        classes=calibration.classes,
        temperature=rule.full,
        sets=sets(routed, labels),
        spread_limit=limit,
        tta=calibration.tta,
        sureness=sureness(confidence, unlike),
        right=right,
        images=calibration.images,
        parents=None if tree is None else fit_parents(tree.names, tree.of, scores, labels, unlike),
    )
    about = {
        "cross_fitted": vars(cross),
        "in_sample": vars(same),
        "halves": {"coverage": None if np.isnan(coverage) else coverage, "size": None if np.isnan(size) else size},
    }
    alone = _without_text(image, labels, calibration, rule, folds, fits[1], sets)
    return RoutingReport(Routing(rule, budget, system, alone, about=about), cross, same, coverage, size)


def _without_text(
    image: np.ndarray,
    labels: np.ndarray,
    calibration: Calibration,
    rule: Rule,
    folds: int,
    fit: Fit,
    sets: Callable[[np.ndarray, np.ndarray], ConformalSets],
) -> Calibration:
    """Calibrate the scores without text (n, K), for pictures whose text is not to count."""
    confidence, right = confidences(cross_fitted(image, labels, folds, fit=fit), labels)
    limit = fit_limit(image)
    return replace(
        calibration,
        temperature=rule.image,
        sets=sets(apply_temperature(image, rule.image), labels),
        spread_limit=limit,
        sureness=sureness(confidence, spread(image) > limit),
        right=right,
        about={},
    )


def _own(full: np.ndarray, image: np.ndarray, by_image: np.ndarray) -> np.ndarray:
    """Return the model's own scores by which each image is answered."""
    return np.where(by_image[:, None], image, full)


def _cross_fitted(
    full: np.ndarray, image: np.ndarray, labels: np.ndarray, budget: float, folds: int, fits: tuple[Fit, Fit]
) -> tuple[np.ndarray, np.ndarray]:
    """Route each fold by the rule of the others: scores (n, K), and where the picture alone answers, bool (n,)."""
    fold = deal(len(labels), folds)
    scores, by_image = np.empty(full.shape, np.float32), np.empty(len(labels), bool)
    for number in range(folds):
        held = fold == number
        rule: Rule = fit_rule(full[~held], image[~held], labels[~held], budget, *fits)
        scores[held], by_image[held] = rule.route(full[held], image[held])
    return scores, by_image
