"""Rules that say which labels are wrong, and why. n rows, K classes; predictions are those of the rows, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions


@dataclass(frozen=True)
class Verdict:
    """What a rule says of each row.

    Attributes:
        wrong: bool (n,), whether the label is taken for wrong.
        suggested: int64 (n,), the class that it should be, -1 for none.
        score: float32 (n,), what the models that suggest it give it.
        suspicion: float32 (n,), the larger the sooner a person should look.
        kept_whole: bool (n,), whether a wrong prediction was forgiven for the sake of the row's class.
    """

    wrong: np.ndarray
    suggested: np.ndarray
    score: np.ndarray
    suspicion: np.ndarray
    kept_whole: np.ndarray


def reliable(labels: np.ndarray, model: Predictions, accuracy: float = 0.92) -> Verdict:
    """Take every wrongly predicted row for wrongly labelled, except in classes that the model knows well.

    The rule of the AliProducts solution that made a "reliable training set": a class of which at least ``accuracy`` is
    predicted as labelled is kept whole.

    Args:
        labels: int64 (n,), the given class indices.
        model: Its predictions of all n rows.
        accuracy: From this share on a class is kept whole.

    Raises:
        UserError: ``accuracy`` is not between 0 and 1.
    """
    if not 0 <= accuracy <= 1:
        raise UserError(f"--accuracy: is a share between 0 and 1, not {accuracy:g}")
    predicted, score = model.best()
    differs = predicted != labels
    sizes, errors = np.bincount(labels), np.bincount(labels, weights=differs)
    # Compared as counts: 23 of 25 are 0.92, which no quotient of floats says.
    whole = sizes - errors >= accuracy * sizes - 1e-9
    kept_whole = differs & whole[labels]
    return Verdict(differs & ~kept_whole, predicted, score, score, kept_whole)


def improbable(labels: np.ndarray, model: Predictions, min_score: float = 0.05) -> Verdict:
    """Take a label for wrong that the model finds improbable.

    The rule compares what the model gives the label with a bound, the same for all classes; the suspicion is how much
    more another class gets. On planted wrong labels it finds more than confident learning (Northcutt, Jiang and Chuang,
    JAIR 2021), and many more than an image and a text model that contradict the label together
    (``benchmarks/label_noise.py``).

    Args:
        labels: int64 (n,), the given class indices.
        model: Its predictions of all n rows, with the scores of all classes.
        min_score: The least score of a right label.

    Raises:
        UserError: ``min_score`` is not between 0 and 1, or the scores of all classes are missing.
    """
    if not 0 <= min_score <= 1:
        raise UserError(f"--min-score: lies between 0 and 1, not {min_score:g}")
    if not model.scores.shape[1]:
        raise UserError("--rule improbable: needs the scores of all classes; write them with --out NAME.parquet")
    predicted, score = model.best()
    own = model.scores[np.arange(len(labels)), labels]
    wrong = (own < min_score) & (predicted != labels)
    return Verdict(wrong, predicted, score, score - own, np.zeros(len(labels), bool))


def last_of_class(labels: np.ndarray, wrong: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw one row of each class whose rows are all to go.

    Args:
        labels: int64 (n,), the class indices of the whole list.
        wrong: bool (n,), the rows to go.
        seed: Another seed draws other rows.

    Returns:
        bool (n,), the rows to keep after all.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    doomed = np.bincount(labels) == np.bincount(labels, weights=wrong)
    order = order[doomed[labels[order]]]
    _, first = np.unique(labels[order], return_index=True)
    kept = np.zeros(len(labels), bool)
    kept[order[first]] = True
    return kept


def reasons(
    labels: np.ndarray, model: Predictions, classes: Sequence[str], kept_whole: np.ndarray, spared: np.ndarray
) -> list[str]:
    """Write one sentence per row, such as ``model says oat milk (0.93), label says yoghurt``.

    Args:
        labels: int64 (n,), the given class indices.
        model: Its predictions of the rows.
        classes: The class names.
        kept_whole: bool (n,), rows that stay for the sake of their class.
        spared: bool (n,), rows that stay since they are the last of their class.
    """
    notes = np.where(spared, "; kept as the last of its class", np.where(kept_whole, "; its class is kept whole", ""))
    predicted, score = (values.tolist() for values in model.best())
    return [
        f"model says {classes[said]} ({sure:.2f}), label says {classes[label]}{note}"
        for said, sure, label, note in zip(predicted, score, labels.tolist(), notes.tolist(), strict=True)
    ]
