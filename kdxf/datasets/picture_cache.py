"""Decoded pictures in a file that all processes map into memory."""

import fcntl
import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kdxf.errors import UserError

PIXELS_FILE, INDEX_FILE = "pixels.bin", "index.bin"
_ENTRY = struct.Struct("<20sQII")  # digest of the key, where the pixels start, height, width

Place = tuple[int, int, int]


class PictureCache:
    """Pictures by key, up to a total size; once it is full, nothing more is kept and nothing is removed.

    An epoch reads every picture once, so that whatever would be removed would be needed again as soon as what took its
    place: the pictures that fit stay. Reading is a copy out of the page cache. Any number of processes may read and
    add at once, and one that is killed leaves nothing that others would take for a picture: its entry in the index is
    written after the pixels, and by whoever holds the lock. ``/dev/shm`` is a folder in memory.

    Args:
        folder: It is made. It may be removed whenever no process uses it.
        most_bytes: What the pixels take at most. The file looks as large from the beginning, but takes only the space
            of what is in it.

    Raises:
        UserError: The folder cannot be written, or holds a cache of another size.
    """

    def __init__(self, folder: str | Path, most_bytes: int) -> None:
        self.folder = Path(folder)
        self.most_bytes = most_bytes
        self._places: dict[bytes, Place] = {}
        self._read_to = 0
        self._full = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.folder / PIXELS_FILE, "ab") as file:
                _lock(file.fileno())
                if not os.fstat(file.fileno()).st_size:
                    file.truncate(most_bytes)
                size = os.fstat(file.fileno()).st_size
            (self.folder / INDEX_FILE).touch()
        except OSError as error:
            raise UserError(f"{self.folder}: cannot be written ({error.strerror}); name another folder") from error
        if size != most_bytes:
            raise UserError(
                f"{self.folder}: is a cache of {size / 1e9:g} GB, not of {most_bytes / 1e9:g}; remove it, or name "
                "another folder"
            )
        # One mapping, made before the loader's workers are forked.
        self._pixels = np.memmap(self.folder / PIXELS_FILE, np.uint8, "r")

    def __reduce__(self) -> tuple[Callable[..., "PictureCache"], tuple[Path, int]]:
        return PictureCache, (self.folder, self.most_bytes)

    def __len__(self) -> int:
        self._read_index()
        return len(self._places)

    def get(self, key: str) -> np.ndarray | None:
        """Return a copy of the picture of a key, uint8 (H, W, 3); None if it is not there.

        Raises:
            UserError: The index is damaged.
        """
        place = self._find(_digest(key))
        if place is None:
            return None
        start, height, width = place
        return np.array(self._pixels[start : start + height * width * 3]).reshape(height, width, 3)

    def add(self, key: str, picture: np.ndarray) -> bool:
        """Keep a picture, uint8 (H, W, 3), unless it is there or does not fit; return whether it is there now.

        Raises:
            UserError: The disk is full, the folder cannot be written any more, or the index is damaged.
        """
        if self._full:
            return False
        digest = _digest(key)
        try:
            with open(self.folder / INDEX_FILE, "r+b") as index:  # opened here: processes that fork share a lock
                _lock(index.fileno())
                if self._find(digest) is not None:
                    return True
                start = max((start + height * width * 3 for start, height, width in self._last()), default=0)
                if start + picture.nbytes > self.most_bytes:
                    self._full = True
                    return False
                with open(self.folder / PIXELS_FILE, "r+b") as pixels:
                    pixels.seek(start)
                    pixels.write(np.ascontiguousarray(picture).data)
                index.seek(self._read_to)  # over half an entry, if somebody was killed
                index.write(_ENTRY.pack(digest, start, *picture.shape[:2]))
        except OSError as error:
            raise UserError(
                f"{self.folder}: a decoded picture cannot be written ({error.strerror}); make room, name another "
                "folder, or leave the cache out"
            ) from error
        return True

    def _find(self, digest: bytes) -> Place | None:
        if digest not in self._places:
            self._read_index()
        return self._places.get(digest)

    def _last(self) -> list[Place]:
        return [next(reversed(self._places.values()))] if self._places else []

    def _read_index(self) -> None:
        """Read what has been added since the last time.

        Raises:
            UserError: The index is damaged.
        """
        with open(self.folder / INDEX_FILE, "rb") as file:
            if os.fstat(file.fileno()).st_size < self._read_to + _ENTRY.size:
                return
            file.seek(self._read_to)
            entries = file.read()
        whole = len(entries) // _ENTRY.size * _ENTRY.size
        for digest, start, height, width in _ENTRY.iter_unpack(entries[:whole]):
            if start + height * width * 3 > self.most_bytes:
                raise UserError(f"{self.folder}: {INDEX_FILE} is damaged; remove the folder, it is filled anew")
            self._places[digest] = start, height, width
        self._read_to += whole


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(errors="surrogateescape"), digest_size=20).digest()


def _lock(handle: int) -> None:
    """Wait for the lock of an open file, which ends when it is closed."""
    fcntl.flock(handle, fcntl.LOCK_EX)
