"""One vector per class, and the classes of pictures by their cosine with it. Shapes: n pictures, K classes, C channels.

J. Snell et al.: Prototypical Networks for Few-shot Learning (https://arxiv.org/abs/1703.05175).
"""

from collections.abc import Callable, Sequence

import numpy as np

from kdxf.errors import UserError
from kdxf.zero_shot.pair import of_length_one
from kdxf.zero_shot.prompts import sentences


def by_names(
    names: Sequence[str], encode: Callable[[Sequence[str]], np.ndarray], prompts: Sequence[str] | None = None
) -> np.ndarray:
    """Return the mean of what a pair makes of the prompts with a class name in them.

    Args:
        names: K names.
        encode: Encodes sentences as vectors of length 1.
        prompts: As of :func:`kdxf.zero_shot.prompts.sentences`.

    Returns:
        float32 (K, C), rows of length 1.
    """
    filled = [sentences(name, prompts) for name in names]
    vectors = encode([sentence for of_class in filled for sentence in of_class])
    ends = np.cumsum([len(of_class) for of_class in filled])
    return of_length_one(np.stack([part.mean(axis=0) for part in np.split(vectors, ends[:-1])]))


def by_examples(features: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return the mean of the pictures of each class, its prototype.

    Args:
        features: (n, C), rows of length 1.
        labels: int64 (n,), the class of each.
        classes: K names, for messages.

    Returns:
        float32 (K, C), rows of length 1.

    Raises:
        UserError: A class has no picture.
    """
    counts = np.bincount(labels, minlength=len(classes))
    if (empty := np.flatnonzero(counts == 0)).size:
        raise UserError(
            f"{empty.size} of {len(classes)} classes have no example, such as {classes[empty[0]]}; add one, or "
            "classify by names"
        )
    sums = np.zeros((len(classes), features.shape[1]), np.float64)
    np.add.at(sums, labels, features)
    return of_length_one(sums)


def joined(names: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Return the mean of both kinds of vectors (K, C); a cosine with it weighs both alike."""
    return (names + examples) / 2


def class_scores(features: np.ndarray, vectors: np.ndarray, scale: float) -> np.ndarray:
    """Return the softmax of the cosines times ``scale``, float32 (n, K).

    Also of a SigLIP, which was trained with a sigmoid per class: its bias is the same for all, and the order stays.
    """
    logits = scale * features.astype(np.float64) @ vectors.T
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
