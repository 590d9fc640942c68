"""A word vector folder small enough to compute by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kdxf.text.vectors.store import StoreMeta, StoreWriter, new_store
from kdxf.text.vectors.word_vectors import WordVectors


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., WordVectors]:
    """Write {word: vector} as a store like that of a converted file."""

    def make(table: dict[str, list[float]], dtype: str = "float32", trees: int = 1) -> WordVectors:
        vectors = np.array(list(table.values()), dtype=np.float32)
        out = tmp_path / "store"
        with new_store(out, overwrite=True) as folder:
            with StoreWriter(folder, vectors.shape[1], dtype) as writer:
                writer.add([word.encode() for word in table], vectors)
                writer.finish(trees)
            StoreMeta("converted", len(vectors), vectors.shape[1], dtype, "characters").save(folder)
        return WordVectors.open(out)

    return make
