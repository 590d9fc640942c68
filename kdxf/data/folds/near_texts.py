"""Pairs of texts that are nearly the same, found without comparing each with all others.

By MinHash (Broder, On the resemblance and containment of documents, 1997): two sets have the same smallest random hash
with a probability that is their Jaccard similarity. Texts that agree in a band of several such hashes are candidates,
and candidates are compared exactly. Shapes: n texts, S different shingles.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

# A pair of similarity s shares a band with the probability 1 - (1 - s ** 4) ** 24: 0.998 at 0.7, and 0.18 at 0.3.
_BANDS, _ROWS = 24, 4
# Of many texts that share a band each is compared with the next ones only: they join through each other.
_NEIGHBOURS = 16
_BLOCK = 1 << 14  # pairs that are compared at once
_ODD = np.uint64(0x9E3779B97F4A7C15)  # its bits are well spread: 2 ** 64 divided by the golden ratio


def near_texts(texts: Sequence[str], similarity: float) -> tuple[np.ndarray, np.ndarray]:
    """Find pairs of texts that have most of their shingles, the runs of 3 characters, in common.

    The similarity is the Jaccard index: how many shingles both texts have, divided by how many either has. Of a text of
    100 characters and its copy it is 0.94 if one is misread, and 0.73 if five are, far from each other.

    Pairs of less similarity are never returned, and others missed rarely: at 0.7 one of 700. Of more than 17 texts that
    are all alike, not every pair is returned, but enough to join them all.

    Args:
        texts: Different texts, n. One that is shorter than a shingle is near to none.
        similarity: The least similarity, above 0.

    Returns:
        The rows of the first and of the second text of each pair, two int64 (P,).
    """
    if not any(len(text) > 2 for text in texts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    shingles = _shingles(texts)
    sizes = np.diff(shingles.indptr)
    rows = np.flatnonzero(sizes)
    first, second = (rows[place] for place in _candidates(_signatures(shingles[rows])))
    close = np.zeros(len(first), bool)
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        shared = shingles[first[block]].multiply(shingles[second[block]]).sum(axis=1)
        close[block] = shared >= similarity * (sizes[first[block]] + sizes[second[block]] - shared)
    return first[close], second[close]


def _shingles(texts: Sequence[str]) -> csr_array:
    """Return which shingles each text has, 0 or 1, int32 (n, S)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    # 21 bits hold any character.
    values = (codes[:-2] << np.uint64(42)) | (codes[1:-1] << np.uint64(21)) | codes[2:]
    inside = owner[:-2] == owner[2:]
    names, columns = np.unique(values[inside], return_inverse=True)
    shape = len(texts), len(names)
    table = csr_array((np.ones(len(columns), np.int32), (owner[:-2][inside], columns)), shape)
    table.sum_duplicates()
    table.data[:] = 1
    return table


def _signatures(shingles: csr_array) -> np.ndarray:
    """Return the bands of the texts, uint64 (bands, n): equal where all of a band's smallest hashes are (or by chance).

    Every text has a shingle.
    """
    random = np.random.default_rng(0)
    bands = np.zeros((_BANDS, shingles.shape[0]), np.uint64)
    for band in bands:
        for _ in range(_ROWS):
            hashes = random.integers(1 << 64, size=shingles.shape[1], dtype=np.uint64)
            band[:] = band * _ODD + np.minimum.reduceat(hashes[shingles.indices], shingles.indptr[:-1])
    return bands


def _candidates(bands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of texts that share a band, each once, the lower one first."""
    count = bands.shape[1]
    found = [np.zeros(0, np.int64)]
    for band in bands:
        order = np.argsort(band, kind="stable")
        for step in range(1, min(_NEIGHBOURS + 1, count)):
            same = band[order[step:]] == band[order[:-step]]
            found.append(order[:-step][same] * count + order[step:][same])
    pairs = np.unique(np.concatenate(found))
    return pairs // count, pairs % count
