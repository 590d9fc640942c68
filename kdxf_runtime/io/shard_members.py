"""Members of tar shards by path: ``shards/000.tar/cat/1.jpg`` is read like a file, in any order.

Of a plain shard each process keeps where its members lie, 24 bytes for each, and reads one with a single ``pread``.
Forked processes share what was there before the fork, and no position in an open file. A compressed shard has no such
places: the process keeps the last one open, and reads it best in the order in which it was written.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.tar_shards import SHARD_SUFFIXES, TarShard, is_compressed
from kdxf_runtime.io.unicode_names import find_file, nfc

_INSIDE = re.compile("|".join(re.escape(suffix) + "/" for suffix in SHARD_SUFFIXES), re.IGNORECASE)
_Stamp = tuple[int, int]

# Of this process, and of those that it forks.
_places: dict[Path, tuple[_Stamp, "Places"]] = {}
_last: list[tuple[int, TarShard]] = []


def split_member(path: str | Path) -> tuple[Path, str] | None:
    """Return the shard that a path leads into, and the member; None for a path that leads into none.

    A folder may be named like a shard: it is none.
    """
    text = str(path)
    for end in [match.end() - 1 for match in _INSIDE.finditer(text)]:
        if (shard := find_file(text[:end])).is_file():
            return shard, text[end + 1 :]
    return None


def read_member(shard: Path, member: str) -> bytes:
    """Read a member of a shard.

    Raises:
        KeyError: There is no such member.
        UserError: The shard is missing, is not a tar file, or is cut off.
        OSError: It cannot be read any more, or ends early.
    """
    if is_compressed(shard):
        return _open(shard).read(member)
    with open(shard, "rb") as file:
        places = _places_of(shard, os.fstat(file.fileno()))
        offset, size = places.find(nfc(member))
        data = os.pread(file.fileno(), size, offset)
    if len(data) < size:
        raise OSError("the tar shard ends early")
    return data


def prepare(paths: Iterable[str]) -> None:
    """Find the members of the shards that paths lead into, so that processes that are forked later need not.

    Raises:
        UserError: A shard is compressed, is not a tar file, or is cut off.
    """
    inside = {path[: match.end()] for path in paths for match in _INSIDE.finditer(path)}
    for shard in sorted({place[0] for path in inside if (place := split_member(path)) is not None}):
        if is_compressed(shard):
            raise UserError(
                f"{shard}: is compressed, and a dataset reads pictures in any order; unpack it to a plain shard "
                f"(gunzip {shard.name}), and name that in the list"
            )
        _places_of(shard, os.stat(shard))


class Places:
    """Where the members of a plain shard lie, by the hashes of their names: 24 bytes for each.

    Args:
        members: The offset and the length of each member, in bytes, by its name.

    Raises:
        ValueError: Two names have the same hash of 64 bits.
    """

    def __init__(self, members: dict[str, tuple[int, int]]) -> None:
        hashes = np.fromiter(map(_hash, members), np.uint64, len(members))
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._spans = np.array(list(members.values()), np.int64).reshape(-1, 2)[order]
        if (self._hashes[1:] == self._hashes[:-1]).any():
            raise ValueError("two members have names of the same hash; rename one of them")

    def find(self, name: str) -> tuple[int, int]:
        """Return the offset and the length of a member.

        Raises:
            KeyError: There is no such member.
        """
        key = np.uint64(_hash(name))
        row = int(np.searchsorted(self._hashes, key))
        if row == len(self._hashes) or self._hashes[row] != key:
            raise KeyError(name)
        return int(self._spans[row, 0]), int(self._spans[row, 1])


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest(), "little")


def _places_of(shard: Path, status: os.stat_result) -> Places:
    stamp = status.st_size, status.st_mtime_ns
    known = _places.get(shard)
    if known is None or known[0] != stamp:
        with TarShard(shard) as opened:
            try:
                known = _places[shard] = stamp, Places(opened.places)
            except ValueError as error:
                raise UserError(f"{shard}: {error}") from error
    return known[1]


def _open(shard: Path) -> TarShard:
    """Return the compressed shard that this process has open; one from before a fork has a position of its parent's."""
    if not _last or _last[0][0] != os.getpid() or _last[0][1].path != shard:
        opened = TarShard(shard)
        if _last and _last[0][0] == os.getpid():
            _last[0][1].close()
        _last[:] = [(os.getpid(), opened)]
    return _last[0][1]
