"""Checks of an annoy file before annoy opens it: annoy trusts every number in it, and a wrong one ends the process.

The file has no header. It is an array of nodes, for vectors of F numbers each of F + 3 words of 32 bits: the number of
items below the node, two words for its children (or the length of an item's vector), and F for a vector. The items come
first, then the nodes of the trees, each after its children, then copies of the roots. A node with at most F + 2 items
lists them in the place of children and vector.
"""

from pathlib import Path

import numpy as np

from kdxf_runtime.io.digests import file_digest
from kdxf_runtime.io.files import write_whole

_WORDS_AT_ONCE = 1 << 22


def digest_file(index: Path) -> Path:
    """Return the file next to an index that holds its SHA-256, as ``sha256sum`` writes it."""
    return index.with_name(f"{index.name}.sha256")


def write_digest(index: Path) -> None:
    """Write the digest of a finished index next to it."""
    write_whole(f"{file_digest(index)}  {index.name}\n".encode(), digest_file(index))


def check_index(index: Path, items: int, width: int) -> None:
    """Check that annoy can open a file and search it: it is as it was built, and all its nodes lead somewhere.

    The digest tells of damage. As a stranger can write one, too, the nodes are checked as well; they may still hold
    wrong vectors, and then the answers are wrong.

    Args:
        index: The file, of an index with angular distances.
        items: How many items it has.
        width: F.

    Raises:
        OSError: It, or its digest, does not exist.
        ValueError: It differs from the file that was built, or is no such index.
    """
    size, node = index.stat().st_size, 4 * (width + 3)
    if size % node or size <= items * node:
        raise ValueError(f"{index.name} has {size} bytes, which are no index of {items} vectors of {width} numbers")
    if digest_file(index).read_bytes().split()[:1] != [file_digest(index).encode()]:
        raise ValueError(f"{index.name} is not as it was built: its SHA-256 differs from {digest_file(index).name}")
    nodes = np.memmap(index, dtype="<i4", mode="r").reshape(-1, width + 3).view(np.ndarray)
    if nodes[-1, 0] != items:
        raise ValueError(f"{index.name} holds {nodes[-1, 0]} words, the store {items}")
    step = max(1, _WORDS_AT_ONCE // nodes.shape[1])
    if not all(_lead_somewhere(nodes, start, start + step, items) for start in range(0, len(nodes), step)):
        raise ValueError(f"{index.name} is damaged: a node leads nowhere")


def _lead_somewhere(nodes: np.ndarray, start: int, stop: int, items: int) -> bool:
    """Tell whether nodes are items, or name as many items as they say, or two nodes that come before them."""
    part = nodes[start:stop]
    rows = np.arange(start, start + len(part))
    below, children = part[:, 0], part[:, 1:]
    places = children.shape[1]
    is_item = rows < items
    is_list = ~is_item & (below <= places)
    is_split = ~is_item & (below > places)
    listed = children[is_list]
    named = np.arange(places) < below[is_list, None]
    two = children[is_split, :2]
    return bool(
        (below[is_item] == 1).all()
        and (below[is_list] >= 1).all()
        and ((listed >= 0) & (listed < items) | ~named).all()
        and ((two >= 0) & (two < rows[is_split, None])).all()
    )
