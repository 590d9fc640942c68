"""Groups of images that belong together: by a column, by the groups of ``dedupe``, or by nearly the same text."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kdxf.data.folds.near_texts import near_texts
from kdxf.data.options import MIN_CHARACTERS, TEXT_SIMILARITY
from kdxf.errors import UserError
from kdxf.io.annotations import read_annotations
from kdxf.text.ocr.table import OCRTable


def join(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Join items that pairs connect, directly or through others.

    Args:
        count: The number of items, n.
        first: (P,), one item of each pair.
        second: (P,), the other.

    Returns:
        int64 (n,): items with the same number belong together. Numbers run from 0, by first appearance.
    """
    edges = coo_array((np.ones(len(first), bool), (first.astype(np.int64), second.astype(np.int64))), (count, count))
    return pd.factorize(connected_components(edges, directed=False)[1])[0].astype(np.int64)


def join_keys(count: int, keys: Iterable[np.ndarray]) -> np.ndarray:
    """Join items that share a value of any key, directly or through others.

    Args:
        count: The number of items, n.
        keys: int64 (n,) each; -1 where an item has no value.

    Returns:
        As for :func:`join`.
    """
    first, second, offset = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], count
    for key in keys:  # a node for each value, besides those of the items
        has = np.flatnonzero(key >= 0)
        first.append(has)
        second.append(key[has] + offset)
        offset += int(key.max(initial=-1)) + 1
    joined = join(offset, np.concatenate(first), np.concatenate(second))[:count]
    return pd.factorize(joined)[0].astype(np.int64)


def group_rows(
    frame: pd.DataFrame,
    source: Path,
    groups: Path | None = None,
    column: str | None = None,
    ocr: Path | None = None,
    min_characters: int = MIN_CHARACTERS,
) -> np.ndarray:
    """Return the group of each row of a list; rows that any of the criteria joins are in one group.

    How many rows their texts join is printed.

    Args:
        frame: The list, with the column ``image``.
        source: Its file, for messages.
        groups: A CSV with the columns ``image`` and ``group``, such as ``tools/data/dedupe.py`` writes. Images that it
            does not name are groups of one.
        column: A column of the list; rows with the same value are together, rows without a value are groups of one.
        ocr: An OCR table: rows with nearly the same text are together, see :func:`text_keys`.
        min_characters: As for :func:`text_keys`.

    Returns:
        int64 (n,), from 0, by first appearance.

    Raises:
        UserError: A file or column is missing.
    """
    keys = [_codes(frame["image"])]  # a row that is listed twice
    if groups is not None:
        keys.append(_codes(_groups_of(frame["image"], groups)))
    if column is not None:
        if column not in frame.columns:
            columns = ", ".join(map(str, frame.columns))
            raise UserError(f"{source}: no column {column!r} to group by (found: {columns}); change --group-by")
        keys.append(_codes(frame[column]))
    if ocr is not None:
        texts = text_keys(frame["image"].tolist(), OCRTable.open(ocr), min_characters)
        print(f"{ocr}: {images_joined(texts)} images have nearly the same long text as another; these stay together")
        keys.append(texts)
    return join_keys(len(frame), keys)


def text_keys(images: list[str], table: OCRTable, min_characters: int = MIN_CHARACTERS) -> np.ndarray:
    """Assign numbers to the texts in images: the same advertisement, at another price or misread, has the same number.

    Digits, signs and spaces do not count. Of what is left, texts are nearly the same if they share
    :data:`kdxf.data.options.TEXT_SIMILARITY` of their runs of three letters
    (:func:`kdxf.data.folds.near_texts.near_texts`), and they are joined through others. Photographs of one product
    share its brand and much of its label, but mostly differ in what else was read.

    Args:
        images: Keys of the table.
        table: The OCR table.
        min_characters: Shorter texts (counted after the removal) join nothing.

    Returns:
        int64 (n,); -1 where there is no text, or too little.
    """
    rows = table.rows_of(images)
    texts = pc.binary_join(table.column("texts").take(pa.array(rows[rows >= 0])), "")
    letters = pc.replace_substring_regex(pc.utf8_lower(texts), r"[^\p{L}\p{M}]+", "")
    long = pc.greater_equal(pc.utf8_length(letters), min_characters)
    encoded = pc.if_else(long, letters, None).combine_chunks().dictionary_encode()
    different: list[str] = encoded.dictionary.to_pylist()
    near = join(len(different), *near_texts(different, TEXT_SIMILARITY))
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    keys = np.full(len(rows), -1, np.int64)
    keys[rows >= 0] = np.append(near, -1)[codes]  # the last one, at -1, is that of no text
    return keys


def images_joined(keys: np.ndarray) -> int:
    """Return how many images share their key with another; -1 is no key."""
    sizes = np.bincount(keys[keys >= 0])
    return int(sizes[sizes > 1].sum())


def _groups_of(images: pd.Series, path: Path) -> pd.Series:
    table = read_annotations(path)
    if "group" not in table.columns:
        columns = ", ".join(map(str, table.columns))
        raise UserError(f"{path}: no column 'group' (found: {columns}); give what tools/data/dedupe.py writes")
    if not images.isin(table["image"]).any():
        raise UserError(f"{path}: names none of the images of the list; make both with the same --root")
    # An image may be in two groups (if two lists name it); these are then merged.
    both = join_keys(len(table), [_codes(table["image"]), _codes(table["group"])])
    return images.map(pd.Series(both, index=table["image"]).groupby(level=0).first())


def _codes(values: pd.Series) -> np.ndarray:
    return pd.factorize(values)[0].astype(np.int64)
