"""A class tree learned from what a model confuses, with names from the words. n images, K classes, P parents.

Two classes are alike where a model gives one to images of the other. Average linkage (Sokal and Michener, 1958) joins
the most alike until P parents are left. Words that classes share do not make a better tree on photographs of groceries,
alone or together with the confusion (``benchmarks/back_off.py``); they name the parents.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.sparse import csr_array
from scipy.spatial.distance import squareform

from kdxf.data.class_words import class_words, suggest_names
from kdxf.errors import UserError
from kdxf.io.annotations import label_indices
from kdxf.io.class_tree import COARSE, FINE
from kdxf.io.predictions import Predictions
from kdxf.text.ocr.table import OCRTable
from kdxf.text.tokenizers import BaseTokenizer

_NAMED = 3
"""The classes that the name of a parent without words lists."""


def learned_table(
    frame: pd.DataFrame,
    classes: Sequence[str],
    found: Predictions,
    parents: int,
    source: str | Path,
    ocr: OCRTable | None,
    tokenizer: BaseTokenizer,
) -> pd.DataFrame:
    """Learn a class tree of a list.

    Args:
        frame: Rows with ``image`` and ``label`` (class name or index).
        classes: K class names, in index order.
        found: Predictions of images of the list, with the scores of all classes, by models not trained on them.
        parents: P.
        source: The list, for messages.
        ocr: The OCR table, for names; None means no words.
        tokenizer: The tokenizer of its lines.

    Returns:
        ``fine`` and ``coarse``, one row per class.

    Raises:
        UserError: A label is no class, or the number of parents does not fit.
    """
    images = frame["image"].tolist()
    labels = np.array(label_indices(frame["label"], classes, source), np.int64)
    of_image = dict(zip(images, labels.tolist(), strict=True))
    likeness = confusion_likeness(found.scores, np.array([of_image[image] for image in found.images], np.int64))
    learned = learn_parents(likeness, parents)
    names = name_parents(learned, classes, images, labels, ocr, tokenizer)
    return pd.DataFrame({FINE: list(classes), COARSE: [names[parent] for parent in learned]})


def confusion_likeness(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    r"""Say how much a model takes classes for one another.

    .. math:: S_{ij} = \sqrt{(\bar p_{ij} + \bar p_{ji}) / 2}

    where p_ij is the mean score for class j of the images of class i. The root keeps a few pairs from deciding alone.

    Args:
        scores: Probabilities of images that the model was not trained on, float (n, K).
        labels: Their classes, int (n,). A class without images is like those that others are taken for it.

    Returns:
        float64 (K, K), symmetric, from 0 to 1, with zeros on the diagonal.
    """
    classes = scores.shape[1]
    members = csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(classes, len(labels)))
    means = (members @ scores.astype(np.float64)) / np.maximum(np.bincount(labels, minlength=classes), 1)[:, None]
    likeness = np.sqrt((means + means.T) / 2)
    np.fill_diagonal(likeness, 0)
    return likeness


def learn_parents(likeness: np.ndarray, parents: int) -> np.ndarray:
    """Join the most alike classes until so many parents are left.

    Args:
        likeness: float (K, K), symmetric.
        parents: P.

    Returns:
        int64 (K,), the parent of each class, from 0, by first appearance.

    Raises:
        UserError: There are not between 2 and K - 1 parents.
    """
    classes = len(likeness)
    if not 2 <= parents < classes:
        raise UserError(f"--parents {parents}: give at least 2, and fewer than the {classes} classes")
    distance = likeness.max() - likeness
    np.fill_diagonal(distance, 0)
    found = cut_tree(linkage(squareform(distance, checks=False), "average"), n_clusters=parents)[:, 0]
    return pd.factorize(found)[0].astype(np.int64)


def name_parents(
    parents: np.ndarray,
    classes: Sequence[str],
    images: Sequence[str] = (),
    labels: np.ndarray | None = None,
    ocr: OCRTable | None = None,
    tokenizer: BaseTokenizer | None = None,
) -> list[str]:
    """Name parents by the words that set their images apart from all others.

    A parent of one class has its name. One without words of its own lists its classes.

    Args:
        parents: int64 (K,).
        classes: K names.
        images: n paths.
        labels: Their classes, int (n,).
        ocr: The OCR table; None means no words.
        tokenizer: The tokenizer of the lines.

    Returns:
        P names, each once.
    """
    rows = [np.flatnonzero(parents == parent).tolist() for parent in range(parents.max() + 1)]
    members = [[classes[index] for index in row] for row in rows]
    names: dict[str, str] = {}
    nameless: list[str] = []
    if ocr is not None and tokenizer is not None and labels is not None:
        frame = pd.DataFrame({"image": list(images), "label": parents[labels].astype(str)})
        found_words = class_words(frame, ocr, tokenizer)
        several = [str(parent) for parent, own in enumerate(members) if len(own) > 1]
        words = found_words.words  # one that a single image shows is mostly misread
        words = words[words["id"].isin(several) & (words["images"] > 1)]
        names, nameless = suggest_names(replace(found_words, words=words))
    found: list[str] = []
    for parent, own in enumerate(members):
        listed = ", ".join(own[:_NAMED]) + (f" and {len(own) - _NAMED} more" if len(own) > _NAMED else "")
        worded = None if len(own) == 1 or str(parent) in nameless else names.get(str(parent))
        name = listed if worded is None else worded
        found.append(name if name not in found and (len(own) == 1 or name not in classes) else f"{name} ({listed})")
    return found
