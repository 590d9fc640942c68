"""Upright copies of pictures that are stored rotated or mirrored."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kdxf.data.parallel import parallel_map
from kdxf.data.pictures.reencoding import encode_like, format_of, upright
from kdxf.errors import UserError
from kdxf_runtime.io.files import write_whole
from kdxf_runtime.io.images import open_header
from kdxf_runtime.io.unicode_names import find_file


@dataclass(frozen=True)
class UprightCopy:
    """The outcome for one picture.

    Attributes:
        error: Why there is no copy; empty if there is one.
        lost: What could not be kept.
    """

    error: str
    lost: list[str]


def write_upright_copies(
    images: Sequence[str], root: Path, out: Path, workers: int, overwrite: bool = False
) -> list[UprightCopy]:
    """Write an upright copy of each image under its own path below ``out``.

    PNG, TIFF and lossless WebP lose nothing. A JPEG is encoded again with its own quantization: the loss is invisible,
    but not zero.

    Args:
        images: Paths, relative to ``root``, of images with an EXIF orientation other than upright.
        root: The image root, which stays as it is.
        out: Another folder.
        workers: Number of processes.
        overwrite: Whether existing copies may be replaced.

    Raises:
        UserError: ``out`` is the image root, or a copy exists and ``overwrite`` is off.
    """
    if out.resolve() == root.resolve():
        raise UserError(f"{out}: is the image root, which is never changed; choose another folder")
    existing = [image for image in images if (out / image).exists()]
    if existing and not overwrite:
        raise UserError(f"{out / existing[0]}: is there already; choose another folder, or replace it with --overwrite")
    return list(parallel_map(partial(_write_upright, root=root, out=out), images, workers, "turn upright"))


def _write_upright(image: str, root: Path, out: Path) -> UprightCopy:
    try:
        data = find_file(root / image).read_bytes()
        header = open_header(data)
        encoded, lost = encode_like(upright(header), data, format_of(header), quality=None)
    except Exception as error:  # decoders of rare formats raise exceptions of their own
        return UprightCopy(" ".join(str(error).split()), [])
    write_whole(encoded, out / image)
    return UprightCopy("", lost)
