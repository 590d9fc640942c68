"""The fingerprint of data that a model was validated on, and of data that it predicts."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kdxf_runtime.drift.joint_feature import Moments, distances_from_others
from kdxf_runtime.drift.response import Response
from kdxf_runtime.drift.statistics import (
    distance_name,
    gate_statistics,
    picture_statistics,
    score_statistics,
    text_statistics,
)
from kdxf_runtime.io.images import ImageReadError
from kdxf_runtime.ocr.image_source import ImageSource
from kdxf_runtime.ocr.record import OCRRecord

MOST = 300
"""So many images are measured at most: a difference that matters shows, and it takes seconds."""

_LEAST_FEATURES = 3


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What the images of a dataset are like.

    Attributes:
        images: How many were measured.
        engines: How many of them each OCR engine has read, by its name with version and settings.
        values: Of each statistic (:mod:`kdxf_runtime.drift.statistics`) that was measured its numbers, float64,
            sorted; images that have none are left out.
        features: The moments of each joint feature, by the name of its classifier in the model
            (:class:`~kdxf_runtime.drift.response.Response`), that distances are measured by.
    """

    images: int
    engines: Mapping[str, int]
    values: Mapping[str, np.ndarray]
    features: Mapping[str, Moments] = field(default_factory=dict)


def sample(count: int) -> np.ndarray:
    """Return which of ``count`` images to measure: at most :data:`MOST`, evenly spread; int64, sorted."""
    picked = min(count, MOST)
    return np.arange(picked) * count // max(picked, 1)


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of an image.

    Attributes:
        values: Its number of each statistic; one that does not exist is NaN.
        engine: The OCR engine that read its text, with version and settings; None where none did.
        features: The joint features (C,), as of :class:`~kdxf_runtime.drift.response.Response`.
    """

    values: Mapping[str, float]
    engine: str | None = None
    features: Mapping[str, np.ndarray] = field(default_factory=dict)


def measure(data: bytes, record: OCRRecord | None, response: Response | None) -> Measured:
    """Measure an image.

    Args:
        data: The bytes of its file.
        record: Its text; None where the model takes none, or it is not to be compared.
        response: What the model made of it, with calibrated scores; None where that is not to be compared.

    Raises:
        ImageReadError: It cannot be read.
    """
    values = picture_statistics(data)
    engine, features = None, {}
    if record is not None:
        values |= text_statistics(record)
        engine = record.engine or None
    if response is not None:
        values |= score_statistics(response.scores) | gate_statistics(response.gates)
        features = dict(response.features)
    return Measured(values, engine, features)


def take_fingerprint(
    rows: Iterable[tuple[str, OCRRecord | None, Response | None]], like: Fingerprint | None = None
) -> Fingerprint:
    """Measure images; one that cannot be read does not count.

    Args:
        rows: Of each image its path as the pipeline opens it, and its text and response as of :func:`measure`.
        like: As of :func:`joined`.
    """
    source, measured = ImageSource(Path()), []
    for path, record, response in rows:
        with contextlib.suppress(ImageReadError):
            measured.append(measure(source.read_bytes(path), record, response))
    return joined(measured, like)


def joined(measured: Sequence[Measured], like: Fingerprint | None = None) -> Fingerprint:
    """Make the fingerprint of images that were measured.

    Args:
        measured: The images.
        like: The fingerprint that this one is to be compared with; joint features are measured by its moments, which
            those of another width have none of. Without it they are measured by the moments of the others.
    """
    values: dict[str, list[float]] = {}
    features: dict[str, list[np.ndarray]] = {}
    for one in measured:
        for name, value in one.values.items():
            values.setdefault(name, []).append(value)
        for part, feature in one.features.items():
            features.setdefault(part, []).append(feature)
    moments, distances = measure_features({part: np.stack(kept) for part, kept in features.items()}, like)
    values |= {name: numbers.tolist() for name, numbers in distances.items()}
    # Rounded, so that arithmetic on another machine does not tell equal numbers apart.
    arrays = {name: np.round(np.array(numbers, np.float64), 4) for name, numbers in values.items()}
    return Fingerprint(
        len(measured),
        dict(Counter(one.engine for one in measured if one.engine is not None)),
        {name: np.sort(kept) for name, array in arrays.items() if len(kept := array[np.isfinite(array)])},
        moments,
    )


def measure_features(
    features: Mapping[str, np.ndarray], like: Fingerprint | None = None
) -> tuple[dict[str, Moments], dict[str, np.ndarray]]:
    """Measure how far joint features lie from their mean.

    Args:
        features: Of each classifier in the model, by its name, those of n images (n, C).
        like: As of :func:`take_fingerprint`.

    Returns:
        The moments by classifier, none with ``like`` or of fewer than three images; and the distances (n,) by
        statistic.
    """
    moments, distances = {}, {}
    for part, rows in features.items():
        known = None if like is None else like.features.get(part)
        if like is None and len(rows) >= _LEAST_FEATURES:
            moments[part] = Moments.of(rows)
            distances[distance_name(part)] = distances_from_others(rows)
        elif known is not None and len(known.mean) == rows.shape[1]:
            distances[distance_name(part)] = known.distances(rows)
    return moments, distances


def split_feature(feature: np.ndarray, like: Fingerprint) -> dict[str, np.ndarray]:
    """Split the feature of a bundle, which has those of all members of an ensemble one after the other.

    Args:
        feature: float (C,).
        like: The fingerprint, with the names and the widths of the joint features in the same order.

    Returns:
        The joint features by name; none where the widths do not fit.
    """
    widths = [len(moments.mean) for moments in like.features.values()]
    if not widths or sum(widths) != len(feature):
        return {}
    return dict(zip(like.features, np.split(feature, np.cumsum(widths[:-1])), strict=True))


def fingerprint_to_json(fingerprint: Fingerprint) -> dict[str, Any]:
    """Return a fingerprint as JSON values, which :func:`parse_fingerprint` reads."""
    return {
        "images": fingerprint.images,
        "engines": dict(fingerprint.engines),
        "values": {name: numbers.tolist() for name, numbers in fingerprint.values.items()},
        "features": {
            part: {"mean": _rounded(moments.mean), "variance": _rounded(moments.variance)}
            for part, moments in fingerprint.features.items()
        },
    }


def parse_fingerprint(content: Mapping[str, Any]) -> Fingerprint:
    """Read what :func:`fingerprint_to_json` returned.

    Raises:
        ValueError: It is none; values of wrong kinds raise what they raise.
    """
    engines = {str(name): int(count) for name, count in content["engines"].items()}
    values = {name: _numbers(numbers) for name, numbers in content["values"].items()}
    features = {  # earlier fingerprints have none
        part: Moments(_numbers(moments["mean"]), _numbers(moments["variance"]))
        for part, moments in content.get("features", {}).items()
    }
    if any(len(moments.mean) != len(moments.variance) or (moments.variance < 0).any() for moments in features.values()):
        raise ValueError("the moments of a feature do not fit together")
    sorted_values = {name: np.sort(value) for name, value in values.items()}
    return Fingerprint(int(content["images"]), engines, sorted_values, features)


def _numbers(values: Any) -> np.ndarray:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError("a value is no number")
    return numbers


def _rounded(numbers: np.ndarray) -> list[float]:
    return [float(f"{number:.5g}") for number in numbers]
