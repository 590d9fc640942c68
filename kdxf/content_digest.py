"""A fingerprint of a file or a folder by what is in it, in which pictures count by name and size."""

import os
from pathlib import Path

from kdxf.digests import files_of, known_digest, settings_digest
from kdxf.image_io import IMAGE_EXTENSIONS


def content_digest(path: str | Path) -> str:
    """Gives the fingerprint of a file or a folder that is there, 64 hexadecimal digits.

    A file counts by its bytes. A folder counts by the names and the bytes of the files in it, at any depth; pictures
    by name and size, as reading millions would take hours. Files whose name begins with a dot do not count. Where the
    file or the folder lies does not count.

    Raises:
        OSError: A file cannot be read.
    """
    if os.path.isfile(path):
        return known_digest(path)
    return settings_digest(
        sorted(
            (name, status.st_size if _is_picture(name) else known_digest(os.path.join(path, name)))
            for name, status in files_of(path)
            if not os.path.basename(name).startswith(".")
        )
    )


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS
