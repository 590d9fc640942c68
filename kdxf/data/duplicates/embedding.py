"""Candidates for duplicates from a model's features: also pictures cropped or written on too much for a hash."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from annoy import AnnoyIndex

_TREES = 20
# The most neighbours to query: further copies of a picture find one another.
_NEIGHBOURS = 10
_COSINE = 0.9


def model_candidates(
    config: Path, checkpoint: Path, ocr: Path | None, root: Path, workers: int, paths: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Find pictures that look alike to a model; torch is imported only here.

    Args:
        config: Its config.
        checkpoint: Its checkpoint.
        ocr: The OCR table, for a model that reads text; what it lacks is read now.
        root: The folder that the paths of the table are relative to.
        workers: Number of processes.
        paths: The pictures.

    Returns:
        As for :func:`embedding_candidates`.
    """
    from kdxf.inference.features import extract_features
    from kdxf.inference.inferencer import KDXFInferencer

    inferencer = KDXFInferencer(config, checkpoint)
    return embedding_candidates(extract_features(inferencer, paths, workers=workers, ocr_table=ocr, ocr_root=root))


def embedding_candidates(features: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs of pictures whose features have nearly the same direction.

    Args:
        features: float32 (n, C), one row per picture.
        seed: The seed of the index.

    Returns:
        The rows of the pairs, two int64 (P,), the smaller first; each pair once.
    """
    index = AnnoyIndex(features.shape[1], "angular")
    index.set_seed(seed)
    for row, vector in enumerate(features):
        index.add_item(row, vector.tolist())
    index.build(_TREES, n_jobs=1)  # several threads put the trees in any order
    neighbours = []
    for row in range(len(features)):
        others, distances = index.get_nns_by_item(row, _NEIGHBOURS + 1, include_distances=True)
        # annoy's angular distance is that between the two points on the unit sphere.
        neighbours += [
            (min(row, other), max(row, other))
            for other, distance in zip(others, distances, strict=True)
            if other != row and 1 - distance**2 / 2 >= _COSINE
        ]
    pairs = np.unique(np.array(neighbours, np.int64).reshape(-1, 2), axis=0)
    return pairs[:, 0], pairs[:, 1]
