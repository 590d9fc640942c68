"""Rules that say which labels are wrong, and why. n rows, K classes; predictions are those of the rows, in order."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdxf.errors import UserError
from kdxf.io.predictions import Predictions
from kdxf_runtime.optional import require


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


def quarrel(labels: np.ndarray, witnesses: Sequence[Predictions], min_score: float = 0.3) -> Verdict:
    """Take a label for wrong when witnesses that see different things agree on another class, and none defends it.

    A witness below ``min_score`` is silent: an image without text tells the text model nothing. The suspicion is the
    sum of the scores for the class that most say instead of the label (the scores decide between equals), less those
    for the label.

    Args:
        labels: int64 (n,), the given class indices.
        witnesses: At least two, such as the image's and the text's model, each with predictions of all n rows.
        min_score: What a witness must give its class to be heard.

    Raises:
        UserError: There are fewer than two witnesses, or ``min_score`` is not between 0 and 1.
    """
    if len(witnesses) < 2:
        raise UserError("--rule quarrel: needs two witnesses or more; give --witness NAME FILE... twice")
    if not 0 <= min_score <= 1:
        raise UserError(f"--min-score: lies between 0 and 1, not {min_score:g}")
    best = [witness.best() for witness in witnesses]
    said = np.stack([np.where(score >= min_score, predicted, -1) for predicted, score in best])  # (W, n)
    scores = np.stack([score for _, score in best])
    against = (said != labels) & (said >= 0)
    defence = np.where(said == labels, scores, 0).sum(axis=0)
    count, weight = np.zeros(said.shape, np.int64), np.zeros(said.shape, np.float32)
    for row in range(len(said)):  # what each witness says: how many say the same, and how surely
        same = (said == said[row]) & against[row]
        count[row], weight[row] = same.sum(axis=0), np.where(same, scores, 0).sum(axis=0)
    loudest = np.lexsort((weight, count), axis=0)[-1]
    columns = np.arange(len(labels))
    votes, sure = count[loudest, columns], weight[loudest, columns]
    suggested = np.where(votes > 0, said[loudest, columns], -1)
    wrong = (votes >= 2) & (defence == 0)
    mean = (sure / np.maximum(votes, 1)).astype(np.float32)
    return Verdict(wrong, suggested, mean, (sure - defence).astype(np.float32), np.zeros(len(labels), bool))


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


def confident(labels: np.ndarray, model: Predictions) -> Verdict:
    """Find wrong labels with cleanlab.

    After Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR 2021). A
    row counts as being of class j when its score for j reaches the mean score for j of the rows labelled j; the counts
    of (label i, counted as j) say how many of i are really j, and so many of i, those with the largest margin
    p(j) - p(i), are taken for wrong ("prune by noise rate"). The suspicion is the largest margin of a row.

    Takes K * K counts: 150 MB for 4,400 classes, too much for tens of thousands.

    Args:
        labels: int64 (n,), the given class indices.
        model: Its predictions of all n rows, with the scores of all classes.

    Raises:
        UserError: cleanlab is not installed, all labels are of one class, or the scores of all classes are missing.
    """
    cleanlab = require("cleanlab.filter", "clean", "--rule confident")
    if not model.scores.shape[1]:
        raise UserError("--rule confident: needs the scores of all classes; write them with --out NAME.parquet")
    if len(np.unique(labels)) < 2:
        raise UserError("--rule confident: all labels are of one class; it compares classes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a line for each class of one image, whose label always stays
        wrong = cleanlab.find_label_issues(labels, model.scores, n_jobs=1)
    rows = np.arange(len(labels))
    predicted, score = model.best()
    margin = score - model.scores[rows, labels]
    return Verdict(np.asarray(wrong, bool), predicted, score, margin, np.zeros(len(labels), bool))


def reasons(
    labels: np.ndarray,
    models: Sequence[tuple[str, Predictions]],
    classes: Sequence[str],
    kept_whole: np.ndarray,
    spared: np.ndarray,
) -> list[str]:
    """Write one sentence per row, such as ``image and text both say oat milk (0.93, 0.88), label says yoghurt``.

    Args:
        labels: int64 (n,), the given class indices.
        models: Names of the models, and their predictions of the rows.
        classes: The class names.
        kept_whole: bool (n,), rows that stay for the sake of their class.
        spared: bool (n,), rows that stay since they are the last of their class.
    """
    names, best = [name for name, _ in models], [model.best() for _, model in models]
    said = np.stack([predicted for predicted, _ in best], axis=1).tolist()
    scores = np.stack([score for _, score in best], axis=1).tolist()
    notes = np.where(spared, "; kept as the last of its class", np.where(kept_whole, "; its class is kept whole", ""))
    return [
        f"{_statements(names, row, sure, classes)}, label says {classes[label]}{note}"
        for label, row, sure, note in zip(labels.tolist(), said, scores, notes.tolist(), strict=True)
    ]


def _statements(names: Sequence[str], said: Sequence[int], scores: Sequence[float], classes: Sequence[str]) -> str:
    """Join the models that say the same."""
    parts = []
    for code in dict.fromkeys(said):
        members = [index for index, other in enumerate(said) if other == code]
        who = " and ".join(filter(None, [", ".join(names[index] for index in members[:-1]), names[members[-1]]]))
        verb = ("says", "both say", "all say")[min(len(members), 3) - 1]
        sure = ", ".join(f"{scores[index]:.2f}" for index in members)
        parts.append(f"{who} {verb} {classes[code]} ({sure})")
    return ", ".join(parts)
