"""Checks of one image file: what is wrong or odd about it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kdxf.data.pictures.header import EXTENSIONS, TURNING, ImageHeader, read_header
from kdxf.data.verification.options import Limits
from kdxf_runtime.io.images import ImageReadError, decode_image
from kdxf_runtime.io.unicode_names import find_file


@dataclass(frozen=True)
class ImageCheck:
    """The problems of one file.

    Attributes:
        problems: Names of problems (:data:`kdxf.data.verification.options.PROBLEMS`), each with its details.
        size: Width and height in pixels, upright; (0, 0) for a file that is not a picture.
    """

    problems: list[tuple[str, str]]
    size: tuple[int, int]


def check_image(path: Path, limits: Limits) -> ImageCheck:
    """Read and decode one file; every failure becomes a problem in the result.

    All coded data are read, so that truncated and damaged ones are noticed; a JPEG's pixels are computed at an eighth
    of its size.

    Args:
        path: The file.
        limits: The limits beyond which a picture is extreme.
    """
    try:
        data = find_file(path).read_bytes()
    except FileNotFoundError:
        return ImageCheck([("missing", "no such file")], (0, 0))
    except (OSError, ValueError) as error:
        return ImageCheck(
            [("unreadable", f"cannot open the file: {getattr(error, 'strerror', None) or error}")], (0, 0)
        )
    try:
        header = read_header(data)
    except ImageReadError as error:
        return ImageCheck([("unreadable", str(error))], (0, 0))
    return ImageCheck([*_decoding(data, header), *_form(path, header), *_extent(header.size, limits)], header.size)


def _decoding(data: bytes, header: ImageHeader) -> list[tuple[str, str]]:
    with tempfile.TemporaryFile() as log, stderr_to(log.fileno()):
        try:
            decode_image(data, min_edge=1)
        except ImageReadError as error:
            reason = str(error)
            return [("truncated" if "truncated" in reason else "unreadable", reason)]
        log.seek(0)
        # libjpeg continues when the data make no sense, and reports it only on standard error.
        message = log.read().decode(errors="replace").split("\n")[0].strip() if header.kind == "JPEG" else ""
    return [("damaged", message)] if message else []


@contextmanager
def stderr_to(descriptor: int) -> Iterator[None]:
    """Redirect what C libraries print to standard error."""
    kept = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _form(path: Path, header: ImageHeader) -> list[tuple[str, str]]:
    problems = []
    if path.suffix.lower() not in EXTENSIONS[header.kind]:
        problems.append(("wrong_extension", f"is {header.kind}, is called {path.suffix or 'nothing'}"))
    if header.mode:
        problems.append(("odd_mode", header.mode))
    if header.orientation in TURNING:
        problems.append(("rotated", f"EXIF orientation {header.orientation}"))
    if header.frames > 1:
        problems.append(("animated", f"{header.frames} frames; the first is used"))
    return problems


def _extent(size: tuple[int, int], limits: Limits) -> list[tuple[str, str]]:
    shown = f"{size[0]}x{size[1]}"
    problems = []
    if min(size) < limits.min_edge:
        problems.append(("too_small", shown))
    if max(size) > limits.max_edge:
        problems.append(("too_large", shown))
    if max(size) > limits.max_ratio * min(size):
        problems.append(("odd_ratio", shown))
    return problems
