"""Images by their keys, from folders and tar shards."""

from pathlib import Path, PurePosixPath

import numpy as np

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.images import ImageReadError, decode_image, read_file
from kdxf_runtime.io.tar_shards import SHARD_SUFFIXES, TarShard, is_shard
from kdxf_runtime.io.unicode_names import find_file


class ImageSource:
    """Reader of images by their keys. The key ``a/b.tar/cat/1.jpg`` means ``cat/1.jpg`` in the shard ``a/b.tar``.

    It keeps the last shard open, so images are best read in the order in which the shards hold them.

    Args:
        root: Folder that the keys are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._shard: TarShard | None = None

    def read(self, image: str | Path) -> np.ndarray:
        """Read an image as uint8 (H, W, 3) in BGR order.

        Raises:
            ImageReadError: It is missing, or is not a complete picture.
        """
        return decode_image(self.read_bytes(image))

    def read_bytes(self, image: str | Path) -> bytes:
        """Read the bytes of an image.

        Raises:
            ImageReadError: It is missing, or the shard is broken.
        """
        file = self.file_of(image)
        if file == self.root / image:
            return read_file(file)
        parents = PurePosixPath(image).parents
        member = next(parent for parent in parents if find_file(self.root / parent) == file)
        return self._read_member(file, PurePosixPath(image).relative_to(member).as_posix())

    def file_of(self, image: str | Path) -> Path:
        """Return the file that holds an image: its own, or its shard."""
        name = str(image).lower()
        if any(f"{suffix}/" in name for suffix in SHARD_SUFFIXES):
            for parent in PurePosixPath(image).parents:
                if is_shard(Path(parent)) and (shard := find_file(self.root / parent)).is_file():
                    return shard
        return self.root / image

    def _read_member(self, path: Path, member: str) -> bytes:
        try:
            if self._shard is None or self._shard.path != path:
                if self._shard is not None:
                    self._shard.close()
                    self._shard = None
                self._shard = TarShard(path)
            return self._shard.read(member)
        except KeyError as error:
            raise ImageReadError("the tar shard has no such member") from error
        except (UserError, OSError) as error:
            raise ImageReadError(str(error)) from error
