"""The annoy index of a vector store: the nearest words of a vector, without looking at all of them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from annoy import AnnoyIndex
from tqdm import tqdm

INDEX_FILE = "words.ann"
_ROWS_AT_ONCE = 1024
# Candidates looked at per tree and query; enough that a small store is searched whole.
_CANDIDATES = 1000


def build_index(vectors: Path, trees: int, seed: int = 0) -> None:
    """Write the index of a store's vectors beside them, on disk rather than in memory.

    Args:
        vectors: The ``.npy`` file of the vectors of all words, (V, D).
        trees: More trees answer more exactly, and make the file larger.
        seed: The seed of the random planes.
    """
    path = vectors.with_name(INDEX_FILE)
    path.touch()
    mode = path.stat().st_mode
    count, width = np.load(vectors, mmap_mode="r").shape
    index = AnnoyIndex(width, "angular")
    index.set_seed(seed)
    index.on_disk_build(str(path))
    for row, vector in enumerate(tqdm(_rows(vectors, count), total=count, desc="index", unit="word")):
        index.add_item(row, vector)
    index.build(trees, n_jobs=1)  # several threads put the trees in any order
    index.unload()
    path.chmod(mode)  # annoy takes away the permissions of everybody else


def _rows(vectors: Path, count: int) -> Iterator[list[float]]:
    for start in range(0, count, _ROWS_AT_ONCE):
        # Mapped anew each time: what was read of a mapping counts as memory of the process until it is gone.
        yield from np.load(vectors, mmap_mode="r")[start : start + _ROWS_AT_ONCE].tolist()


class VectorIndex:
    """A store's annoy index, memory-mapped.

    Args:
        folder: The store's folder.
        width: The width of its vectors.
        count: The number of its words.

    Raises:
        OSError: There is no index.
        ValueError: The index has another number of words.
    """

    def __init__(self, folder: Path, width: int, count: int) -> None:
        self._index = AnnoyIndex(width, "angular")
        self._index.load(str(folder / INDEX_FILE))
        if self._index.get_n_items() != count:
            raise ValueError(f"{INDEX_FILE} holds {self._index.get_n_items()} words, the store {count}")

    def nearest(self, vector: np.ndarray, count: int) -> tuple[list[int], list[float]]:
        """Return the rows nearest to a vector, (D,), nearest first, and their cosine similarities."""
        rows, distances = self._index.get_nns_by_vector(
            vector.tolist(), count, _CANDIDATES * self._index.get_n_trees(), include_distances=True
        )
        # annoy's angular distance is that between the two points on the unit sphere.
        return rows, [1 - distance**2 / 2 for distance in distances]
