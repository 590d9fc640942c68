"""The calibration of a model: what its scores mean. n calibration images, K classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.trust.back_off import BackOff, Parents, back_off, parents_to_json, parse_parents
from kdxf_runtime.trust.conformal import KINDS, ConformalSets
from kdxf_runtime.trust.none_of_these import spread
from kdxf_runtime.trust.selective import Accepted, for_budget, for_precision
from kdxf_runtime.trust.temperature import Temperature, apply_temperature


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the scores of a checkpoint mean.

    Attributes:
        classes: K class names.
        temperature: One, or float64 (K,) by the class that the model gives.
        sets: Which classes an image may belong to, by its calibrated scores.
        spread_limit: Scores with a larger spread (:mod:`kdxf_runtime.trust.none_of_these`) are those of no
            class.
        tta: Whether the scores are means over several views of an image.
        sureness: float64 (n,), the cross-fitted :func:`sureness` of each calibration image.
        right: bool (n,), whether the model is right there.
        images: Keys of the calibration images (:mod:`kdxf.datasets.image_keys`), int64; none where their files are not
            known.
        about: Where it comes from, and what was measured: JSON values by name.
        parents: The coarser classes that may answer instead; None without a class tree.
        digest: The SHA-256 of the file that it was read from; None of one that was not.
    """

    classes: tuple[str, ...]
    temperature: Temperature
    sets: ConformalSets
    spread_limit: float
    tta: bool
    sureness: np.ndarray
    right: np.ndarray
    images: np.ndarray
    about: Mapping[str, Any] = field(default_factory=dict)
    parents: Parents | None = None
    digest: str | None = None

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Return the calibrated form of the model's own scores: float (n, K) -> float32 (n, K)."""
        return apply_temperature(scores, self.temperature)

    def is_unlike(self, scores: np.ndarray) -> np.ndarray:
        """Tell which of the model's own scores (n, K) are those of none of the classes: bool (n,)."""
        return spread(scores) > self.spread_limit

    def for_budget(self, share: float) -> Accepted:
        """Find the threshold that sends a share of images, from 0 to 1, to a person."""
        return for_budget(self.sureness, self.right, share)

    def for_precision(self, precision: float) -> Accepted:
        """Find the threshold of accepted predictions of which a share, from 0 to 1, is right.

        Raises:
            UserError: No threshold gives it.
        """
        accepted = for_precision(self.sureness, self.right, precision)
        if not accepted.count:
            raise _no_score(precision)
        return accepted

    def back_off(self, precision: float) -> BackOff:
        """Find the thresholds of answers by a class and by a parent, of each of which a share, from 0 to 1, is right.

        Raises:
            UserError: No threshold gives it, or the calibration has no class tree.
        """
        if self.parents is None:
            raise UserError(
                "--back-off: the calibration has no class tree; calibrate again with kdxf calibrate --class-tree"
            )
        found = back_off(self.sureness, self.right, self.parents, precision)
        if not found.leaf.count and not found.parent.count:
            raise _no_score(precision)
        return found


def _no_score(precision: float) -> UserError:
    return UserError(f"no score gives a precision of {precision:g} on the calibration images; ask for a lower one")


def sureness(confidence: np.ndarray, unlike: np.ndarray) -> np.ndarray:
    """Return what decides who goes to a person first: pictures of none of the classes, then those of low confidence.

    Args:
        confidence: float (n,), from 0 to 1.
        unlike: bool (n,), see :meth:`Calibration.is_unlike`.

    Returns:
        The confidence, less 1 where a picture is of none of the classes; float (n,).
    """
    return confidence - unlike


def calibration_to_json(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as JSON values, which :func:`parse_calibration` reads."""
    sets = calibration.sets
    return {
        **calibration.about,
        "classes": list(calibration.classes),
        "tta": calibration.tta,
        "temperature": temperature_to_json(calibration.temperature),
        "sets": {
            "level": sets.level,
            "kind": sets.kind,
            # JSON has no infinity
            "thresholds": [value if np.isfinite(value) else None for value in sets.thresholds.tolist()],
            "too_few": None if sets.too_few is None else list(sets.too_few),
        },
        "spread_limit": calibration.spread_limit,
        "sureness": np.round(calibration.sureness, 6).tolist(),
        "right": calibration.right.astype(int).tolist(),
        "images": np.unique(calibration.images).tolist(),
        "parents": parents_to_json(calibration.parents),
    }


def temperature_to_json(temperature: Temperature) -> float | list[float]:
    """Return one temperature, or those of the classes, as JSON values."""
    return np.asarray(temperature).tolist()


def temperature_from_json(value: Any, classes: int) -> Temperature:
    """Read what :func:`temperature_to_json` returned, for a number of classes.

    Raises:
        ValueError: It is none.
    """
    temperature = np.asarray(value, np.float64)
    if temperature.shape not in ((), (classes,)) or not (temperature > 0).all():
        raise ValueError("temperature is not positive, or not one for each class")
    return temperature if temperature.ndim else float(temperature)


_READ = ("classes", "tta", "temperature", "sets", "spread_limit", "sureness", "right", "images", "parents")


def parse_calibration(content: Mapping[str, Any], digest: str) -> Calibration:
    """Read what :func:`calibration_to_json` returned, from a file of this digest.

    Raises:
        ValueError: It is none; values of wrong kinds raise what they raise.
    """
    classes, sets = tuple(map(str, content["classes"])), content["sets"]
    temperature = temperature_from_json(content["temperature"], len(classes))
    thresholds = np.array([np.inf if value is None else value for value in sets["thresholds"]], np.float64)
    sure, right = np.asarray(content["sureness"], np.float64), np.asarray(content["right"], bool)
    if thresholds.shape != (len(classes),) or sets["kind"] not in KINDS:
        raise ValueError("sets have another kind, or not one threshold for each class")
    if sure.ndim != 1 or sure.shape != right.shape or not len(right):
        raise ValueError("sureness and right are not of the same images")
    return Calibration(
        classes=classes,
        temperature=temperature,
        sets=ConformalSets(
            float(sets["level"]), sets["kind"], thresholds, None if sets["too_few"] is None else tuple(sets["too_few"])
        ),
        spread_limit=float(content["spread_limit"]),
        tta=bool(content["tta"]),
        sureness=sure,
        right=right,
        images=np.asarray(content["images"], np.int64),
        about={key: value for key, value in content.items() if key not in _READ},
        parents=parse_parents(content.get("parents"), len(classes), len(right)),
        digest=digest,
    )
