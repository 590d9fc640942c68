"""Pairs of copies: candidates by hash, then a comparison of the pictures themselves.

Multi-index hashing (Norouzi, Punjani and Fleet, Fast search in Hamming space with multi-index hashing, 2012): hashes
that differ in at most r bits differ in at most r_k bits in some chunk k, where the r_k + 1 add up to more than r. So
each chunk is looked up in a separate table, with every combination of r_k of its bits flipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kdxf.data.duplicates.cache import Fingerprints
from kdxf.data.duplicates.fingerprint import MIRROR_BITS, same_picture
from kdxf.data.folds.groups import join
from kdxf.data.options import SIMILARITY
from kdxf.data.parallel import parallel_map

# The number of candidates compared at once.
_BLOCK = 1 << 22


def hamming_pairs(queries: np.ndarray, targets: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs at a distance of at most ``radius`` bits.

    Args:
        queries: uint64 (n,).
        targets: uint64 (m,).
        radius: From 0 to 63.

    Returns:
        Rows of ``queries``, rows of ``targets`` and distances, three int64 (P,), ordered by row; each pair once.
    """
    blocks = [np.zeros((0, 3), np.int64)]
    for shift, bits, allowed in _chunks(len(targets), radius):
        blocks.extend(_chunk_pairs(queries, targets, shift, bits, allowed, radius))
    pairs = np.concatenate(blocks)
    _, first = np.unique(pairs[:, 0] * np.int64(len(targets)) + pairs[:, 1], return_index=True)
    rows, columns, distances = pairs[first].T
    return rows, columns, distances


