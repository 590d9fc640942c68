"""Conversion of published word vectors into a store, in one pass and in little memory."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kdxf.errors import UserError
from kdxf.text.vectors.store import StoreWriter, check_target, new_store, package_versions
from kdxf.text.vectors.word2vec_format import open_word2vec
from kdxf_runtime.vectors.store_meta import StoreMeta


@dataclass(frozen=True)
class ConversionReport:
    """Figures of a conversion.

    Attributes:
        read: The number of words that were read.
        words: The number of words in the store.
        dim: The width of a vector.
        duplicates: The number of words left out because they are repeated.
        undecodable: The number of words left out because they are not UTF-8.
        with_spaces: The number of words in the file that hold a space.
    """

    read: int
    words: int
    dim: int
    duplicates: int
    undecodable: int
    with_spaces: int

    def __str__(self) -> str:
        lines = [f"{self.words} words of {self.dim} numbers, from {self.read} in the file"]
        for count, what in (
            (self.duplicates, "repeated words left out, the first of each stays"),
            (self.undecodable, "words left out that are not UTF-8"),
            (self.with_spaces, "words hold a space"),
        ):
            if count:
                lines.append(f"warning: {count} {what}")
        return "\n".join(lines)


def convert_vectors(
    path: Path,
    out: Path,
    max_words: int | None = None,
    dtype: str = "float32",
    trees: int = 10,
    overwrite: bool = False,
) -> ConversionReport:
    """Convert a file in word2vec's text or binary format, gzipped or not, into a store.

    Args:
        path: The file.
        out: The store's folder.
        max_words: The number of words to take, from the beginning of the file.
        dtype: ``'float32'``, or ``'float16'`` for half the size.
        trees: The number of trees of the annoy index; 0 builds none.
        overwrite: Whether to replace an existing store.

    Raises:
        UserError: The file is wrong (the message says where), holds no usable word, or ``out`` is taken.
    """
    if max_words is not None and max_words < 1:
        raise UserError(f"max-words must be at least 1, got {max_words}")
    if trees < 0:
        raise UserError(f"trees must be at least 0, got {trees}")
    check_target(out, overwrite)
    read = undecodable = with_spaces = 0
    with open_word2vec(path, max_words) as file, new_store(out, overwrite) as folder:
        total = file.words if max_words is None else min(file.words, max_words)
        with StoreWriter(folder, file.dim, dtype) as writer, tqdm(total=total, desc="convert", unit="word") as bar:
            for words, vectors in file.chunks:
                usable = np.array([_is_utf8(word) for word in words])
                with np.errstate(over="ignore"):  # checked in the next line, with a better message
                    vectors = vectors.astype(dtype)
                _check_finite(path, words, vectors, read)
                kept = words if usable.all() else [words[i] for i in np.flatnonzero(usable)]
                writer.add(kept, vectors[usable])
                read += len(words)
                undecodable += len(words) - len(kept)
                with_spaces += sum(b" " in word for word in kept)
                bar.update(len(words))
            if read == undecodable:
                raise UserError(f"{path}: none of its {read} words is UTF-8: this is not a file in word2vec format")
            count, duplicates = writer.finish(trees)
        report = ConversionReport(read, count, file.dim, duplicates, undecodable, with_spaces)
        StoreMeta(
            kind="converted",
            words=count,
            dim=file.dim,
            dtype=dtype,
            compose="characters",
            source=[str(path)],
            details=asdict(report),
            versions=package_versions(),
        ).save(folder)
    return report


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_finite(path: Path, words: list[bytes], vectors: np.ndarray, read: int) -> None:
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        word = words[bad[0]].decode("utf-8", "replace")
        number = read + int(bad[0]) + 1
        raise UserError(f"{path}: word {number} ('{word}') has a number that is not finite in {vectors.dtype}")
