"""Images by their keys, from folders and tar shards."""

from pathlib import Path

import numpy as np

from kdxf_runtime.io.images import decode_image, read_file
from kdxf_runtime.io.shard_members import split_member


class ImageSource:
    """Reader of images by their keys. The key ``a/b.tar/cat/1.jpg`` means ``cat/1.jpg`` in the shard ``a/b.tar``.

    Args:
        root: Folder that the keys are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

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
        return read_file(self.root / image)

    def file_of(self, image: str | Path) -> Path:
        """Return the file that holds an image: its own, or its shard."""
        place = split_member(self.root / image)
        return self.root / image if place is None else place[0]