def _chunks(count: int, radius: int) -> list[tuple[int, int, int]]:
    """Return position, width and number of flipped bits of each chunk: the wider, the fewer random matches."""
    number = 3 if count > 300_000 else 4
    edges = [64 * k // number for k in range(number + 1)]
    turned, more = divmod(max(0, radius + 1 - number), number)
    allowed = [turned + (k < more) for k in range(number)]
    return [(edges[k], edges[k + 1] - edges[k], allowed[k]) for k in range(number)]


def _chunk_pairs(
    queries: np.ndarray, targets: np.ndarray, shift: int, bits: int, allowed: int, radius: int
) -> Iterator[np.ndarray]:
    query_keys, query_order = _sorted_keys(queries, shift, bits)
    target_keys, target_order = _sorted_keys(targets, shift, bits)
    sorted_queries, sorted_targets = queries[query_order], targets[target_order]
    starts = np.searchsorted(target_keys, np.arange((1 << bits) + 1))
    for turned in _turns(bits, allowed):
        wanted = query_keys ^ turned
        begins = starts[wanted]
        counts = starts[wanted + 1] - begins
        for left, right in _expand(begins, counts):
            distances = np.bitwise_count(sorted_queries[left] ^ sorted_targets[right])
            close = distances <= radius
            if close.any():
                left, right = query_order[left[close]], target_order[right[close]]
                yield np.stack([left, right, distances[close].astype(np.int64)], axis=1)


def _sorted_keys(hashes: np.ndarray, shift: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    keys = ((hashes >> np.uint64(shift)) & np.uint64((1 << bits) - 1)).astype(np.int64)
    order = np.argsort(keys, kind="stable")
    return keys[order], order


def _turns(bits: int, allowed: int) -> Iterator[int]:
    """Return every mask of ``bits`` bits with at most ``allowed`` of them set."""
    for number in range(allowed + 1):
        for places in combinations(range(bits), number):
            yield sum(1 << place for place in places)


def _expand(begins: np.ndarray, counts: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of row pairs: each query with each target in ``begins[q] : begins[q] + counts[q]``."""
    rows = np.flatnonzero(counts)
    ends = np.cumsum(counts[rows])
    while len(rows):
        taken = max(1, int(np.searchsorted(ends, _BLOCK, side="right")))
        block, ends_of_block = rows[:taken], ends[:taken]
        size = counts[block]
        left = np.repeat(block, size)
        right = np.arange(len(left)) + np.repeat(begins[block] - (ends_of_block - size), size)
        yield left, right
        rows, ends = rows[taken:], ends[taken:] - ends_of_block[-1]


RADIUS = 10
# Limits for the colours of a copy at 8 x 8 pixels, whatever its crop: a cheap first test.
_COLOUR_CORRELATION = 0.84
_PAIR_BLOCK = 20_000

Candidates = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Pairs:
    """P pairs of copies.

    Attributes:
        first: int64 (P,), rows.
        second: int64 (P,), rows, each larger than in ``first``.
        similarity: float64 (P,), of :func:`kdxf.data.duplicates.fingerprint.same_picture`.
        mirrored: bool (P,), whether one is the mirror image of the other.
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray


def find_pairs(
    prints: Fingerprints,
    workers: int,
    similarity: float = SIMILARITY,
    mirrored: bool = False,
    more: Candidates | None = None,
) -> Pairs:
    """Find enough pairs to connect all copies of a picture; of many copies, not each pair is compared.

    Args:
        prints: The fingerprints of different pictures.
        workers: Number of processes.
        similarity: The similarity from which a picture counts as a copy.
        mirrored: Whether mirror images count as copies.
        more: Candidates from elsewhere, such as the embedding of a model: two arrays of rows.
    """
    lively = np.flatnonzero(~prints.plain())
    turns = (False, True) if mirrored else (False,)
    verified = []
    for turn in turns:
        first, second = _by_hash(prints.hashes[lively], MIRROR_BITS if turn else np.uint64(0))
        first, second = lively[first], lively[second]
        if more is not None:
            others = np.sort(np.stack(more), axis=0)
            both = np.unique(np.concatenate([np.stack([first, second]), others], axis=1), axis=1)
            first, second = both[0], both[1]
        first, second = _alike_in_colour(prints.colour, first, second, turn)
        verified.append(_verify(prints.grey, first, second, turn, workers, similarity))
    return Pairs(*(np.concatenate([getattr(part, name) for part in verified]) for name in Pairs.__annotations__))


def _by_hash(hashes: np.ndarray, turned_bits: np.uint64) -> Candidates:
    """Return the pairs of which one picture, with or without its edges, has nearly the hash of the other."""
    keys = [np.zeros(0, np.int64)]
    count = len(hashes)
    for column in range(hashes.shape[1]):
        rows, others, _ = hamming_pairs(hashes[:, column] ^ turned_bits, hashes[:, 0], RADIUS)
        different = rows != others
        first, second = np.minimum(rows, others)[different], np.maximum(rows, others)[different]
        keys.append(first * count + second)
    unique = np.unique(np.concatenate(keys))
    return unique // max(1, count), unique % max(1, count)


def _alike_in_colour(colour: np.ndarray, first: np.ndarray, second: np.ndarray, turn: bool) -> Candidates:
    flat = _normalised(colour)
    others = _normalised(colour[:, :, ::-1]) if turn else flat
    blocks = [slice(start, start + _PAIR_BLOCK) for start in range(0, len(first), _PAIR_BLOCK)]
    alike = [(flat[first[block]] * others[second[block]]).sum(axis=1) > _COLOUR_CORRELATION for block in blocks]
    chosen = np.concatenate([np.zeros(0, bool), *alike])
    return first[chosen], second[chosen]


def _normalised(colour: np.ndarray) -> np.ndarray:
    flat = colour.reshape(len(colour), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _verify(grey: np.ndarray, first: np.ndarray, second: np.ndarray, turn: bool, workers: int, limit: float) -> Pairs:
    """Compare candidates block by block, skipping those whose pictures are already connected."""
    kept: list[np.ndarray] = [np.zeros((0, 3))]
    order = np.random.default_rng(0).permutation(len(first))  # so that large groups grow together early
    for start in range(0, len(order), _PAIR_BLOCK):
        done = np.concatenate(kept)
        joined = join(len(grey), done[:, 0], done[:, 1])
        rows = order[start : start + _PAIR_BLOCK]
        rows = rows[joined[first[rows]] != joined[second[rows]]]
        a, b = first[rows], second[rows]
        turned = grey[b, :, ::-1] if turn else grey[b]
        scores = np.array(list(parallel_map(_score, list(zip(grey[a], turned, strict=True)), workers, "pairs", "pair")))
        close = scores >= limit
        kept.append(np.stack([a[close], b[close], scores[close]], axis=1))
    pairs = np.concatenate(kept)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    ends = pairs[:, :2].astype(np.int64)
    return Pairs(ends[:, 0], ends[:, 1], pairs[:, 2], np.full(len(pairs), turn))


def _score(pair: tuple[np.ndarray, np.ndarray]) -> float:
    return same_picture(*pair)
