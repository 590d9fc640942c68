"""Lets mmengine write files whole or not at all.

mmengine hands every file it writes, checkpoints first of all, to the storage backend named ``local``, which writes in
place: a run that is killed while it saves leaves a torn checkpoint behind, possibly its only one.
"""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from kdxf.whole_files import write_whole


class AtomicLocalBackend(LocalBackend):
    """The local disk, where a file appears under its name when it is complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file, whose folder is made when it is missing."""
        write_whole(obj, Path(filepath))


register_backend("local", AtomicLocalBackend, force=True, prefixes="")
