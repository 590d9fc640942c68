"""Fitting of a temperature (:mod:`kdxf_runtime.trust.temperature`), with which scores are as sure as they are right.

n images, K classes.
"""

from collections.abc import Callable

import numpy as np

from kdxf_runtime.trust.confidences import check_scores
from kdxf_runtime.trust.temperature import Temperature, apply_temperature, log_scores, softmax

LOWEST, HIGHEST = 0.05, 20.0
LEAST_IMAGES = 50
"""A class that the model gives to fewer images gets the temperature of all."""


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    r"""Return the most likely temperature, between :data:`LOWEST` and :data:`HIGHEST`.

    .. math:: \arg\min_T -\sum_i \log q_i(T) + (\log T)^2 / 2

    where q_i is the calibrated score of the true class of image i. The last term is a weak prior for T = 1. Of a
    hundred images it is hardly felt, but where all of few are right it keeps the scores from 1.

    Args:
        scores: Probabilities of images that the model was not trained on, float (n, K).
        labels: Their classes, int (n,).

    Raises:
        ValueError: As of :func:`kdxf_runtime.trust.confidences.confidences`.
    """
    return _fit(scores, labels, 1.0)


def _fit(scores: np.ndarray, labels: np.ndarray, expected: float) -> float:
    """Return the most likely temperature, with a prior for the expected one."""
    from scipy.optimize import brentq

    check_scores(scores, labels)
    logs = log_scores(scores)
    true = logs[np.arange(len(labels)), labels]

    def slope(log_temperature: float) -> float:
        """Return the derivative of the formula by log T."""
        inverse = np.exp(-log_temperature)
        surplus = (softmax(logs * inverse) * logs).sum(axis=1) - true
        return float(log_temperature - np.log(expected) - inverse * surplus.sum())

    low, high = np.log(LOWEST), np.log(HIGHEST)
    if slope(high) <= 0:
        return HIGHEST
    if slope(low) >= 0:
        return LOWEST
    return float(np.exp(brentq(slope, low, high, xtol=1e-6)))


def fit_class_temperatures(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a temperature for each class that the model gives, float64 (K,).

    Args:
        scores: As of :func:`fit_temperature`.
        labels: Likewise.

    Returns:
        The temperature of the images that the class is given to, with a prior for that of all images; of fewer than
        :data:`LEAST_IMAGES`, that of all.
    """
    common = fit_temperature(scores, labels)
    temperatures = np.full(scores.shape[1], common)
    given = scores.argmax(axis=1)
    for index in np.flatnonzero(np.bincount(given) >= LEAST_IMAGES):
        rows = given == index
        temperatures[index] = _fit(scores[rows], labels[rows], common)
    return temperatures


def cross_fitted(
    scores: np.ndarray,
    labels: np.ndarray,
    folds: int = 5,
    seed: int = 0,
    fit: Callable[[np.ndarray, np.ndarray], Temperature] = fit_temperature,
) -> np.ndarray:
    """Return each image's scores at a temperature that was fitted on the other folds, float32 (n, K).

    So the scores can be judged on the same images: none of them has told its own temperature.

    Args:
        scores: Probabilities, float (n, K).
        labels: True classes, int (n,).
        folds: How many parts the images are dealt into, at random; at most n.
        seed: Of the dealing.
        fit: Fits the temperature of a part.

    Raises:
        ValueError: There are fewer than two folds, or more than images.
    """
    fold = deal(len(labels), folds, seed)
    result = np.empty(scores.shape, np.float32)
    for number in range(folds):
        held = fold == number
        result[held] = apply_temperature(scores[held], fit(scores[~held], labels[~held]))
    return result


def deal(count: int, folds: int, seed: int = 0) -> np.ndarray:
    """Deal images into folds at random: the number of each one's fold, from 0, int64 (count,).

    Raises:
        ValueError: As of :func:`cross_fitted`.
    """
    if not 2 <= folds <= count:
        raise ValueError(f"{folds} folds of {count} images: give 2 folds or more, and at most one per image")
    return np.random.default_rng(seed).permutation(count) % folds


def fitter_of(temperature: Temperature) -> Callable[[np.ndarray, np.ndarray], Temperature]:
    """Return the function that fits temperatures of this kind to scores (n, K) and labels (n,)."""
    return fit_temperature if isinstance(temperature, float) else fit_class_temperatures


def surprise(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each image's true class in nats, float64 (n,)."""
    return -log_scores(scores)[np.arange(len(labels)), labels]


def choose_temperature(scores: np.ndarray, labels: np.ndarray, folds: int = 5, seed: int = 0) -> Temperature:
    """Fit one temperature, or one for each class where the data show that it is better.

    Those of the classes are kept if, cross-fitted, they make the true classes more likely than one temperature, by
    more than two standard errors of the difference.

    Args:
        scores: As of :func:`fit_temperature`.
        labels: Likewise.
        folds: As of :func:`cross_fitted`.
        seed: Likewise.
    """
    if np.bincount(scores.argmax(axis=1)).max() < LEAST_IMAGES:
        return fit_temperature(scores, labels)
    one = surprise(cross_fitted(scores, labels, folds, seed), labels)
    several = surprise(cross_fitted(scores, labels, folds, seed, fit_class_temperatures), labels)
    gain = one - several
    better = gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))
    return fit_class_temperatures(scores, labels) if better else fit_temperature(scores, labels)
