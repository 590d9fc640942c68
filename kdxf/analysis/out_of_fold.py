"""What plain models say of images that they were not fitted on: for lists that have no trained model yet. n images.

On frozen features and TF-IDF a fold is fitted in seconds, and these models are good judges of labels
(``benchmarks/label_noise.py``): they know the classes from transfer, and have no capacity to learn a wrong label.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.neighbors import NearestNeighbors

from kdxf.analysis.baselines import TEXT, LabelledImages, regress, tfidf
from kdxf.data.folds.assign import ALWAYS_TRAIN, assign_folds
from kdxf.io.predictions import Predictions

FOLDS = 5
NEIGHBOURS = 5
_TEXT_WIDTH = 256


def out_of_fold(found: LabelledImages, classes: Sequence[str], folds: int = FOLDS, seed: int = 0) -> Predictions:
    """Predict each image by models that were fitted on the other folds.

    The score of a class is the mean of two: that of logistic regression on :func:`joint_features`, and the share of the
    :data:`NEIGHBOURS` nearest other images (by the cosine of the image features) that have its label.

    Args:
        found: The images, each once.
        classes: K names.
        folds: Into how many parts the images are dealt; at least 2.
        seed: Another seed deals them differently.

    Returns:
        The scores of all classes of each image but those of a class of one image, which no model that has not seen it
        knows.

    Raises:
        UserError: There are fewer images than folds, or no class has two.
    """
    frame = pd.DataFrame({"image": list(found.images), "label": found.labels.astype(str)})
    fold = assign_folds(frame, np.arange(len(frame)), folds, seed).frame["fold"].to_numpy()
    features = joint_features(found)
    regressed = np.zeros((len(frame), len(classes)), np.float32)
    for number in range(folds):
        held = fold == number
        regressed[held] = regress(features[~held], features[held], found.labels[~held], classes)
    scores = (regressed + neighbour_shares(found.features, found.labels, len(classes))) / 2
    rows = np.flatnonzero(fold != ALWAYS_TRAIN)
    known = Predictions(list(found.images), scores, tuple(classes), labels=found.labels)
    return known.take(rows)


def joint_features(found: LabelledImages) -> np.ndarray:
    """Return the image features and, where there is text, its TF-IDF in few dimensions, side by side.

    The latter is latent semantic analysis (Deerwester et al., JASIS 1990) of character n-grams. No label takes part.

    Returns:
        float32 (n, C), C at most 256 more than the image features have.
    """
    counts = tfidf(found.texts, found.texts, TEXT)
    if counts is None:
        return found.features
    width = min(_TEXT_WIDTH, *(size - 1 for size in counts[0].shape))
    if width < 1:
        return found.features
    text = TruncatedSVD(width, random_state=0).fit_transform(counts[0])
    return np.hstack([found.features, text]).astype(np.float32)


def neighbour_shares(features: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class among the nearest other images.

    Args:
        features: float (n, C).
        labels: int (n,).
        classes: K.

    Returns:
        float32 (n, K), rows that sum to 1.
    """
    count = min(NEIGHBOURS, len(features) - 1)
    near = NearestNeighbors(n_neighbors=count, metric="cosine").fit(features).kneighbors(return_distance=False)
    shares = np.zeros((len(features), classes), np.float32)
    for column in near.T:
        shares[np.arange(len(features)), labels[column]] += 1 / count
    return shares
