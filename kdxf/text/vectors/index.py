"""The annoy index of a vector store: the nearest words of a vector, without looking at all of them.

Wide vectors are projected onto their principal axes (``axes.npy``) for the index, which halves disk, memory and time at
200 numbers; the words found are then ranked by their full vectors.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from annoy import AnnoyIndex
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.text.vectors.annoy_file import check_index, write_digest
from kdxf_runtime.io.arrays import open_array
from kdxf_runtime.vectors.word_vectors import WordVectors

INDEX_FILE = "words.ann"
AXES_FILE = "axes.npy"
_WIDEST = 100
_ROWS_AT_ONCE = 1024
# The number of evenly spaced parts, of _ROWS_AT_ONCE rows, from which the axes are computed.
_PARTS = 48
# Candidates searched per tree and query; enough to search a small store completely.
_CANDIDATES = 1000
# Words compared by their full vectors: at least so many, and so many per word asked for.
_COMPARED, _COMPARED_EACH = 100, 10


def build_index(vectors: Path, trees: int, seed: int = 0) -> None:
    """Write the index of a store's vectors next to them, built on disk rather than in memory.

    Args:
        vectors: The ``.npy`` file of the vectors of all words, (V, D).
        trees: More trees answer more exactly, and make the file larger.
        seed: The seed of the random planes.
    """
    path = vectors.with_name(INDEX_FILE)
    path.touch()
    mode = path.stat().st_mode
    count, width = np.load(vectors, mmap_mode="r").shape
    axes = None
    if width > _WIDEST:
        axes = principal_axes(vectors, _WIDEST)
        np.save(vectors.with_name(AXES_FILE), axes)
    index = AnnoyIndex(min(width, _WIDEST), "angular")
    index.set_seed(seed)
    index.on_disk_build(str(path))
    for row, vector in enumerate(tqdm(_rows(vectors, count, axes), total=count, desc="index", unit="word")):
        index.add_item(row, vector)
    index.build(trees, n_jobs=1)  # several threads put the trees in any order
    index.unload()
    path.chmod(mode)  # annoy removes the permissions of other users
    write_digest(path)


def principal_axes(vectors: Path, count: int) -> np.ndarray:
    """Return the principal axes of the vectors, scaled to length 1; (D, count) float32, orthonormal."""
    rows, width = np.load(vectors, mmap_mode="r").shape
    moments = np.zeros((width, width), dtype=np.float32)
    starts = range(0, rows, _ROWS_AT_ONCE)
    for i in np.unique(np.linspace(0, len(starts) - 1, _PARTS).round().astype(int)).tolist():
        part = _part(vectors, starts[i])
        part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        moments += part.T @ part
    return np.linalg.eigh(moments)[1][:, ::-1][:, :count].astype(np.float32)


def _rows(vectors: Path, count: int, axes: np.ndarray | None) -> Iterator[list[float]]:
    for start in range(0, count, _ROWS_AT_ONCE):
        part = _part(vectors, start)
        yield from (part if axes is None else part @ axes).tolist()


def _part(vectors: Path, start: int) -> np.ndarray:
    """Read rows through a new mapping: what was read of a mapping counts as memory of the process until it closes."""
    return np.load(vectors, mmap_mode="r")[start : start + _ROWS_AT_ONCE].astype(np.float32)


class VectorIndex:
    """A store's annoy index, memory-mapped.

    Args:
        folder: The store's folder.
        vectors: Its vectors, (V, D).

    Raises:
        OSError: There is no index, or no digest of it.
        ValueError: The index is damaged, or belongs to other vectors.
    """

    def __init__(self, folder: Path, vectors: np.ndarray) -> None:
        self._vectors = vectors
        count, width = vectors.shape
        # Older stores index wide vectors as they are.
        axes = folder / AXES_FILE
        self._axes = open_array(axes, (width, None), ["float32"]) if axes.is_file() else None
        indexed = width if self._axes is None else self._axes.shape[1]
        check_index(folder / INDEX_FILE, count, indexed)
        self._index = AnnoyIndex(indexed, "angular")
        self._index.load(str(folder / INDEX_FILE))

    def nearest(self, vector: np.ndarray, count: int) -> tuple[list[int], list[float]]:
        """Return the rows nearest to a vector, (D,), nearest first, and their cosine similarities."""
        asked = vector if self._axes is None else vector @ self._axes
        near = np.array(
            self._index.get_nns_by_vector(
                asked.tolist(), max(_COMPARED, _COMPARED_EACH * count), _CANDIDATES * self._index.get_n_trees()
            )
        )
        candidates = self._vectors[near].astype(np.float32)
        lengths = np.linalg.norm(candidates, axis=1) * np.linalg.norm(vector)
        cosines = candidates @ vector / np.maximum(lengths, np.finfo(np.float32).tiny)
        order = np.argsort(-cosines, kind="stable")[:count]
        return near[order].tolist(), cosines[order].tolist()


def neighbours(store: WordVectors, word: str, count: int = 10) -> list[tuple[str, float]]:
    """Return the words nearest to a word, which may be unknown, with their cosine similarities.

    Raises:
        UserError: Nothing is known of the word, or the store has no annoy index.
    """
    vectors, found = store.lookup([word])
    if not found[0]:
        raise UserError(f"nothing is known of '{word}' in {store.folder}, nor of its pieces")
    rows, cosines = _index_of(store).nearest(vectors[0], count + 1)
    near = [(store.words[row], cosine) for row, cosine in zip(rows, cosines, strict=True)]
    return [pair for pair in near if pair[0] != word][:count]


@lru_cache(maxsize=1)
def _index_of(store: WordVectors) -> VectorIndex:
    if not (store.folder / INDEX_FILE).is_file():
        raise UserError(f"{store.folder} was made without an annoy index: make it anew with --trees 10")
    try:
        return VectorIndex(store.folder, store.vectors)
    except (OSError, ValueError) as error:
        raise UserError(f"{store.folder} is not complete ({error}): make the vectors anew") from None
