"""Single files read out of tar shards by an index of offsets, without extraction."""

import gzip
import posixpath
import tarfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.unicode_names import nfc

SHARD_SUFFIXES = (".tar", ".tar.gz", ".tgz")

_BLOCK = 512
_CHUNK = 1 << 20
# What a file raises that is cut off or is not what its name says.
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error)


def is_shard(path: Path) -> bool:
    """Tell by its name whether ``path`` is a tar shard, plain or compressed with gzip."""
    return path.name.lower().endswith(SHARD_SUFFIXES)


def is_compressed(path: Path) -> bool:
    """Tell by its name whether a tar shard is compressed."""
    return path.name.lower().endswith("gz")


class TarShard:
    """An open tar file whose members are read by name.

    Opening it walks over the headers and keeps the place of each regular file's or hard link's bytes; symbolic links
    are left out. A compressed shard is decompressed up to the member: members in their order cost one pass, others one
    pass each.

    Args:
        path: The shard, ``.tar``, ``.tar.gz`` or ``.tgz``.

    Raises:
        UserError: The file is missing, is not a tar file, or is cut off.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(f"{path}: no such tar shard")
        self.path = path
        self._file = _open(path)
        try:
            self._places = _index(self._file)
        except _BROKEN as error:
            self._file.close()
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: not a whole tar file ({reason}); copy or make it again") from error

    def __enter__(self) -> "TarShard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def names(self) -> list[str]:
        """The members in the order of the archive; of members with the same name the last one counts."""
        return list(self._places)

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """The offset and the length of each member, in bytes; in a compressed shard those of the unpacked tar file."""
        return self._places

    def read(self, name: str) -> bytes:
        """Read one member.

        Raises:
            KeyError: There is no such member.
            OSError: The file cannot be read any more, or ends early.
        """
        offset, size = self._places[nfc(name)]
        try:
            self._file.seek(offset)
            data = self._file.read(size)
        except (EOFError, zlib.error) as error:
            raise OSError(f"the tar shard is broken: {error}") from error
        if len(data) < size:
            raise OSError("the tar shard ends early")
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _open(path: Path) -> IO[bytes]:
    # A GzipFile is an IO[bytes] in all but its declared type.
    return cast(IO[bytes], gzip.open(path)) if is_compressed(path) else open(path, "rb")


def _index(file: IO[bytes]) -> dict[str, tuple[int, int]]:
    """Map each member to the offset and the length of its bytes."""
    places: dict[str, tuple[int, int]] = {}
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while (member := archive.next()) is not None:
            name = _normal(member.name)
            if member.isreg() and not member.issparse():
                places[name] = (member.offset_data, member.size)
            elif member.islnk() and (target := places.get(_normal(member.linkname))) is not None:
                places[name] = target
            # It would keep every header, and a shard may hold a million.
            archive.members.clear()  # type: ignore[attr-defined]
        # tarfile stops in silence at a header that is cut off or damaged; a whole archive has a block of zeros there.
        file.seek(archive.offset)
        if file.read(_BLOCK) != bytes(_BLOCK):
            raise tarfile.ReadError(f"broken or cut off at byte {archive.offset}")
        while file.read(_CHUNK):  # padding; at its end gzip compares its checksum
            pass
    return places


def _normal(name: str) -> str:
    """``./cat//1.jpg`` and ``cat/1.jpg`` are the same file, and so are both Unicode forms of its name."""
    return nfc(posixpath.normpath(name).lstrip("/"))
